"""The page of `quern server` beside MLflow's, in a headless Chromium: the same 10,000 runs, the same machine, one run.

    ./dev bench page            and Quern's alone over a project's whole run, 100,000 runs, 5,000 versions, 20 runs with a
                                million points, and a series of ten million
    ./dev bench page --quick    without the large store
    ./dev bench page --json F   and writes the rows to a file

A table is usable once the newest run stands in it; another page once nothing in sight is being loaded. Each time a page
is opened by somebody new, whose browser has nothing of it yet; the figure is the median. A frame that took more than
25 ms is one that was missed, at 60 a second. Memory is what JavaScript keeps alive after a collection.
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

import bulk
import numpy
import pyarrow
import pyarrow.ipc
import servers
import stores
from table import Table
from tracking import API, call, new_run

HERE = pathlib.Path(__file__).resolve().parent
RUNS, MANY_RUNS, VERSIONS, POINTS = 10_000, 100_000, 5000, 10_000_000
CURVES, STEPS = 20, 10_000
SPIKES = {1_234_567: 50.0, 7_654_321: -50.0}
MISSED_FRAME = 25.0
USABLE = 1000.0


def look(url, **job):
    done = subprocess.run(["node", HERE / "page.mjs", json.dumps({"url": url, **job})], capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        raise RuntimeError(f"{url}: {done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    return found | {"median": statistics.median(found["ms"])}


def missed(frames):
    """The share of frames that were missed, in percent, and the longest, in ms."""
    return 100 * sum(ms > MISSED_FRAME for ms in frames) / len(frames), max(frames)


def table_of(server, count, times):
    """Opens the experiment's runs, scrolls, and goes on to the thousandth run."""
    ours = server.name == "quern"
    box = ".vtable" if ours else ".ag-body-viewport"
    path = f"/experiments/{stores.EXPERIMENT}" if ours else f"/#/experiments/{stores.EXPERIMENT}/runs"
    return look(
        server.url + path, times=times, ready={"rows": ".vtable tbody tr" if ours else ".ag-row", "text": f"run-{count - 1}"},
        reach={"box": box, "text": f"run-{count - 1000}", **({} if ours else {"more": "Load more"})},
        scroll={"box": box, "seconds": 5, "pixels": 40})


def beside_mlflow(table, folder, arguments):
    with servers.quern(folder / "quern", arguments.program), servers.mlflow(folder / "mlflow"):
        pass  # each makes its tables
    stores.fill(folder / "quern" / "store" / ".quern" / "quern.db", folder / "mlflow" / "mlflow.db", RUNS)
    # One at a time: each has the machine for itself.
    with servers.quern(folder / "quern", arguments.program) as server:
        a = table_of(server, RUNS, arguments.times)
    with servers.mlflow(folder / "mlflow") as server:
        b = table_of(server, RUNS, arguments.times)
    what = f"runs of an experiment of {RUNS:,}"
    table.add(f"{what}: from the address to a table that is usable", a["median"], b["median"], "ms", most=USABLE)
    table.add(f"{what}: fetched for that", a["bytes"] / 1000, b["bytes"] / 1000, "kB")
    table.add(f"{what}: memory of the tab", a["heap"], b["heap"], "MB")
    table.add("from there to the 1,000th run", a["reach"], b["reach"], "ms")
    table.add("memory of the tab after that", a["heapAfter"], b["heapAfter"], "MB")
    (ours, longest), (theirs, their_longest) = missed(a["frames"]), missed(b["frames"])
    table.add("frames missed while it is scrolled", ours, theirs, "%", most=5)
    table.add("longest frame while it is scrolled", longest, their_longest, "ms", most=100)


def versions(database, count):
    """A model of so many versions, each with two tags, written as its clients' would be."""
    with contextlib.closing(sqlite3.connect(database)) as db:
        db.execute("INSERT INTO registered_models(name, description, created_ms, updated_ms) VALUES ('large', '', 1, 1)")
        db.executemany(
            "INSERT INTO model_versions(name, version, digest, path, source, storage, run_id, run_link, model_id, user_id, description, stage, status, "
            "status_message, created_ms, updated_ms, detail) VALUES ('large', ?, '', '', 's3://bucket/' || ?, '', '', '', '', 'ada', '', 'None', 'READY', '', ?, ?, '{}')",
            [(n, n, n, n) for n in range(1, count + 1)])
        db.executemany("INSERT INTO model_version_tags(name, version, key, value) VALUES ('large', ?, ?, ?)",
                       [(n, key, str(n % 7)) for n in range(1, count + 1) for key in ("stage", "data")])
        db.executemany("INSERT INTO model_aliases(name, alias, version) VALUES ('large', ?, ?)", [("champion", count), ("challenger", count - 1)])
        db.commit()


def project(folder, program):
    """What a whole run of examples/heart leaves in the store, so that no page of the life cycle is empty."""
    shutil.copytree(HERE.parent / "examples" / "heart", folder, ignore=shutil.ignore_patterns(".quern"))
    done = subprocess.run([program, "run", folder], capture_output=True, text=True, timeout=600)
    if done.returncode not in (0, 3):  # 3: a gate did not hold, which is as it should be
        raise RuntimeError(f"quern run: {done.stdout[-1000:]}{done.stderr[-1000:]}")


def send_points(server, runs, keys, steps, values):
    """Points of runs that take turns in `runs` and `keys`, as an Arrow stream."""
    rows = pyarrow.table({
        "run_id": pyarrow.DictionaryArray.from_arrays(runs[0], runs[1]), "key": pyarrow.DictionaryArray.from_arrays(keys[0], keys[1]),
        "value": values, "timestamp": 1_700_000_000_000 + steps, "step": steps})
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows, max_chunksize=65536)
    bulk.send(server, sink.getvalue().to_pybytes(), bulk.ARROW)


def curves(server):
    """An experiment of 20 runs with five metrics of 10,000 steps each: a million points."""
    experiment = call(server, f"{API}/experiments/create", {"name": "curves"})["experiment_id"]
    rng = numpy.random.default_rng(2)
    names = ["loss", "val_loss", "auc", "val_auc", "rate"]
    for at in range(CURVES):
        run = call(server, f"{API}/runs/create", {"experiment_id": experiment, "run_name": f"curve-{at}", "start_time": at + 1})["run"]["info"]["run_id"]
        points = STEPS * len(names)
        steps = numpy.repeat(numpy.arange(STEPS), len(names))
        values = 1 / (1 + steps / (100 + 50 * at)) + rng.normal(0, 0.02, points)
        send_points(server, (numpy.zeros(points, numpy.int32), [run]), (numpy.tile(numpy.arange(len(names), dtype=numpy.int32), STEPS), names), steps, values)
        call(server, f"{API}/runs/update", {"run_id": run, "status": "FINISHED", "end_time": at + 2})
    return experiment


def long_series(server):
    """A run with one metric of ten million points, noise with two spikes; sent a million at a time."""
    run = new_run(server)
    rng = numpy.random.default_rng(1)
    for at in range(0, POINTS, bulk.POINTS):
        steps = numpy.arange(at, at + bulk.POINTS)
        values = rng.normal(0, 1, bulk.POINTS)
        for step, value in SPIKES.items():
            if at <= step < at + bulk.POINTS:
                values[step - at] = value
        key = numpy.zeros(bulk.POINTS, numpy.int32)
        send_points(server, (key, [run]), (key, ["loss"]), steps, values)
    return run


def columns_of(server, run):
    """Milliseconds of the call that a chart of the series makes, and how many of the spikes it brought."""
    times = []
    for _ in range(7):
        began = time.perf_counter()
        answer = call(server, f"/ajax-api/2.0/quern/metrics/columns?run_ids={run}&metric_key=loss&columns=320")
        times.append((time.perf_counter() - began) * 1000)
    points = [[step, value] for step, _, value in answer["runs"][0]["points"]]
    return statistics.median(times), sum([step, value] in points for step, value in SPIKES.items()), len(points)


def pages_of(server, run, curved):
    """Every page of the large store by its name; `run` has the long series, `curved` is the experiment with curves."""
    large = f"/experiments/{stores.EXPERIMENT}"
    newest = call(server, f"{API}/runs/search", {"experiment_ids": [str(stores.EXPERIMENT)], "max_results": 4})["runs"]
    ids = [one["info"]["run_id"] for one in newest]
    some = urllib.parse.quote(json.dumps(ids))
    return {
        "home": "/", "experiments": "/experiments", "runs": large, "runs, filtered": f"{large}?filter=metrics.metric_3 > 900 AND params.param_1 = '1'",
        "runs, ordered by a metric": f"{large}?order=metrics.metric_7 DESC", "runs, in groups": f"{large}?group=params.param_5",
        "charts of an experiment": f"{large}?mode=charts", f"charts of {CURVES} runs with a million points": f"/experiments/{curved}?mode=charts",
        "a run": f"{large}/runs/{ids[0]}", "four runs compared": f"{large}/compare?runs={some}",
        f"charts of a run with {POINTS:,} points": f"/experiments/0/runs/{run}?tab=charts",
        "models": "/models", f"a model of {VERSIONS:,} versions": "/models/large", "a version": f"/models/large/versions/{VERSIONS}",
        "two versions compared": f"/models/large/compare?versions={urllib.parse.quote(json.dumps(['4999', '5000']))}",
        "a version of a project": "/models/heart/versions/1",
        "requirements": "/requirements", "data": "/data", "a source": "/data/cleveland", "pipeline": "/pipeline",
        "serving": "/serving", "monitoring": "/monitoring", "lineage": "/lineage",
    }


def large_store(table, folder, arguments):
    project(folder / "large" / "store", arguments.program)
    database = folder / "large" / "store" / ".quern" / "quern.db"
    stores.fill_quern(database, MANY_RUNS)
    versions(database, VERSIONS)
    with servers.quern(folder / "large", arguments.program) as server:
        curved = curves(server)
        run = long_series(server)
        ms, spikes, drawn = columns_of(server, run)
        table.add(f"what a chart of {POINTS:,} points asks for", ms, None, "ms", most=200)
        table.add("points that it gets", drawn, None, "")
        table.add("of the two spikes of one point each it has", spikes, None, "", least=2)
        for name, path in pages_of(server, run, curved).items():
            table.add(f"{name}: usable after", look(server.url + path, times=arguments.times)["median"], None, "ms", most=USABLE)
        found = table_of(server, MANY_RUNS, 1)
        share, longest = missed(found["frames"])
        table.add(f"frames missed while {MANY_RUNS:,} runs are scrolled", share, None, "%", most=5)
        table.add("longest of them", longest, None, "ms", most=100)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True, help="the quern program")
    parser.add_argument("--quick", action="store_true", help="without the large store")
    parser.add_argument("--times", type=int, default=5, help="how often each page is opened (5)")
    parser.add_argument("--json", type=pathlib.Path, help="write the rows to this file")
    arguments = parser.parse_args()
    arguments.program = arguments.program.resolve()
    print(f"page: quern server's against mlflow server's in Chromium, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    table = Table()
    table.head()
    with tempfile.TemporaryDirectory(prefix="quern-bench-", ignore_cleanup_errors=True) as name:
        beside_mlflow(table, pathlib.Path(name), arguments)
        if not arguments.quick:
            large_store(table, pathlib.Path(name), arguments)
    table.close(arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
