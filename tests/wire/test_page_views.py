"""What the web page asks beyond MLflow's calls, on the store of a real run of examples/heart."""

import concurrent.futures
import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import time

import pytest
import requests

from where import ROOT
from ports import free_port
from wire.programs import until
from wire.tracking_servers import Process, Store, environment, quern_server

STATES = {"running", "failed", "blocked", "stale", "attention", "fresh", "absent"}


@pytest.fixture(scope="module")
def project(story):
    return story


@pytest.fixture(scope="module")
def server(quern, project):
    process = quern_server(quern, Store(project))
    yield process
    process.kill()


@pytest.fixture(scope="module")
def ask(server):
    def get(path, status=200, **args):
        answer = requests.get(f"{server.url}/api/2.0/quern/{path}", params=args, timeout=60)
        assert answer.status_code == status, answer.text[:500]
        return answer.json()

    return get


def test_overview_says_how_each_phase_stands_and_who_must_act(ask):
    view = ask("overview")
    assert view["project"] == "heart" and view["run"]["state"] == "FINISHED"
    phases = {phase["phase"]: phase for phase in view["phases"]}
    assert list(phases) == ["design", "data", "training", "models", "serving", "monitoring", "retraining"]
    assert {phase["state"] for phase in view["phases"]} <= STATES
    assert phases["training"]["state"] == "fresh"
    assert phases["models"]["facts"] == ["heart/2 is champion"]
    assert phases["data"]["facts"][0] == "4 sources, 920 rows"
    assert view["plan"]["known"] and view["plan"]["stale"] == 0
    va = [task for task in view["tasks"] if task["step"] == "monitor:va"]
    assert va[0]["role"] == "ML engineer" and va[0]["who"] == "answers for serving and monitoring"


def test_a_changed_file_makes_what_follows_stale(quern, project, tmp_path):
    folder = shutil.copytree(project, tmp_path / "heart", symlinks=True)
    data = folder / "data" / "processed.va.data"
    data.write_text(data.read_text() + data.read_text().splitlines()[0] + "\n")
    process = quern_server(quern, Store(folder))
    try:
        view = requests.get(f"{process.url}/api/2.0/quern/overview", timeout=60).json()
    finally:
        process.kill()
    phases = {phase["phase"]: phase["state"] for phase in view["phases"]}
    assert phases["data"] == "stale" and phases["monitoring"] == "stale" and phases["training"] == "fresh"
    assert view["tasks"][0]["text"] == "ingest:va is out of date: input:processed.va.data changed"
    assert view["tasks"][0]["command"] == "quern run"


def test_the_plan_of_one_project_says_nothing_of_another(quern, project, tmp_path):
    folder = shutil.copytree(project, tmp_path / "heart", symlinks=True)
    data = folder / "data" / "processed.va.data"
    data.write_text(data.read_text() + data.read_text().splitlines()[0] + "\n")
    with sqlite3.connect(folder / ".quern" / "quern.db") as database:
        database.execute("INSERT INTO pipeline_runs(id, project, state, start_ms, summary) VALUES ('o1', 'other', 'FINISHED', 5, '')")
        database.execute("INSERT INTO pipeline_steps(pipeline_run_id, position, step, phase, state, reason, key, seconds) VALUES ('o1', 0, 'ingest:va', 'ingest', 'done', 'new', '', 1)")
    process = quern_server(quern, Store(folder))
    try:
        view = requests.get(f"{process.url}/api/2.0/quern/overview", params={"project": "other"}, timeout=60).json()
        own = requests.get(f"{process.url}/api/2.0/quern/overview", timeout=60).json()
    finally:
        process.kill()
    assert view["project"] == "other" and not view["plan"]["known"] and "'heart'" in view["plan"]["why"]
    assert [step["now"] for step in view["steps"]] == ["fresh"] and view["tasks"] == []
    assert own["project"] == "heart" and own["plan"]["stale"] > 0


def test_document_is_the_reports(ask, project):
    report = json.loads((project / ".quern" / "report.json").read_text())
    document = ask("document")
    for section in ("design", "ingest", "validate", "explore", "train", "evaluate", "register", "deploy", "monitor", "retrain", "deployments"):
        assert document[section] == report[section], section
    cut = ask("document", sections="design,train")
    assert cut["train"] == report["train"] and "explore" not in cut
    assert ask("document", sections="train,train")["train"] == report["train"]
    assert ask("document", sections="project, train")["project"] == "heart"
    assert ask("document", run_id=document["run_id"], sections="monitor")["monitor"] == report["monitor"]


def test_requirements_have_evidence(ask):
    view = ask("requirements")
    lines = {line["id"]: line for line in view["lines"]}
    assert lines["roc_auc"]["status"] == "pass" and lines["roc_auc"]["step"] == "register"
    assert lines["roc_auc"]["watched"]["batch"] == "va" and lines["roc_auc"]["watched"]["version"] == 2
    assert lines["parity"]["observed"] == 0 and lines["parity"]["step"] == "retrain:hungarian"
    assert {"recall", "bedside", "parity", "explain"} <= set(lines)


def test_pipeline_runs_and_their_steps(ask):
    runs = ask("pipeline/runs")["runs"]
    assert sum(runs[0]["states"].values()) == 24 and set(runs[0]["states"]) <= {"cached", "done"}
    steps = ask(f"pipeline/runs/{runs[0]['id']}")["steps"]
    assert {step["id"] for step in steps} >= {"train", "monitor:va", "retrain:va"}
    assert next(step for step in steps if step["id"] == "deploy")["gates"][0]["status"] == "pass"
    assert ask("pipeline/runs", max_results=1)["runs"][0]["id"] == runs[0]["id"]


def test_data_by_source_with_history(ask):
    sources = {source["source"]: source for source in ask("data")["sources"]}
    assert sources["cleveland"]["use"] == "training" and sources["va"]["use"] == "later"
    assert sources["va"]["checks"]["warnings"] == 7 and sources["va"]["rows"] == 200
    view = ask("data/va")
    assert view["explore"]["rows"] == 200 and len(view["snapshots"]) == 1
    assert view["history"][0]["counts"]["total"] == 29


def test_models_versions_and_one_version(ask):
    model, = ask("models")["models"]
    assert model["name"] == "heart" and model["champion"]["version"] == 2
    view = ask("models/heart")
    assert [version["version"] for version in view["versions"]] == [2, 1]
    gates = view["versions"][1]["gates"]
    assert gates["pass"] >= 4 and gates["fail"] == gates["pending"] == 0
    assert ask("models/heart", max_results=1)["next"] == 2
    assert [version["version"] for version in ask("models/heart", before=2)["versions"]] == [1]
    version = ask("models/heart/versions/champion")
    assert version["version"] == 2 and version["contests"][0]["candidate"]["accepted"]
    assert version["card"]["learner"] and version["card"]["metrics"]["roc_auc"]["low"] < version["card"]["metrics"]["roc_auc"]["value"]
    kinds = {node["kind"] for node in version["lineage"]["nodes"]}
    assert kinds >= {"source", "snapshot", "run", "model_version", "deployment", "batch", "decision"}
    assert version["served"]["predictions"] > 100
    assert any(change["change"] == "alias champion" for change in version["log"])


def test_snippets_run_as_they_stand(ask, quern, project, server, tmp_path, free_port):
    snippets = {snippet["title"]: snippet["code"] for snippet in ask("models/heart/versions/2")["snippets"]}
    environ = {**environment(), "PATH": f"{quern.parent}:{environment()['PATH']}"}
    serve = snippets["Serve it"].replace("8080", str(free_port))
    running = subprocess.Popen(["bash", "-c", "exec " + serve], env=environ, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout.readline().startswith("listening on")
        for title, command in [("Ask it", ["bash", "-c"]), ("Ask it from Python", [sys.executable, "-c"])]:
            code = snippets[title].replace("8080", str(free_port))
            done = subprocess.run([*command, code], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0 and "predictions" in done.stdout, (title, done.stdout, done.stderr)
    finally:
        running.terminate()
        running.wait(timeout=30)
    done = subprocess.run([sys.executable, "-c", snippets["Load it with MLflow"]], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0 and "probabilities" in done.stdout, done.stderr[-2000:]


def test_snippets_name_the_server_as_a_proxy_for_tls_shows_it(server):
    answer = requests.get(f"{server.url}/api/2.0/quern/models/heart/versions/2", headers={"X-Forwarded-Proto": "https"}, timeout=60).json()
    snippets = {snippet["title"]: snippet["code"] for snippet in answer["snippets"]}
    assert f'mlflow.set_tracking_uri("https://127.0.0.1:{server.port}")' in snippets["Load it with MLflow"]


def test_serving_with_a_release_and_its_evidence(ask):
    view = ask("serving")
    assert {(d["version"], d["state"]) for d in view["deployments"]} == {(1, "retired"), (2, "live")}
    assert {version["version"] for version in view["versions"]} == {"1", "2"}
    # The run made one of its own, from the first version to the second.
    first, = [release for release in view["releases"] if release["stable"] == "1"]
    assert first["phase"] == "promoted"
    release, = [release for release in view["releases"] if release["stable"] == "2"]
    assert release["phase"] == "rolled_back"
    one = ask(f"serving/releases/{release['id']}")
    assert one["verdicts"][0]["call"] == "harm" and one["log"][0]["actor"] == "ada"
    assert one["log"][-1]["actor"] == "judge" and one["shadow"] is None and one["earned"] is None


def test_predictions_over_time(ask, project):
    with sqlite3.connect(project / ".quern" / "quern.db") as database:
        counted = dict(database.execute("SELECT version, count(*) FROM predictions GROUP BY version"))
    view = ask("serving/predictions", model="heart", buckets=10)
    assert {version["version"]: sum(version["counts"]) for version in view["versions"]} == counted
    one, = ask("serving/predictions", model="heart", version="2")["versions"]
    assert sum(one["scores"]["counts"]) == one["looked"] == counted["2"]
    assert {decision["label"] for decision in one["decisions"]} == {"0", "1"}
    assert ask("serving/predictions", model="none")["versions"] == []


def test_one_version_is_found_among_more_than_are_listed(quern, project, tmp_path):
    folder = shutil.copytree(project, tmp_path / "heart", symlinks=True)
    with sqlite3.connect(folder / ".quern" / "quern.db") as database:
        counted, = database.execute("SELECT count(*) FROM predictions WHERE version = '2'").fetchone()
        # By their text all of these come before "2".
        database.executemany("INSERT INTO predictions(prediction_id, request_id, row_index, model, version, made_at, features, scores, decision, latency_ms) "
                             "VALUES (?, '', 0, 'heart', ?, 5, '{}', '[1]', '1', 1)", [(f"p{n}", str(n)) for n in range(1000, 2000)])
    process = quern_server(quern, Store(folder))
    try:
        one, = requests.get(f"{process.url}/api/2.0/quern/serving/predictions", params={"model": "heart", "version": "2"}, timeout=60).json()["versions"]
        assert one["version"] == "2" and sum(one["counts"]) == counted
        version = requests.get(f"{process.url}/api/2.0/quern/models/heart/versions/2", timeout=60).json()
        assert version["served"]["predictions"] == counted
    finally:
        process.kill()


def test_monitoring_batches_with_decisions(ask):
    view = ask("monitoring")
    assert [batch["batch"] for batch in view["batches"]] == ["hungarian", "switzerland", "va"]
    first = view["batches"][0]
    assert first["retraining"]["decision"]["action"] == "promote" and first["drift"]["drifted"]
    assert view["batches"][2]["concept_drift"]["state"] == "yes"
    assert {"drift", "concept", "quality"} <= {alert["kind"] for alert in view["batches"][2]["alerts"]}


def test_lineage_around_a_node_and_by_kind(ask, server):
    everything = ask("lineage")
    assert len(everything["nodes"]) == everything["nodes_in_all"] > 20
    around = ask("lineage", node="source:va")
    assert 1 < len(around["nodes"]) < len(everything["nodes"])
    versions = ask("lineage", kind="source,model_version")
    assert {node["kind"] for node in versions["nodes"]} == {"source", "model_version"}
    assert any(edge["to"] == "model_version:heart/2" for edge in versions["edges"])
    assert len(ask("lineage", max_results=3)["nodes"]) == 3
    # Who made it, and of runs which one it is.
    assert all("@" in node["actor"] for node in everything["nodes"])
    of_run = [node["run"] for node in everything["nodes"] if node["kind"] == "run"]
    assert len(of_run) == 2 and {node["run"] for node in everything["nodes"] if node["kind"] != "run"} == {None}
    for run in of_run:
        info = requests.get(f"{server.url}/api/2.0/mlflow/runs/get", params={"run_id": run["id"]}, timeout=60).json()["run"]["info"]
        assert info["experiment_id"] == run["experiment_id"]


@pytest.mark.parametrize("path, status", [
    ("document?run_id=none", 404), ("overview?project=none", 404), ("pipeline/runs/none", 404), ("pipeline/runs?max_results=0", 400),
    ("pipeline/runs?max_results=1001", 400), ("pipeline/runs?max_results=x", 400), ("lineage?node=none", 404), ("lineage?node=s", 400),
    ("data/none", 404), ("models/none", 404), ("models/heart/versions/99", 404), ("models/heart/versions/nobody", 404),
    ("models/heart/versions/99999999999999999999", 404), ("models/%00", 400), ("serving/releases/none", 404), ("serving/predictions", 400),
    ("serving/predictions?model=heart&buckets=100000", 400), ("serving/predictions?model=heart&since_ms=9&until_ms=3", 400), ("events?since=-1", 400),
    ("nothing", 404)])
def test_bad_input_is_named(server, path, status):
    answer = requests.get(f"{server.url}/api/2.0/quern/{path}", timeout=60)
    assert answer.status_code == status, answer.text
    assert answer.json()["message"]


@pytest.fixture(scope="module")
def empty(quern, tmp_path_factory):
    process = quern_server(quern, Store(tmp_path_factory.mktemp("empty") / "store"))
    yield process
    process.kill()


def test_an_empty_store_has_empty_answers(empty):
    for path in ("overview", "document", "requirements", "pipeline/runs", "data", "models", "serving", "monitoring", "lineage"):
        assert requests.get(f"{empty.url}/api/2.0/quern/{path}", timeout=60).status_code == 200, path
    view = requests.get(f"{empty.url}/api/2.0/quern/overview", timeout=60).json()
    assert view["run"] is None and {phase["state"] for phase in view["phases"]} == {"absent"}
    assert view["store"] == {"runs": False, "models": False, "predictions": False}


def test_changes_are_told_while_one_waits(empty):
    events = f"{empty.url}/api/2.0/quern/events"
    known = requests.get(events, params={"timeout": 0}, timeout=60).json()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(requests.get, events, params={"epoch": known["epoch"], "since": known["version"], "timeout": 25}, timeout=60)
        requests.post(f"{empty.url}/api/2.0/mlflow/registered-models/create", json={"name": "iris"}, timeout=60).raise_for_status()
        changed = waiting.result().json()
    assert changed["changed"]["models"] > known["version"] and changed["changed"]["steps"] <= known["version"]
    event = requests.get(events, headers={"Accept": "text/event-stream", "Last-Event-ID": f"{known['epoch']}-{known['version']}"}, timeout=60)
    assert event.headers["Content-Type"].startswith("text/event-stream")
    assert event.text.startswith("retry: 200\nid: ") and "event: change\ndata: {" in event.text


def test_waiting_pages_leave_threads_for_others_and_a_stop_does_not_wait_for_them(quern, tmp_path):
    process = quern_server(quern, Store(tmp_path / "store"))
    known = requests.get(f"{process.url}/api/2.0/quern/events", params={"timeout": 0}, timeout=60).json()
    head = (f"GET /api/2.0/quern/events?epoch={known['epoch']}&since={known['version']}&timeout=25 HTTP/1.1\r\nHost: 127.0.0.1:{process.port}\r\n\r\n").encode()
    waiting = [socket.create_connection(("127.0.0.1", process.port)) for _ in range(80)]
    for connection in waiting:
        connection.sendall(head)
    begin = time.monotonic()
    assert requests.get(f"{process.url}/api/2.0/mlflow/experiments/get?experiment_id=0", timeout=60).status_code == 200
    assert time.monotonic() - begin < 10
    begin = time.monotonic()
    assert process.stop() == 0
    assert time.monotonic() - begin < 15
    for connection in waiting:
        connection.close()


def test_the_demo_shows_its_life_cycle_while_it_runs(quern, tmp_path):
    port = free_port()
    command = [quern, "server", "--demo", "--root", tmp_path / "demo", "--port", str(port)]
    process = Process(command, port, tmp_path / "log", 60)
    try:
        view = until(lambda: [v for v in [requests.get(f"{process.url}/api/2.0/quern/overview", timeout=60).json()] if v["steps"]])[0]
        assert view["project"] == "heart" and view["plan"]["known"]
        assert process.stop() == 0
    finally:
        process.kill()
    # What was done is there, and a second start goes on from it.
    assert (tmp_path / "demo" / "quern.yaml").read_text() == (ROOT / "examples" / "heart" / "quern.yaml").read_text()
    again = Process(command, port, tmp_path / "log", 60)
    try:
        assert requests.get(f"{again.url}/api/2.0/quern/data", timeout=60).json()["sources"]
    finally:
        again.stop()
