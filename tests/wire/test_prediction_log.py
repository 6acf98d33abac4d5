"""What `quern serve` remembers: predictions that survive kill -9 and a full disk, its access log, and its traces."""

import collections
import concurrent.futures
import http.client
import http.server
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

import pytest
from wire.programs import with_deployment

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

@pytest.fixture
def project(trained, tmp_path):
    folder = tmp_path / "heart"
    shutil.copytree(trained, folder, symlinks=True)
    return folder


class Server:
    """`quern serve heart` on a port of its own."""

    def __init__(self, quern, project, *options, wrap=()):
        command = [*wrap, quern, "serve", "heart", "--root", project, "--port", "0", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = []
        for line in self.process.stdout:
            said.append(line)
            if line.startswith("listening on "):
                break
        else:
            raise AssertionError("".join(said))
        self.port = int(said[-1].split(";")[0].rsplit(":", 1)[1])
        # What it goes on saying must not fill the pipe.
        self.said = said
        threading.Thread(target=lambda: self.said.extend(self.process.stdout), daemon=True).start()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, method, path, document=None, headers=None, connection=None):
        connection = connection or self.connect()
        body = None if document is None else json.dumps(document)
        connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        return answer

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=60) == 0


@pytest.fixture
def serve(quern, project):
    started = []

    def start(*options, **more):
        started.append(Server(quern, project, *options, **more))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.kill()


@pytest.fixture
def inputs(serve):
    """One row as tensors; the number of the request goes into the first number column."""
    server = serve("--no-prediction-log")
    model = json.loads(server.ask("GET", "/v2/models/heart").text)
    server.stop()
    numbers = [tensor["name"] for tensor in model["inputs"] if tensor["datatype"] != "BYTES"]

    def make(number):
        tensors = []
        for tensor in model["inputs"]:
            value = "" if tensor["datatype"] == "BYTES" else float(number) if tensor["name"] == numbers[0] else 1.0
            tensors.append({"name": tensor["name"], "datatype": tensor["datatype"], "shape": [1, 1], "data": [value]})
        return tensors

    make.first = numbers[0]
    return make


def infer(server, inputs, number, connection=None, headers=None):
    document = {"id": f"r{number}", "inputs": inputs(number)}
    return server.ask("POST", "/v2/models/heart/infer", document, headers, connection)


def predictions(project):
    with sqlite3.connect(project / ".quern" / "quern.db") as database:
        return database.execute("SELECT prediction_id, request_id, features, decision FROM predictions").fetchall()


def log_is_moved(project):
    return not list((project / ".quern" / "prediction_log").glob("*.qpl"))


@pytest.mark.parametrize("durability", ["process", "disk"])
def test_every_acknowledged_prediction_survives_kill_9(serve, project, inputs, durability):
    acknowledged = {}
    numbers = iter(range(1, 1 << 30))
    take = threading.Lock()
    rng = random.Random(7)

    def hammer(server):
        connection = server.connect()
        while True:
            with take:
                number = next(numbers)
            try:
                answer = infer(server, inputs, number, connection)
            except (OSError, http.client.HTTPException):
                return
            assert answer.status == 200, answer.text
            ids = json.loads(answer.text)["parameters"]["prediction_ids"]
            assert ids == [f"r{number}-0"]
            acknowledged[ids[0]] = number

    for _ in range(4):
        server = serve("--prediction-durability", durability)
        before = len(acknowledged)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            clients = [pool.submit(hammer, server) for _ in range(8)]
            wanted = before + rng.randrange(50, 600)
            while len(acknowledged) < wanted:
                assert not any(client.done() for client in clients)
                threading.Event().wait(0.001)
            server.kill()
            for client in clients:
                client.result()
    serve().stop()
    assert log_is_moved(project)
    rows = predictions(project)
    count = collections.Counter(row[0] for row in rows)
    assert not [name for name, times in count.items() if times != 1]
    assert not set(acknowledged) - set(count)
    for name, request, features, decision in rows:
        assert name == request + "-0" and decision != ""
        assert json.loads(features)[inputs.first] == float(request[1:])


def test_feedback_and_a_repeated_request_find_what_was_just_answered(serve, project, inputs):
    server = serve()
    for number in (1, 1, 2):
        assert infer(server, inputs, number).status == 200
    labels = [{"prediction_id": name, "label": 1} for name in ("r1-0", "r2-0", "r3-0")]
    answer = json.loads(server.ask("POST", "/v1/feedback", labels).text)
    assert answer == {"accepted": 3, "updated": 0, "unchanged": 0, "unknown": ["r3-0"]}
    assert sorted(row[0] for row in predictions(project)) == ["r1-0", "r2-0"]
    metrics = server.ask("GET", "/metrics").text
    assert "quern_log_rows_total 3\n" in metrics and "quern_log_repeated_rows_total 1\n" in metrics


def test_what_is_logged_follows_the_project_file(serve, project, inputs):
    file = project / "quern.yaml"
    log = f"{{columns: [nothing], hash: [{inputs.first}], retention: 90d}}"
    file.write_text(with_deployment(file.read_text(), f"deployment: {{strategy: basic, targets: [local], log: {log}}}"))
    server = serve()
    assert any("column 'nothing' is to be kept, and no served model takes such a column" in line for line in server.said)
    assert not any(f"'{inputs.first}'" in line for line in server.said)
    assert infer(server, inputs, 5).status == 200 and infer(server, inputs, 5).status == 200
    server.stop()
    (_, _, features, _), = predictions(project)
    (name, value), = json.loads(features).items()
    assert name == inputs.first and len(value) == 32 and int(value, 16) >= 0
    key = project / ".quern" / "keys" / "prediction_log.key"
    assert key.parent.stat().st_mode & 0o077 == 0 and key.exists()
    server = serve("--prediction-share", "0")
    answer = infer(server, inputs, 6)
    assert answer.status == 200 and "prediction_ids" not in answer.text
    server.stop()
    assert len(predictions(project)) == 1


def test_a_tracking_server_moves_old_predictions_into_files(quern, serve, project, inputs):
    server = serve()
    for number in range(3):
        assert infer(server, inputs, number).status == 200
    server.stop()
    before = len(predictions(project))
    assert before >= 3
    tracking = subprocess.Popen([quern, "server", "--root", project, "--port", "0", "--compact-predictions", "0s"],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        said = next(line for line in tracking.stdout if "predictions moved into" in line)
        assert f"{before} predictions moved into 1 files" in said
    finally:
        tracking.terminate()
        tracking.wait(timeout=30)
    assert predictions(project) == []
    refused = subprocess.run([quern, "server", "--root", project, "--port", "0", "--compact-predictions", "soon"],
                             capture_output=True, text=True, timeout=30)
    assert refused.returncode == 2 and "soon" in refused.stderr


def small_disk_possible():
    probe = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(probe, capture_output=True).returncode == 0


@pytest.mark.parametrize("full", ["refuse", "drop"])
def test_a_full_disk(serve, project, inputs, full):
    if not small_disk_possible():
        pytest.skip("this user may not mount a small disk")
    log = project / ".quern" / "prediction_log"
    log.mkdir(exist_ok=True)
    # A disk of its own for the log, which only the server sees.
    wrap = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c",
            'mount -t tmpfs -o size=256k none "$0" && exec "$@"', log]
    server = serve("--prediction-log-full", full, wrap=wrap)
    seen = pathlib.Path(f"/proc/{server.process.pid}/root{log}")
    assert infer(server, inputs, 1).status == 200
    with open(seen / "filler", "wb", buffering=0) as filler:
        for size in (4096, 1):
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError:
                pass
    # The page that the segment has begun takes a few rows more.
    answers = [infer(server, inputs, number) for number in range(2, 60)]
    good = [number for number, answer in enumerate(answers, 2) if answer.status == 200]
    if full == "drop":
        assert len(good) == len(answers)
    else:
        assert len(good) < len(answers)
        assert {answer.status for answer in answers} <= {200, 503}
        refused = next(answer for answer in answers if answer.status == 503)
        assert "could not be logged" in refused.text
    lost = server.ask("GET", "/metrics").text
    counter = "quern_log_lost_rows_total" if full == "drop" else "quern_log_refused_rows_total"
    count = int(float(next(line.split()[1] for line in lost.splitlines() if line.startswith(counter + " "))))
    assert count > 0 and (full == "drop" or count == len(answers) - len(good))
    (seen / "filler").unlink()
    assert infer(server, inputs, 100).status == 200
    server.stop()
    names = {row[0] for row in predictions(project)}
    assert {"r1-0", "r100-0"} <= names
    if full == "refuse":
        assert names == {f"r{number}-0" for number in (1, *good, 100)}


def test_the_access_log(serve, project, inputs, tmp_path):
    file = tmp_path / "access.log"
    server = serve("--access-log", file)
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = infer(server, inputs, 7, headers={"traceparent": trace})
    assert answer.getheader("traceparent") == trace
    server.ask("GET", "/v2/models/nobody", headers={"X-Request-Id": "seven"})
    server.stop()
    first, second = [json.loads(line) for line in file.read_text().splitlines()]
    assert (first["protocol"], first["method"], first["path"], first["status"]) == ("http", "POST", "/v2/models/heart/infer", 200)
    assert (first["model"], first["request_id"], first["bytes"]) == ("heart", "r7", len(answer.text))
    assert first["version"] and first["trace_id"] == trace.split("-")[1] and first["duration_ms"] > 0
    assert (second["status"], second["request_id"]) == (404, "seven") and "model" not in second


class Collector(http.server.BaseHTTPRequestHandler):
    """Keeps every span that it is sent."""

    spans = []
    arrived = threading.Condition()

    def do_POST(self):
        assert (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/json")
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.arrived:
            for resource in sent["resourceSpans"]:
                assert {"key": "service.name", "value": {"stringValue": "quern"}} in resource["resource"]["attributes"]
                for scope in resource["scopeSpans"]:
                    self.spans.extend(scope["spans"])
            self.arrived.notify_all()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def collector():
    Collector.spans.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def attributes(span):
    return {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}


def test_traces_go_to_a_collector(serve, inputs, collector):
    server = serve("--otlp-endpoint", collector, "--trace-share", "0")
    trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    before = time.time_ns()
    answer = infer(server, inputs, 1, headers={"traceparent": f"00-{trace}-{parent}-01"})
    after = time.time_ns()
    version, echoed, span_id, flags = answer.getheader("traceparent").split("-")
    assert (version, echoed, flags) == ("00", trace, "01") and span_id != parent
    infer(server, inputs, 2, headers={"traceparent": f"00-{trace}-{parent}-00"})
    assert infer(server, inputs, 3).getheader("traceparent").endswith("-00")
    server.stop()
    by_name = {span["name"]: span for span in Collector.spans}
    assert sorted(by_name) == ["POST /v2/models/heart/infer", "infer", "log", "parse"] and len(Collector.spans) == 4
    root = by_name.pop("POST /v2/models/heart/infer")
    assert (root["traceId"], root["spanId"], root["parentSpanId"], root["kind"]) == (trace, span_id, parent, 2)
    about = attributes(root)
    assert (about["http.response.status_code"], about["quern.model"], about["quern.request_id"]) == ("200", "heart", "r1")
    begin, end = int(root["startTimeUnixNano"]), int(root["endTimeUnixNano"])
    assert before - 10**7 <= begin <= end <= after + 10**7
    at = begin
    for name in ("parse", "infer", "log"):
        span = by_name[name]
        assert (span["traceId"], span["parentSpanId"]) == (trace, span_id)
        assert at <= int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"]) <= end
        at = int(span["endTimeUnixNano"])
    assert len({span["spanId"] for span in Collector.spans}) == 4


def test_a_collector_that_is_away_costs_spans_and_nothing_else(serve, inputs):
    server = serve("--otlp-endpoint", "http://127.0.0.1:9")
    assert infer(server, inputs, 1).status == 200
    deadline = time.monotonic() + 20
    dropped = "quern_trace_dropped_spans_total 0"
    while dropped.endswith(" 0") and time.monotonic() < deadline:
        lines = server.ask("GET", "/metrics").text.splitlines()
        dropped = next(line for line in lines if line.startswith("quern_trace_dropped_spans_total "))
    assert not dropped.endswith(" 0")
    server.stop()


def test_the_dashboard_names_metrics_that_exist(serve, inputs):
    server = serve()
    answer = infer(server, inputs, 1)
    assert answer.status == 200
    exposed = {line.split("{")[0].split(" ")[0] for line in server.ask("GET", "/metrics").text.splitlines()
               if line and not line.startswith("#")}
    dashboard = json.loads((ROOT / "docs" / "grafana" / "quern-serving.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [variable["query"] for variable in dashboard["templating"]["list"]]
    named = set(re.findall(r"\b(?:quern|process)_[a-z_]+\b", " ".join(asked)))
    assert len(named) > 15 and not named - exposed
