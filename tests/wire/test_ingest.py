"""Bulk records into `quern server`: NDJSON and Arrow streams as pyarrow writes them, read back by MLflow's client."""

import gzip
import http.client
import json
import math
import warnings

import pyarrow
import pyarrow.ipc
import pytest
import requests
from mlflow import MlflowClient

from wire.tracking_servers import quern_server

NDJSON = {"Content-Type": "application/x-ndjson"}
ARROW = {"Content-Type": "application/vnd.apache.arrow.stream"}


@pytest.fixture(scope="module")
def server(quern, tmp_path_factory):
    process = quern_server(quern, tmp_path_factory.mktemp("ingest") / "store")
    yield process
    process.kill()


@pytest.fixture(scope="module")
def client(server):
    warnings.simplefilter("ignore")
    return MlflowClient(server.url, server.url)


@pytest.fixture
def run(client):
    return client.create_run("0").info.run_id


def post(server, body, headers=NDJSON):
    return requests.post(server.url + "/api/2.0/quern/ingest", data=body, headers=headers, timeout=60)


def lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


def point(run, key="loss", value=0.5, timestamp=1, step=0):
    return {"run_id": run, "key": key, "value": value, "timestamp": timestamp, "step": step}


def stream(table, **options):
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, **options)
    return sink.getvalue().to_pybytes()


def test_metrics_params_and_tags_of_several_runs(server, client, run):
    other = client.create_run("0").info.run_id
    answer = post(server, lines(
        point(run, step=1, value=0.25), point(run, step=2, value="NaN"), point(other, value=None),
        {"run_id": run, "param": "lr", "value": "0.1"}, {"run_id": other, "tag": "team", "value": "blue"},
    ) + "\n" + '{"run_id": "%s", "key": "inf", "value": Infinity, "timestamp": 3}' % run)
    assert answer.status_code == 200
    assert answer.json() == {"records": 6, "metrics": 4, "repeated": 0, "params": 1, "tags": 1, "refused": 0}
    kept = client.get_metric_history(run, "loss")
    assert [(m.step, m.timestamp) for m in kept] == [(1, 1), (2, 1)]
    assert kept[0].value == 0.25 and math.isnan(kept[1].value)
    assert math.isnan(client.get_metric_history(other, "loss")[0].value)
    assert client.get_run(run).data.params == {"lr": "0.1"}
    assert client.get_run(run).data.metrics["inf"] == 1.7976931348623157e308
    assert client.get_run(other).data.tags["team"] == "blue"


@pytest.mark.parametrize("points", [10, 5000])
def test_a_retry_changes_nothing(server, client, run, points):
    body = lines(*(point(run, step=i, value=i / 3, timestamp=i) for i in range(points)))
    assert post(server, body).json()["metrics"] == points
    again = post(server, gzip.compress(body.encode()), NDJSON | {"Content-Encoding": "gzip"})
    assert again.status_code == 200 and again.json()["metrics"] == 0 and again.json()["repeated"] == points
    half_new = lines(*(point(run, step=i, value=i / 3, timestamp=i) for i in range(points // 2, points + 7)))
    assert post(server, half_new).json()["metrics"] == 7
    history = client.get_metric_history(run, "loss")
    assert [m.step for m in history] == list(range(points + 7))
    assert [m.value for m in history] == [i / 3 for i in range(points + 7)]


def test_wrong_records_are_told_and_the_others_kept(server, client, run):
    gone = client.create_run("0").info.run_id
    client.delete_run(gone)
    client.log_param(run, "lr", "0.1")
    answer = post(server, lines(
        point(run), point("nobody"), point("nobody", step=1), point(gone), point(run, key="a\\b"), point(run, timestamp=-1),
        {"run_id": run, "param": "lr", "value": "0.2"}, {"run_id": run, "key": "x", "value": "1", "timestamp": 1},
        {"run_id": run, "key": "x", "value": 1}, {"run_id": run, "key": "x", "value": 1, "timestamp": 1, "when": 2},
        {"run_id": run, "key": "x", "param": "x", "value": "1"}, {"key": "x", "value": 1, "timestamp": 1},
    ) + '[1]\n{"run_id": \n{"a": 1, "a": 2}\n' + lines(point(run, step=5)))
    told = answer.json()
    assert answer.status_code == 400 and told["error_code"] == "INVALID_PARAMETER_VALUE"
    assert told["records"] == 16 and told["metrics"] == 2 and told["refused"] == 14
    at = {error["line"]: error["message"] for error in told["errors"]}
    assert sorted(at) == [2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]  # line 3 is told with line 2
    assert "nobody" in at[2] and "deleted" in at[4] and "Invalid value" in at[5]
    assert "old" in at[7] or "already logged" in at[7]
    assert "is a number" in at[8] and "timestamp" in at[9] and "'when'" in at[10] or '"when"' in at[10]
    assert "one of" in at[11] and "run_id" in at[12] and "object" in at[13]
    assert "14 records were refused" in told["message"]
    assert [m.step for m in client.get_metric_history(run, "loss")] == [0, 5]


def test_arrow_of_every_kind_of_column(server, client, run):
    other = client.create_run("0").info.run_id
    table = pyarrow.table({
        "step": pyarrow.array([1, 2, None, 4], pyarrow.int32()),
        "run_id": pyarrow.array([run, other, run, run]).dictionary_encode(),
        "key": pyarrow.array(["a", "a", "b", "a"], pyarrow.large_string()),
        "value": pyarrow.array([1.5, None, 3, 4], pyarrow.float32()),
        "timestamp": pyarrow.array([1_700_000_000_000_000, 2_999, 3_000, 4_000], pyarrow.timestamp("us")),
    })
    answer = post(server, stream(table, max_chunksize=2), ARROW)
    assert answer.status_code == 200
    assert answer.json() == {"records": 4, "metrics": 4, "repeated": 0, "params": 0, "tags": 0, "refused": 0}
    a = client.get_metric_history(run, "a")
    assert sorted((m.step, m.timestamp, m.value) for m in a) == [(1, 1_700_000_000_000, 1.5), (4, 4, 4.0)]
    assert [(m.step, m.timestamp, m.value) for m in client.get_metric_history(run, "b")] == [(0, 3, 3.0)]
    only = client.get_metric_history(other, "a")
    assert only[0].timestamp == 2 and math.isnan(only[0].value)
    assert post(server, stream(table), ARROW).json()["repeated"] == 4


def test_arrow_dictionaries_that_change_between_batches(server, client, run):
    schema = pyarrow.schema([("run_id", pyarrow.string()), ("key", pyarrow.dictionary(pyarrow.int8(), pyarrow.string())),
                             ("value", pyarrow.float64()), ("timestamp", pyarrow.int64())])
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, schema) as writer:
        for keys in (["x", "y"], ["z", "x"]):
            writer.write_batch(pyarrow.record_batch(
                [pyarrow.array([run, run]), pyarrow.array(keys).dictionary_encode().cast(schema.field("key").type),
                 pyarrow.array([1.0, 2.0]), pyarrow.array([len(keys[0]), 2])], schema=schema))
    answer = post(server, sink.getvalue().to_pybytes(), ARROW)
    assert answer.status_code == 200, answer.text
    assert client.get_run(run).data.metrics == {"x": 2.0, "y": 2.0, "z": 1.0}


def test_what_is_no_such_stream_is_refused(server, run):
    good = pyarrow.table({"run_id": [run], "key": ["k"], "value": [1.0], "timestamp": [1]})
    body = stream(good)
    cases = {
        b"": "no schema", b"hello, this is no stream": "not an Arrow stream", body[:200]: "not an Arrow stream",
        stream(good.append_column("extra", [[1]])): "unknown Arrow column 'extra'",
        stream(good.drop_columns(["key"])): "'key' is missing",
        stream(good.set_column(2, "value", [["1"]])): "'value' does not hold numbers",
        stream(good.set_column(0, "run_id", [[7]])): "'run_id' does not hold texts",
    }
    for sent, expected in cases.items():
        answer = post(server, sent, ARROW)
        assert answer.status_code == 400 and expected in answer.json()["message"], (sent[:20], answer.text)
    nulls = pyarrow.table({"run_id": [run, None], "key": ["k", "k"], "value": [1.0, 2.0], "timestamp": [1, 2]})
    told = post(server, stream(nulls), ARROW).json()
    assert told["metrics"] == 1 and told["errors"] == [{"row": 2, "message": "'run_id' is null"}]
    for name, refused in {"text/csv": 415, "": 415, "application/json": 415}.items():
        assert post(server, b"{}", {"Content-Type": name}).status_code == refused
    assert requests.get(server.url + "/api/2.0/quern/ingest", timeout=10).status_code == 405
    long = post(server, b'{"run_id": "' + b"x" * (3 << 20) + b'"}\n')
    assert long.status_code == 400 and "longer than" in long.json()["message"]


def test_every_damaged_byte_of_an_arrow_stream_is_survived(server, run):
    body = bytearray(stream(pyarrow.table({
        "run_id": pyarrow.array([run] * 3).dictionary_encode(), "key": ["k", "l", "m"], "value": [1.0, 2.0, 3.0],
        "timestamp": [1, 2, 3]})))
    port = int(server.url.rsplit(":", 1)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for at in range(len(body)):
        damaged = bytearray(body)
        damaged[at] ^= 0xFF
        connection.request("POST", "/api/2.0/quern/ingest", bytes(damaged), ARROW)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status in (200, 400), (at, answer.status, text)
        if answer.headers.get("Connection", "").lower() == "close":
            connection.close()
    assert requests.get(server.url + "/health", timeout=10).status_code == 200


def test_a_client_that_breaks_off_keeps_what_was_whole(server, client, run):
    port = int(server.url.rsplit(":", 1)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = lines(*(point(run, step=i, timestamp=i) for i in range(100_000)))
    connection.putrequest("POST", "/api/2.0/quern/ingest")
    connection.putheader("Content-Type", NDJSON["Content-Type"])
    connection.putheader("Content-Length", str(len(body) * 2))
    connection.endheaders()
    connection.send(body.encode())
    connection.close()
    # Sent again, whole: whatever had been kept is repeated, the rest is new.
    answer = post(server, body).json()
    assert answer["metrics"] + answer["repeated"] == 100_000 and answer["refused"] == 0
    assert len(client.get_metric_history(run, "loss")) == 100_000
