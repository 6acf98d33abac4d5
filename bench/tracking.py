"""Quern's tracking server against `mlflow server`: SQLite, one worker, keep-alive, the same requests, one run.

    ./dev bench tracking            with 2,000 and with 100,000 runs in both stores; about fifteen minutes
    ./dev bench tracking --quick    without the 100,000 runs; about four minutes
    ./dev bench tracking --json F   and writes the rows to a file

Prints what was measured of both, the ratio, the target and whether it is met. Both servers promise that what they
answered is on the disk (SQLite synchronous=FULL), except in the line that says `relaxed`. What is sent through
MLflow's own client shows what its users wait for: there the client is the floor.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings

import bulk
import servers
import stores
from table import Table

API = "/api/2.0/mlflow"


def call(server, path, body=None):
    request = urllib.request.Request(
        server.url + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"} if body is not None else {},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read() or b"{}")


class NoAnswer(RuntimeError):
    """A server that was given up after SILENCE_MS."""


SILENCE_MS = 60_000.0  # as long as http_load waits for one answer


class Bench:
    def __init__(self, load, folder, table):
        self.load_program, self.folder, self.table = load, folder, table

    def load(self, server, path, body="", connections=1, seconds=4.0):
        command = [
            str(self.load_program), "--port", str(server.port), "--path", path,
            "--connections", str(connections), "--seconds", str(seconds), "--requests", "0",
        ]
        if body:
            command += ["--body", body]
        out = subprocess.run(command, capture_output=True, text=True)
        if "no answer for a minute" in out.stderr:
            raise NoAnswer(f"{server.name} {path}: no answer within a minute")
        if out.returncode != 0 or out.stderr:
            raise RuntimeError(f"{server.name} {path}: {out.stderr or out.returncode}")
        return json.loads(out.stdout)

    def p50(self, server, path, body="", seconds=4.0):
        return self.load(server, path, body, 1, seconds)["p50_ms"]


def new_run(server):
    return call(server, API + "/runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]["run_id"]


def fdatasync_ms(folder):
    """What the disk itself takes to keep 4 KB."""
    times = []
    file = os.open(folder / "sync", os.O_WRONLY | os.O_CREAT)
    for _ in range(300):
        began = time.perf_counter()
        os.write(file, b"x" * 4096)
        os.fdatasync(file)
        times.append(time.perf_counter() - began)
    os.close(file)
    return statistics.median(times) * 1000


def log_metric(bench, ours, theirs, relaxed):
    def ask(server, connections):
        body = json.dumps({"run_id": new_run(server), "key": "loss", "value": 0.5, "timestamp": 0, "step": 0})
        for field in ('"value": 0.', '"timestamp": ', '"step": '):
            body = body.replace(field + ("5" if field.endswith(".") else "0"), field + "{n}")
        return bench.load(server, API + "/runs/log-metric", body, connections)

    sync = fdatasync_ms(bench.folder)
    bench.table.add("fdatasync of 4 KB on this disk", sync, None, "ms")
    for connections, times in ((1, None), (16, 40), (64, 100)):
        a, b = ask(ours, connections), ask(theirs, connections)
        bench.table.add(f"log-metric, {connections} clients, requests/s", a["per_second"], b["per_second"], "/s",
                        more_is_better=True, times=times)
        if connections == 1:
            most = max(sync + 0.3, 1.3 * sync)
            bench.table.add("log-metric, one client, p50", a["p50_ms"], b["p50_ms"], "ms", most=most)
            bench.table.add("log-metric, one client, p50, ours relaxed", ask(relaxed, 1)["p50_ms"], b["p50_ms"], "ms", times=10)


def log_batch(bench, ours, theirs):
    def ask(server):
        metrics = [{"key": f"m{i % 20}", "value": i * 0.25, "timestamp": i, "step": 0} for i in range(1000)]
        body = json.dumps({"run_id": new_run(server), "metrics": metrics}).replace('"step": 0', '"step": {n}')
        return bench.p50(server, API + "/runs/log-batch", body)

    bench.table.add("log-batch of 1,000 metrics, one client, p50", ask(ours), ask(theirs), "ms", times=20)


def fill(server, experiment, count):
    """Runs with 20 metrics and 20 params each, over the wire."""
    for i in range(count):
        run = call(server, API + "/runs/create", {"experiment_id": experiment, "start_time": i})["run"]["info"]["run_id"]
        call(server, API + "/runs/log-batch", {
            "run_id": run,
            "metrics": [{"key": f"metric_{k}", "value": value, "timestamp": i, "step": 0} for k, value in enumerate(stores.values(i))],
            "params": [{"key": f"param_{k}", "value": text} for k, text in enumerate(stores.parameters(i))],
        })


def search(bench, ours, theirs, experiment, label, seconds):
    body = {"experiment_ids": [experiment], "max_results": 100}
    asked = {
        "newest": body,
        "metric_3 > 5 and param_1 = '1'": body | {"filter": "metrics.metric_3 > 5 and params.param_1 = '1'"},
        "metric_7 < 0.0005": body | {"filter": "metrics.metric_7 < 0.0005"},
        "by metric_7": body | {"order_by": ["metrics.metric_7 ASC"]},
        "by param_12, descending": body | {"order_by": ["params.param_12 DESC"]},
    }
    for name, request in asked.items():
        text = json.dumps(request)
        a = bench.p50(ours, API + "/runs/search", text, 4.0)
        what = f"search of 100 of {label}, {name}, p50"
        try:
            b = bench.p50(theirs, API + "/runs/search", text, seconds)
        except NoAnswer:
            # The ratio is then the least that it can be.
            b, what = SILENCE_MS, what + " (mlflow: over a minute)"
        bench.table.add(what, a, b, "ms", times=50)


def history(bench, ours, theirs, points=50_000):
    runs = []
    for server in (ours, theirs):
        run = new_run(server)
        for at in range(0, points, 1000):
            call(server, API + "/runs/log-batch", {"run_id": run, "metrics": [
                {"key": "loss", "value": 1 / (i + 1), "timestamp": i, "step": i} for i in range(at, at + 1000)]})
        runs.append(run)
    asked = {
        "history of 25,000 points, p50": API + "/metrics/get-history?run_id={run}&metric_key=loss&max_results=25000",
        f"chart of 320 of {points:,} points, p50":
            "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids={run}&metric_key=loss&max_results=320",
    }
    for name, path in asked.items():
        a, b = (bench.p50(s, path.format(run=r)) for s, r in zip((ours, theirs), runs))
        bench.table.add(name, a, b, "ms", times=100)


def artifact(bench, ours, theirs, megabytes=200):
    source, back = bench.folder / "blob", bench.folder / "back"
    source.write_bytes(os.urandom(1 << 20) * megabytes)

    def curl(*arguments):
        began = time.perf_counter()
        subprocess.run(["curl", "-sf", *arguments], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began

    began = time.perf_counter()
    with open(source, "rb") as reading, open(bench.folder / "copy", "wb") as writing:
        shutil.copyfileobj(reading, writing, 1 << 20)
        os.fsync(writing.fileno())
    copy = time.perf_counter() - began
    bench.table.add(f"a copy of {megabytes} MB on this disk, with fsync", copy, None, "s")
    seconds = []
    before = ours.memory_mb()
    for server in (ours, theirs):
        url = server.url + "/api/2.0/mlflow-artifacts/artifacts/bench/blob"
        seconds.append((curl("-T", str(source), url), curl("-o", str(back), url)))
        if back.read_bytes() != source.read_bytes():
            raise RuntimeError("the artifact came back changed")
    bench.table.add(f"artifact of {megabytes} MB up", seconds[0][0], seconds[1][0], "s", most=2 * copy)
    bench.table.add(f"artifact of {megabytes} MB down", seconds[0][1], seconds[1][1], "s", most=2 * copy)
    bench.table.add("memory that artifacts added", max(0.0, ours.memory_mb() - before), None, "MB", most=20)


def ingest(bench, program):
    """On a server of its own: its memory is what is asked."""
    with servers.quern(bench.folder / "bulk", program) as server:
        for name, make, media_type in (("an Arrow stream", bulk.arrow, bulk.ARROW), ("NDJSON", bulk.ndjson, bulk.NDJSON)):
            body = make([new_run(server) for _ in range(10)])
            rate = bulk.send(server, body, media_type) / 1e6
            bench.table.add(f"bulk of 1,000,000 metrics, {name}", rate, None, "M/s", more_is_better=True, least=1)
            if media_type == bulk.ARROW:
                bench.table.add("memory after one million metrics", server.memory_mb(), None, "MB", most=150)


def through_client(bench, ours, theirs, experiments):
    """MLflow's own client: its work is the same for both."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = os.environ["DO_NOT_TRACK"] = "true"
    warnings.simplefilter("ignore")
    from mlflow import MlflowClient
    from mlflow.entities import Metric

    def median(times, action):
        taken = []
        for i in range(times):
            began = time.perf_counter()
            action(i)
            taken.append(time.perf_counter() - began)
        return statistics.median(taken) * 1000

    measured = []
    for server, experiment in zip((ours, theirs), experiments):
        client = MlflowClient(server.url, server.url)
        run = client.create_run("0").info.run_id
        batch = [Metric(f"m{i % 20}", i * 0.25, i, 0) for i in range(1000)]
        measured.append((
            median(100, lambda i: client.log_metric(run, "loss", i, timestamp=i, step=i)),
            median(10, lambda i: client.log_batch(run, [Metric(m.key, m.value, m.timestamp, i) for m in batch])),
            median(10, lambda i: client.search_runs([experiment], max_results=100)),
        ))
    for name, a, b in zip(("log_metric", "log_batch of 1,000", "search_runs of 100"), *measured):
        bench.table.add(f"MLflow's client: {name}, median", a, b, "ms")


def compare(bench, arguments):
    folder, program, table = bench.folder, arguments.program, bench.table
    with (
        servers.quern(folder / "quern", program) as ours,
        servers.quern(folder / "relaxed", program, "--durability", "relaxed") as relaxed,
        servers.mlflow(folder / "mlflow") as theirs,
    ):
        table.add("start to first answer", ours.start_seconds * 1000, theirs.start_seconds * 1000, "ms", most=100)
        table.add("memory, idle", ours.memory_mb(), theirs.memory_mb(), "MB", most=60)
        log_metric(bench, ours, theirs, relaxed)
        log_batch(bench, ours, theirs)
        experiments = [call(s, API + "/experiments/create", {"name": "search"})["experiment_id"] for s in (ours, theirs)]
        for server, name in zip((ours, theirs), experiments):
            fill(server, name, arguments.runs)
        if experiments[0] != experiments[1]:
            raise RuntimeError("the experiments have different ids")
        search(bench, ours, theirs, experiments[0], f"{arguments.runs:,} runs", 4.0)
        history(bench, ours, theirs)
        artifact(bench, ours, theirs)
        through_client(bench, ours, theirs, experiments)
        ingest(bench, program)
        if not arguments.quick:
            stores.fill(folder / "quern" / "store" / ".quern" / "quern.db", folder / "mlflow" / "mlflow.db", 100_000)
            search(bench, ours, theirs, str(stores.EXPERIMENT), "100,000 runs", 20.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True, help="the quern program")
    parser.add_argument("--load", type=pathlib.Path, required=True, help="quern_http_load")
    parser.add_argument("--quick", action="store_true", help="without the 100,000 runs")
    parser.add_argument("--runs", type=int, default=2000, help="runs of the smaller store (2,000)")
    parser.add_argument("--json", type=pathlib.Path, help="write the rows to this file")
    arguments = parser.parse_args()
    arguments.program, arguments.load = arguments.program.resolve(), arguments.load.resolve()
    print(f"tracking: quern against mlflow server, SQLite, one worker ({os.cpu_count()} cores)")
    table = Table()
    table.head()
    with tempfile.TemporaryDirectory(prefix="quern-bench-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        compare(Bench(arguments.load, folder, table), arguments)
    table.close(arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
