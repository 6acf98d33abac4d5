"""`quern serve` and `quern-serve` against MLServer, FastAPI with ONNX Runtime, and a bare epoll loop: same model, same run.

    ./dev bench serving              about five minutes
    ./dev bench serving --quick      one second for each figure instead of three
    ./dev bench serving --json F     and writes the rows to a file

The model is the champion of examples/heart, made on the spot. MLServer serves the package by its MLflow runtime, with
inference in its own process and with its default of a worker process; FastAPI (bench/peers/fastapi_app.py) runs on one
and on two processes; of both the faster one counts. `mlflow models serve` is shown and not judged. All servers stand on
the same machine as the load, which takes its share of the cores from the fast ones: their ratios are the least that
they can be. Ours are asked as the peer is: beside MLServer in the Open Inference Protocol's JSON, one tensor a column, as
FP64; beside FastAPI by an object with a list for each column (of /invocations the `inputs`), the shortest JSON of a row
that an engineer would think of, and as long for both. The bare loop is asked as MLServer is.
"""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import scoring
from table import Table

CONNECTIONS = (1, 16, 64)
BATCH = 1000
WARMUP = 0.5  # seconds of each measurement that are not counted
SETTLE = 2  # seconds in which servers finish what they begin after their first answer


class Bench:
    def __init__(self, programs, folder, seconds, table):
        self.programs, self.folder, self.seconds, self.table = programs, folder, seconds, table

    def run(self, program, server, *options):
        command = [str(self.programs / program), "--seconds", str(self.seconds), "--warmup", str(WARMUP), *options]
        before = server.cpu_seconds()
        done = subprocess.run(command, capture_output=True, text=True)
        cpu = (server.cpu_seconds() - before) * self.seconds / (self.seconds + WARMUP)
        if done.returncode != 0 or done.stderr:
            raise RuntimeError(f"{server.name}: {done.stderr or done.returncode}")
        result = json.loads(done.stdout)
        if result["failures"]:
            raise RuntimeError(f"{server.name}: {result['failures']} requests failed")
        return result | {"cpu_us": 1e6 * cpu / result["requests"]}

    def body(self, content):
        path = self.folder / "body"
        path.write_bytes(content)
        return str(path)

    def http(self, server, path, content, connections, rate=0.0, headers=(), kind="application/json"):
        options = ["--port", str(server.port), "--path", path, "--body-file", self.body(content), "--type", kind,
                   "--connections", str(connections), "--rate", str(rate), "--requests", "0"]
        for header in headers:
            options += ["--header", header]
        return self.run("quern_http_load", server, *options)

    def grpc(self, server, content, streams):
        return self.run("quern_grpc_load", server, "--port", str(server.grpc_port), "--streams", str(streams), "--method",
                        "/inference.GRPCInferenceService/ModelInfer", "--body-file", self.body(content))


class Contest:
    """All servers started. A case asks them in turn and writes rows."""

    def __init__(self, bench, stack, arguments):
        self.bench, self.table = bench, bench.table
        folder, program = bench.folder, arguments.program
        heart, package = scoring.project(program, folder)
        self.row, self.batch = scoring.Rows(package, 1), scoring.Rows(package, BATCH)

        def start(server):
            stack.enter_context(server)
            return server

        self.quern = start(scoring.quern("quern", folder, heart, program, self.row, "--no-prediction-log"))
        self.logging = start(scoring.quern("quern-log", folder, heart, program, self.row))
        self.small = start(scoring.quern_serve(folder, package, program, self.row))
        self.floor = start(scoring.floor(folder, program, len(self.quern.first_answer)))
        self.mlservers = [start(scoring.mlserver(folder, package, self.row, n)) for n in (0, 1)]
        self.fastapis = [start(scoring.fastapi(folder, package, self.row, n)) for n in (1, 2)]
        self.ours = ((self.quern, "quern serve"), (self.logging, "quern serve, logging"), (self.small, "quern-serve"))
        self.mlflow = None
        try:
            self.mlflow = start(scoring.mlflow(folder, package, self.row))
        except RuntimeError as problem:
            print(f"  mlflow models serve is left out: {problem}")
        self.peaks = {}

    def single(self, server, connections, rate=0.0, as_columns=False):
        if server in self.fastapis:
            path, content = "/predict", self.row.columns_json()
        elif as_columns:
            path, content = "/invocations", self.row.columns_inputs()
        elif server is self.mlflow:
            path, content = "/invocations", self.row.mlflow()
        else:
            path, content = scoring.INFER, self.row.oip()
        return self.bench.http(server, path, content, connections, rate)

    def start_and_memory(self):
        for what, attribute, unit, scale in (("start to first answer", "start_seconds", "ms", 1000),
                                             ("memory, idle after the first answer", None, "MB", 1)):
            def value(server):
                return scale * getattr(server, attribute) if attribute else server.memory_mb()

            for ours, label in ((self.quern, "quern serve"), (self.small, "quern-serve")):
                for peer, name in ((self.mlservers[0], "MLServer"), (self.fastapis[0], "FastAPI, 1 process")):
                    self.table.add(f"{what}, {label} : {name}", value(ours), value(peer), unit)
            if self.mlflow:
                self.table.add(f"{what}, quern serve : mlflow", value(self.quern), value(self.mlflow), unit)

    def singles(self, connections):
        full = connections == CONNECTIONS[-1]
        servers = [self.quern, self.logging, self.small, self.floor, *self.mlservers, *self.fastapis]
        if self.mlflow and full:
            servers.append(self.mlflow)
        results = {server.name: self.single(server, connections) for server in servers}
        for server in servers:
            self.peaks[server.name] = max(self.peaks.get(server.name, 0), results[server.name]["per_second"])
        mlserver, fastapi = (max((results[s.name] for s in pair), key=lambda r: r["per_second"])
                             for pair in (self.mlservers, self.fastapis))
        quern, log, small, floor = (results[s.name] for s in (self.quern, self.logging, self.small, self.floor))
        as_columns = {label: self.single(server, connections, as_columns=True) for server, label in self.ours}
        where = f"{connections} connection{'s' if connections > 1 else ''}"
        times = 15 if full else None

        def add(label, ours, theirs, times=None):
            self.table.add(f"{where}, requests/s, {label}", ours["per_second"], theirs["per_second"], "/s",
                           more_is_better=True, times=times)

        for mine, (_, label) in zip((quern, log, small), self.ours):
            add(f"{label} : MLServer", mine, mlserver, times)
            add(f"{label} : FastAPI", as_columns[label], fastapi, times)
        if self.mlflow and full:
            add("quern serve : mlflow", quern, results[self.mlflow.name])
        add("quern serve : epoll floor", quern, floor, 0.7)
        add("quern-serve : epoll floor", small, floor, 0.7)
        # What other programs on the machine disturb least.
        for mine, (_, label) in zip((quern, log, small), self.ours):
            for name, peer, ours in (("MLServer", mlserver, mine), ("FastAPI", fastapi, as_columns[label]), ("epoll floor", floor, mine)):
                self.table.add(f"{where}, processor time of a request, {label} : {name}", ours["cpu_us"], peer["cpu_us"], "us")
            for part in ("p50_ms", "p99_ms"):
                for name, peer, ours in (("MLServer", mlserver, mine), ("FastAPI", fastapi, as_columns[label])):
                    self.table.add(f"{where}, {part[:3]}, {label} : {name}", ours[part], peer[part], "ms")

    def half_load(self):
        """An open loop at half of what the peer can do at most: its p99 and ours at the same rate."""
        for name, pair in (("MLServer", self.mlservers), ("FastAPI", self.fastapis)):
            peer = max(pair, key=lambda server: self.peaks[server.name])
            rate = self.peaks[peer.name] / 2
            theirs = self.single(peer, 64, rate)["p99_ms"]
            for ours, label in self.ours:
                mine = self.single(ours, 64, rate, as_columns=name == "FastAPI")["p99_ms"]
                self.table.add(f"p99 at {rate:,.0f} requests/s, {label} : {name}", mine, theirs, "ms", times=10)

    def batches(self, connections=4):
        content, (binary, length) = self.batch.oip(), self.batch.oip_binary()
        octets = "application/octet-stream"

        def rate(server, *request, **options):
            return BATCH * self.bench.http(server, *request, connections, **options)["per_second"]

        def as_json(server):
            return rate(server, scoring.INFER, content)

        def as_columns(server):
            return rate(server, "/invocations", self.batch.columns_inputs())

        def as_binary(server):
            return rate(server, scoring.INFER, binary, headers=[f"Inference-Header-Content-Length: {length}"], kind=octets)

        def add(what, ours, theirs, times=8):
            self.table.add(f"batches of {BATCH:,}, rows/s, {what}", ours, theirs, "/s", more_is_better=True, times=times)

        mlserver = max(map(as_json, self.mlservers))
        fastapi = max(rate(server, "/predict", self.batch.columns_json()) for server in self.fastapis)
        # Without the one that logs: it would be asked to keep millions of rows a second, and refuse.
        ours = [(server, label) for server, label in self.ours if server is not self.logging]
        for server, label in ours:
            add(f"JSON, {label} : MLServer", as_json(server), mlserver)
            add(f"JSON, {label} : FastAPI", as_columns(server), fastapi)
        mlserver = BATCH * max(self.bench.grpc(server, self.batch.grpc(), connections)["per_second"]
                               for server in self.mlservers)
        fastapi = max(rate(server, "/predict.f64", self.batch.rows_binary(), kind=octets) for server in self.fastapis)
        for server, label in ours:
            rows = as_binary(server)
            add(f"binary, {label} : MLServer (its gRPC)", rows, mlserver)
            add(f"binary, {label} : FastAPI", rows, fastapi)

    def grpc(self, streams=64):
        content = self.row.grpc()
        mlserver = max((self.bench.grpc(server, content, streams) for server in self.mlservers),
                       key=lambda result: result["per_second"])
        for server, label in self.ours:
            ours = self.bench.grpc(server, content, streams)
            self.table.add(f"gRPC, {streams} streams, requests/s, {label} : MLServer", ours["per_second"],
                           mlserver["per_second"], "/s", more_is_better=True, times=15)
            if server is self.quern:
                self.table.add(f"gRPC, {streams} streams, p99, {label} : MLServer", ours["p99_ms"], mlserver["p99_ms"], "ms")
                print(f"  the gRPC client's own limit on a core of its own: {1e6 / ours['client_us']:,.0f} requests/s "
                      f"({ours['client_us']:.1f} us of processor time each)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True, help="the quern program")
    parser.add_argument("--load", type=pathlib.Path, required=True, help="quern_http_load; the other loads beside it")
    parser.add_argument("--quick", action="store_true", help="one second for each figure instead of three")
    parser.add_argument("--json", type=pathlib.Path, help="write the rows to this file")
    arguments = parser.parse_args()
    arguments.program = arguments.program.resolve()
    load = " ".join(f"{x:.1f}" for x in os.getloadavg())
    print(f"serving: the heart example ({os.cpu_count()} cores, load average before: {load})")
    table = Table("peer")
    with tempfile.TemporaryDirectory(prefix="quern-bench-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        with contextlib.ExitStack() as stack:
            bench = Bench(arguments.load.resolve().parent, folder, 1 if arguments.quick else 3, table)
            contest = Contest(bench, stack, arguments)
            time.sleep(SETTLE)
            table.head()
            contest.start_and_memory()
            for connections in CONNECTIONS:
                contest.singles(connections)
            contest.half_load()
            contest.batches()
            contest.grpc()
    table.close(arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
