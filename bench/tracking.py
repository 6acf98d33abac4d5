"""Quern's tracking server against `mlflow server`: SQLite, one worker, keep-alive, the same requests, one run.

    ./dev bench tracking            about three minutes
    ./dev bench tracking --large    with 100,000 runs in both stores too (MLflow's are written into its
                                    database directly; about ten minutes)

Prints a table of times and ratios. Both servers promise that what they answered is on the disk (SQLite
synchronous=FULL), except in the line that says `relaxed`.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

import servers

API = "/api/2.0/mlflow"
rows: list[tuple[str, str, str, str]] = []


def call(server, path, body=None):
    request = urllib.request.Request(
        server.url + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"} if body is not None else {},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read() or b"{}")


class Bench:
    def __init__(self, load: pathlib.Path):
        self.load_program = load

    def load(self, server, path, body="", connections=1, seconds=4.0, requests=0):
        command = [
            str(self.load_program), "--port", str(server.port), "--path", path,
            "--connections", str(connections), "--seconds", str(seconds), "--requests", str(requests),
        ]
        if body:
            command += ["--body", body]
        out = subprocess.run(command, check=True, capture_output=True, text=True)
        if out.stderr:
            raise RuntimeError(out.stderr)
        return json.loads(out.stdout)


def add(what, ours, theirs, unit, better="less"):
    ratio = theirs / ours if better == "less" else ours / theirs
    rows.append((what, f"{ours:,.2f} {unit}", f"{theirs:,.2f} {unit}", f"{ratio:,.1f} x"))
    print(f"  {what:<58} {rows[-1][1]:>20} {rows[-1][2]:>20} {rows[-1][3]:>10}", flush=True)


def new_run(server):
    return call(server, API + "/runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]["run_id"]


def log_metric(bench, ours, theirs, relaxed):
    def ask(server, connections):
        run = new_run(server)
        body = json.dumps({"run_id": run, "key": "loss", "value": 0.5, "timestamp": 0, "step": 0})
        body = body.replace('"timestamp": 0', '"timestamp": {n}').replace('"step": 0', '"step": {n}')
        return bench.load(server, API + "/runs/log-metric", body, connections)

    for connections in (1, 16, 64):
        a, b = ask(ours, connections), ask(theirs, connections)
        add(f"log-metric, {connections} clients, requests/s", a["per_second"], b["per_second"], "/s", "more")
        if connections == 1:
            add("log-metric, one client, p50", a["p50_ms"], b["p50_ms"], "ms")
            c = ask(relaxed, 1)
            add("log-metric, one client, p50, ours relaxed", c["p50_ms"], b["p50_ms"], "ms")


def log_batch(bench, ours, theirs):
    def ask(server):
        run = new_run(server)
        metrics = [{"key": f"m{i % 20}", "value": i * 0.25, "timestamp": i, "step": 0} for i in range(1000)]
        body = json.dumps({"run_id": run, "metrics": metrics}).replace('"step": 0', '"step": {n}')
        return bench.load(server, API + "/runs/log-batch", body, 1)

    a, b = ask(ours), ask(theirs)
    add("log-batch of 1,000 metrics, one client, p50", a["p50_ms"], b["p50_ms"], "ms")


def fill(server, experiment, count):
    """Runs with 20 metrics and 20 params each, over the wire."""
    for i in range(count):
        run = call(server, API + "/runs/create", {"experiment_id": experiment, "start_time": i})["run"]["info"]["run_id"]
        call(server, API + "/runs/log-batch", {
            "run_id": run,
            "metrics": [{"key": f"metric_{k}", "value": i * 0.01 + k, "timestamp": i, "step": 0} for k in range(20)],
            "params": [{"key": f"param_{k}", "value": str(i % (k + 2))} for k in range(20)],
        })


def search(bench, ours, theirs, experiment, label, seconds=4.0):
    body = {"experiment_ids": [experiment], "max_results": 100}
    asked = {
        "newest": body,
        "metric_3 > 5 and param_1 = '1'": body | {"filter": "metrics.metric_3 > 5 and params.param_1 = '1'"},
    }
    for name, request in asked.items():
        a = bench.load(ours, API + "/runs/search", json.dumps(request), 1, seconds)
        b = bench.load(theirs, API + "/runs/search", json.dumps(request), 1, seconds)
        add(f"search of 100 of {label}, {name}, p50", a["p50_ms"], b["p50_ms"], "ms")


def history(bench, ours, theirs, points=50_000):
    asked = []
    for server in (ours, theirs):
        run = new_run(server)
        for at in range(0, points, 1000):
            call(server, API + "/runs/log-batch", {"run_id": run, "metrics": [
                {"key": "loss", "value": 1 / (i + 1), "timestamp": i, "step": i} for i in range(at, at + 1000)]})
        asked.append(run)

    def both(path):
        return [bench.load(s, path.format(run=r), "", 1, 4.0) for s, r in zip((ours, theirs), asked)]

    a, b = both(API + "/metrics/get-history?run_id={run}&metric_key=loss&max_results=25000")
    add("history of 25,000 points, p50", a["p50_ms"], b["p50_ms"], "ms")
    a, b = both("/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids={run}&metric_key=loss&max_results=320")
    add(f"chart of 320 of {points:,} points, p50", a["p50_ms"], b["p50_ms"], "ms")


def artifact(ours, theirs, folder, megabytes=200):
    source = folder / "blob"
    with open(source, "wb") as out:
        for _ in range(megabytes):
            out.write(os.urandom(1 << 20))

    def curl(*arguments):
        began = time.perf_counter()
        subprocess.run(["curl", "-sf", *arguments], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began

    seconds = []
    for server in (ours, theirs):
        url = server.url + "/api/2.0/mlflow-artifacts/artifacts/bench/blob"
        seconds.append((curl("-T", str(source), url), curl("-o", str(folder / "back"), url)))
        if (folder / "back").stat().st_size != source.stat().st_size:
            raise RuntimeError("the artifact came back with another size")
    add(f"artifact of {megabytes} MB up", seconds[0][0], seconds[1][0], "s")
    add(f"artifact of {megabytes} MB down", seconds[0][1], seconds[1][1], "s")


def fill_large(ours, theirs_folder, count):
    """The same runs written into both databases directly: over the wire MLflow would take hours."""
    import sqlite3

    quern = sqlite3.connect(ours)
    mlflow = sqlite3.connect(theirs_folder / "mlflow.db")
    quern.execute("INSERT INTO experiments(id, name, artifact_location, lifecycle, created_ms, updated_ms) "
                  "VALUES (100, 'large', 'mlflow-artifacts:/100', 'active', 1, 1)")
    mlflow.execute("INSERT INTO experiments(experiment_id, name, artifact_location, lifecycle_stage, creation_time, "
                   "last_update_time, workspace) VALUES (100, 'large', 'mlflow-artifacts:/100', 'active', 1, 1, 'default')"
                   if "workspace" in {c[1] for c in mlflow.execute("PRAGMA table_info(experiments)")} else
                   "INSERT INTO experiments(experiment_id, name, artifact_location, lifecycle_stage, creation_time, "
                   "last_update_time) VALUES (100, 'large', 'mlflow-artifacts:/100', 'active', 1, 1)")
    first = quern.execute("SELECT coalesce(max(num), 0) + 1 FROM runs").fetchone()[0]
    for at in range(0, count, 5000):
        ids = range(at, min(at + 5000, count))
        run_of = {i: f"{i:032x}" for i in ids}
        quern.executemany(
            "INSERT INTO runs(num, id, experiment_id, name, user_id, status, start_ms, end_ms, artifact_uri, lifecycle, "
            "revision) VALUES (?, ?, 100, ?, 'me', 'FINISHED', ?, ?, '', 'active', 0)",
            [(first + i, run_of[i], f"run-{i}", i, i + 5) for i in ids])
        quern.executemany("INSERT INTO run_params VALUES (?, ?, ?)",
                          [(first + i, f"param_{k}", str(i % (k + 2))) for i in ids for k in range(20)])
        quern.executemany("INSERT INTO run_tags VALUES (?, 'mlflow.runName', ?)", [(first + i, f"run-{i}") for i in ids])
        quern.executemany(
            "INSERT INTO metric_series(run, key, points, last_value, last_step, last_ms, least, greatest, first_step, "
            "top_step, sealed) VALUES (?, ?, 1, ?, 0, ?, ?, ?, 0, 0, 0)",
            [(first + i, f"metric_{k}", i * 0.01 + k, i, i * 0.01 + k, i * 0.01 + k) for i in ids for k in range(20)])
        mlflow.executemany(
            "INSERT INTO runs(run_uuid, name, experiment_id, user_id, status, start_time, end_time, lifecycle_stage, "
            "artifact_uri, source_type) VALUES (?, ?, 100, 'me', 'FINISHED', ?, ?, 'active', '', 'UNKNOWN')",
            [(run_of[i], f"run-{i}", i, i + 5) for i in ids])
        mlflow.executemany("INSERT INTO params(key, value, run_uuid) VALUES (?, ?, ?)",
                           [(f"param_{k}", str(i % (k + 2)), run_of[i]) for i in ids for k in range(20)])
        mlflow.executemany("INSERT INTO tags(key, value, run_uuid) VALUES ('mlflow.runName', ?, ?)",
                           [(f"run-{i}", run_of[i]) for i in ids])
        points = [(f"metric_{k}", i * 0.01 + k, i, 0, False, run_of[i]) for i in ids for k in range(20)]
        for table in ("metrics", "latest_metrics"):
            mlflow.executemany(
                f"INSERT INTO {table}(key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, ?, ?)", points)
        quern.commit()
        mlflow.commit()
    quern.close()
    mlflow.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True, help="the quern program")
    parser.add_argument("--load", type=pathlib.Path, required=True, help="quern_http_load")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--runs", type=int, default=2000)
    arguments = parser.parse_args()
    arguments.program, arguments.load = arguments.program.resolve(), arguments.load.resolve()
    bench = Bench(arguments.load)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="quern-bench-"))
    print(f"tracking: quern against mlflow server, SQLite, one worker ({os.cpu_count()} cores)")
    try:
        with (
            servers.quern(folder / "quern", arguments.program) as ours,
            servers.quern(folder / "relaxed", arguments.program, "--durability", "relaxed") as relaxed,
            servers.mlflow(folder / "mlflow") as theirs,
        ):
            add("start to first answer", ours.start_seconds * 1000, theirs.start_seconds * 1000, "ms")
            add("memory, idle", ours.memory_mb(), theirs.memory_mb(), "MB")
            log_metric(bench, ours, theirs, relaxed)
            log_batch(bench, ours, theirs)
            experiment = [call(s, API + "/experiments/create", {"name": "search"})["experiment_id"] for s in (ours, theirs)]
            for server, name in zip((ours, theirs), experiment):
                fill(server, name, arguments.runs)
            if experiment[0] != experiment[1]:
                raise RuntimeError("the experiments have different ids")
            search(bench, ours, theirs, experiment[0], f"{arguments.runs:,} runs")
            history(bench, ours, theirs)
            artifact(ours, theirs, folder)
            add("memory, after all of this", ours.memory_mb(), theirs.memory_mb(), "MB")
            if arguments.large:
                fill_large(folder / "quern" / "store" / ".quern" / "quern.db", folder / "mlflow", 100_000)
                search(bench, ours, theirs, "100", "100,000 runs", 20.0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
