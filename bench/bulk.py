"""A million metrics in one request: ten runs of twenty metrics of 5,000 steps, as NDJSON and as an Arrow stream."""

import time
import urllib.request

import numpy
import pyarrow
import pyarrow.ipc

POINTS = 1_000_000
NDJSON = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"


def columns(runs):
    metrics = 20
    return {
        "run": numpy.repeat(numpy.arange(len(runs)), POINTS // len(runs)),
        "key": numpy.tile(numpy.arange(metrics), POINTS // metrics),
        "value": numpy.random.default_rng(1).random(POINTS),
        "step": numpy.tile(numpy.repeat(numpy.arange(POINTS // len(runs) // metrics), metrics), len(runs)),
    }


def arrow(runs):
    made = columns(runs)
    names = [f"metric_{k}" for k in range(20)]
    table = pyarrow.table({
        "run_id": pyarrow.DictionaryArray.from_arrays(pyarrow.array(made["run"], pyarrow.int32()), runs),
        "key": pyarrow.DictionaryArray.from_arrays(pyarrow.array(made["key"], pyarrow.int32()), names),
        "value": made["value"], "timestamp": 1_700_000_000_000 + made["step"] * 100, "step": made["step"],
    })
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=65536)
    return sink.getvalue().to_pybytes()


def ndjson(runs):
    made = columns(runs)
    rows = zip(made["run"].tolist(), made["key"].tolist(), made["value"].tolist(), made["step"].tolist())
    return "".join(
        f'{{"run_id": "{runs[run]}", "key": "metric_{key}", "value": {value!r}, '
        f'"timestamp": {1_700_000_000_000 + step * 100}, "step": {step}}}\n'
        for run, key, value, step in rows).encode()


def send(server, body, media_type):
    """Metrics per second, from the first byte sent to the answer, which means that the disk has them."""
    request = urllib.request.Request(server.url + "/api/2.0/quern/ingest", data=body, headers={"Content-Type": media_type})
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=300) as answer:
        answer.read()
    return POINTS / (time.perf_counter() - began)
