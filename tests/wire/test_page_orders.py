"""What the page of `quern server` orders: releases, requests to served models, runs of the project. Beside it the same on the command line."""

import json
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest
import requests

from wire.model_server import pictures_model
from wire.programs import until
from wire.tracking_servers import Store, quern_server

ADA = "ada (unverified)"
STEADY = {"strategy": "canary", "steps": [{"weight": 20, "for": "1h"}]}


def tell(quern, folder, *arguments, code=0):
    done = subprocess.run([quern, *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def project(two_versions, tmp_path):
    return shutil.copytree(two_versions, tmp_path / "heart", symlinks=True)


class Page:
    """The calls that the page makes."""

    def __init__(self, url):
        self.url = url

    def get(self, path, status=200, headers=None, **args):
        answer = requests.get(f"{self.url}/ajax-api/2.0/quern/{path}", params=args, headers=headers, timeout=60)
        assert answer.status_code == status, answer.text[:500]
        return answer.json()

    def post(self, path, status=200, headers=None, **body):
        answer = requests.post(f"{self.url}/ajax-api/2.0/quern/{path}", json=body, headers=headers, timeout=60)
        assert answer.status_code == status, answer.text[:500]
        return answer.json()

    def order(self, release, verb, status=200, **body):
        return self.post(f"serving/releases/{release}/{verb}", status, **{"actor": "ada", **body})


@pytest.fixture
def page(quern, project):
    server = quern_server(quern, Store(project))
    yield Page(server.url)
    server.kill()


# Releases


def begin(page, **more):
    return page.post("serving/releases", model="heart", candidate="2", strategy=STEADY, actor="ada", **more)["release"]["id"]


def phase(page, release):
    return page.get(f"serving/releases/{release}")["release"]["phase"]


def test_a_release_is_begun_ordered_about_and_rolled_back(page, serve):
    running = serve()
    release = begin(page, reason="autumn")
    until(lambda: phase(page, release) == "step")
    paused = page.order(release, "pause", reason="wait for ward 7")
    assert paused["release"]["phase"] == "paused" and paused["sentence"] == "paused by order: wait for ward 7"
    assert page.order(release, "resume")["release"]["phase"] == "step"
    assert page.order(release, "weight", weight=35)["release"]["candidates"] == [{"version": "2", "weight": 35, "ceiling": 100, "dropped": False}]
    assert page.order(release, "abort", reason="enough")["release"]["phase"] == "rolled_back"
    until(lambda: page.get(f"serving/releases/{release}")["release"]["closed"])
    log = page.get(f"serving/releases/{release}")["log"]
    ordered = [entry["sentence"] for entry in log if entry["actor"] == ADA]
    assert ordered[1:] == ["paused by order: wait for ward 7", "resumed", "weight set from 20 to 35 %", "rolled back by order: enough"]
    until(lambda: running.get("/v1/releases/heart").json()["release"]["phase"] == "rolled_back")


def test_a_promotion_moves_the_alias(page, serve):
    serve()
    release = begin(page)
    until(lambda: phase(page, release) == "step")
    assert page.order(release, "promote")["release"]["winner"] == "2"
    until(lambda: page.get("models/heart/versions/champion")["version"] == 2)
    assert page.order(release, "finish")["release"]["closed"]


def test_the_page_meets_the_refusals_of_the_command_line(quern, page, project):
    release = begin(page)
    refused = page.order(release, "pause", 400)
    assert refused["error_code"] == "INVALID_STATE"
    said = tell(quern, project, "deploy", "pause", "heart", code=2)
    assert refused["message"].split(" (")[0] in said
    assert "open release already" in page.post("serving/releases", 400, model="heart", candidate="2", actor="ada")["message"]
    assert page.order("none", "pause", 404)["error_code"] == "RESOURCE_DOES_NOT_EXIST"


@pytest.mark.parametrize("body, words", [
    ({"candidate": "2"}, "'model'"),
    ({"model": "heart", "candidate": "9"}, "version"),
    ({"model": "heart", "candidate": "nobody"}, "no version or alias 'nobody'"),
    ({"model": "heart", "candidate": "1"}, "1"),
    ({"model": "heart", "candidate": "2", "strategy": {"strategy": "canary", "steps": ["a lot"]}}, "steps"),
    ({"model": "heart", "candidate": "2", "strategy": "canary"}, "strategy"),
    ({"model": "heart", "candidate": "2", "strategy": {"strategy": "canary", "judge": {"alpha": 7}}}, "judge.alpha"),
    ({"model": "heart", "candidate": "2", "force": True}, "'reason'"),
])
def test_what_is_wrong_with_a_new_release_is_named(page, body, words):
    answer = requests.post(f"{page.url}/api/2.0/quern/serving/releases", json={"actor": "ada", **body}, timeout=60)
    assert 400 <= answer.status_code < 500 and words in answer.json()["message"], answer.text


def test_an_order_of_nobody_is_refused(page):
    release = begin(page)
    assert "'actor'" in page.post(f"serving/releases/{release}/abort", 400)["message"]
    assert "'actor'" in page.post("serving/releases", 400, model="heart", candidate="2")["message"]
    # As a client that says who it is in the way of HTTP.
    done = requests.post(f"{page.url}/api/2.0/quern/serving/releases/{release}/abort", json={}, auth=("grace", ""), timeout=60)
    assert done.status_code == 200
    assert page.get(f"serving/releases/{release}")["log"][-1]["actor"] == "grace (unverified)"


def test_a_closed_gate_refuses_item_by_item_and_an_override_is_kept(page, serve):
    serve()
    requests.put(f"{page.url}/api/2.0/quern/models/heart/policies", timeout=60,
                 json={"policies": {"champion": {"reviewer": "other", "checks": ["bias_audit"]}}}).raise_for_status()
    release = begin(page)
    until(lambda: phase(page, release) == "step")
    refused = page.order(release, "promote", 400)
    assert refused["error_code"] == "INVALID_STATE" and "bias_audit" in refused["message"]
    gate = page.get("models/heart/versions/2/gate", alias="champion")
    assert [item["status"] for item in gate["items"]] == ["pending", "pending"] and all(item["remedy"] for item in gate["items"])
    assert "'reason'" in page.order(release, "promote", 400, force=True)["message"]
    assert page.order(release, "promote", force=True, reason="the ward cannot wait")["release"]["winner"] == "2"
    override, = page.get("models/heart/versions/2/gate", alias="champion")["overrides"]
    assert override["actor"] == ADA and override["reason"] == "the ward cannot wait"
    # What takes over at once asks before it is begun.
    page.order(release, "abort")
    until(lambda: page.get(f"serving/releases/{release}")["release"]["closed"])


def test_pages_learn_of_an_order_at_once(page):
    release = begin(page)
    before = page.get("events", timeout=0)
    page.order(release, "abort")
    after = page.get("events", epoch=before["epoch"], since=before["version"], timeout=10)
    assert after["changed"]["releases"] > before["changed"]["releases"]


# Served models


@pytest.fixture
def asked(page, serve):
    """A served model and its form."""
    running = serve()
    server, = page.get("serving/servers")["servers"]
    return running, server, page.get("serving/form", server=server["id"], model="heart", version="1")


def body_of(form, **values):
    return json.dumps({"id": "by-hand", "inputs": [
        {"name": c["name"], "shape": [1] * len(c["shape"]), "datatype": c["datatype"], "data": [values.get(c["name"], c["example"])]} for c in form["columns"]]})


def test_a_server_is_known_while_it_listens(page, serve):
    assert page.get("serving/servers")["servers"] == []
    running, other = serve(), serve()
    known = page.get("serving/servers")["servers"]
    assert [s["url"] for s in known] == [running.url, other.url] and [s["pid"] for s in known] == [running.process.pid, other.process.pid]
    assert known[0]["models"][0] == {"name": "heart", "version": "1", "requests": 0, "failed": 0, "rows": 0, "busy_ms": 0, "last_ms": 0}
    running.process.kill()
    running.process.wait()
    assert other.stop() == 0
    assert page.get("serving/servers")["servers"] == []


def test_a_server_that_hangs_says_so_and_holds_nobody_up(page, serve):
    running = serve()
    running.process.send_signal(signal.SIGSTOP)
    begun = time.monotonic()
    server, = page.get("serving/servers")["servers"]
    assert server["models"] is None and running.url in server["why"] and time.monotonic() - begun < 10
    running.process.send_signal(signal.SIGCONT)


def test_the_form_knows_what_training_saw(asked):
    _, _, form = asked
    columns = {column["name"]: column for column in form["columns"]}
    assert form["table"] and form["classes"] == ["0", "1"] and 0 < form["threshold"] < 1
    assert columns["sex"]["kind"] == "category" and columns["sex"]["labels"] == ["0", "1"]
    assert columns["age"]["kind"] == "number" and columns["age"]["low"] < columns["age"]["example"] < columns["age"]["high"]
    assert 0 < columns["ca"]["missing"] < 1


def test_an_answer_comes_as_the_model_server_gave_it(page, asked):
    running, server, form = asked
    ask = {"server": server["id"], "model": "heart", "version": "1", "body": body_of(form)}
    tried = page.post("serving/try", **ask)
    assert tried["status"] == 200 and tried["route"] == "" and tried["ms"] > 0
    direct = running.post("/v2/models/heart/versions/1/infer", data=body_of(form), headers={"Content-Type": "application/json"}).json()
    by_page = json.loads(tried["body"])
    assert by_page["outputs"] == direct["outputs"] and by_page["id"] == "by-hand" and len(by_page["parameters"]["prediction_ids"]) == 1
    reasons = page.post("serving/try", **{**ask, "body": json.dumps({**json.loads(body_of(form)), "parameters": {"top": 3}})}, explain=True)
    assert len(json.loads(reasons["body"])["explanations"][0]["contributions"]) == 3
    counted = page.get("serving/servers")["servers"][0]["models"][0]
    assert counted["rows"] >= 2 and counted["busy_ms"] > 0


def test_what_the_model_server_refuses_is_told_in_its_words(page, asked):
    running, server, form = asked
    for body in (body_of(form, age="old"), body_of(form).replace('"FP64"', '"FP65"'), "[" * 1000, "{}", body_of(form, age="x" * 200_000)):
        direct = running.post("/v2/models/heart/versions/1/infer", data=body, headers={"Content-Type": "application/json"})
        tried = page.post("serving/try", server=server["id"], model="heart", version="1", body=body)
        assert direct.status_code == 400
        assert (tried["status"], tried["body"]) == (400, direct.text)
    nan = page.post("serving/try", server=server["id"], model="heart", version="1", body=body_of(form, age=float("nan")))
    assert nan["status"] == 200  # a value that is not known
    infinite = page.post("serving/try", server=server["id"], model="heart", version="1", body=body_of(form, age=float("inf")))
    assert infinite["status"] == 400 and "age" in infinite["body"]
    assert page.post("serving/try", server=server["id"], model="liver", body="{}")["status"] == 404


def test_nothing_but_a_known_server_is_asked(page, asked):
    _, server, form = asked
    for place in ("http://127.0.0.1:22", "127.0.0.1", "../" + server["id"], server["id"] + ".json", "*"):
        assert "no model server" in page.post("serving/try", 404, server=place, model="heart", body="{}")["message"]
        page.get("serving/form", 404, server=place, model="heart")
    for name in ("../../metrics", "heart/../../metrics#", "heart?x=1"):
        assert page.post("serving/try", server=server["id"], model=name, body="{}")["status"] == 404
    assert "1048576" in page.post("serving/try", 400, server=server["id"], model="heart", body="x" * (1 << 20) + "x")["message"]
    assert "'body'" in page.post("serving/try", 400, server=server["id"], model="heart")["message"]


def test_a_server_that_is_gone_is_said_to_be(page, asked):
    running, server, form = asked
    running.process.kill()
    running.process.wait()
    gone = page.post("serving/try", 404, server=server["id"], model="heart", body=body_of(form))
    assert "listens" in gone["message"]


def test_a_token_goes_to_the_server_that_needs_it(page, serve, tmp_path):
    (tmp_path / "tokens").write_text("secret-of-the-ward\n")
    serve("--token-file", tmp_path / "tokens")
    server, = page.get("serving/servers")["servers"]
    assert server["needs_token"] and server["models"] is None and "401" in server["why"]
    page.get("serving/form", 403, server=server["id"], model="heart")
    mine = {"X-Quern-Model-Token": "secret-of-the-ward"}
    assert page.get("serving/servers", headers=mine)["servers"][0]["models"][0]["name"] == "heart"
    form = page.get("serving/form", headers=mine, server=server["id"], model="heart")
    assert page.post("serving/try", headers=mine, server=server["id"], model="heart", body=body_of(form))["status"] == 200
    assert page.post("serving/try", server=server["id"], model="heart", body=body_of(form))["status"] == 401


def test_a_model_of_tensors_has_no_columns(page, serve, tmp_path):
    serve(model=f"pictures={pictures_model(tmp_path / 'pictures.onnx')}")
    server, = page.get("serving/servers")["servers"]
    form = page.get("serving/form", server=server["id"], model="pictures")
    assert not form["table"] and form["columns"] == [] and [i["shape"] for i in form["inputs"]] == [[-1, 2, 2], [1]]


def test_a_backup_leaves_out_who_listens(quern, project, serve, tmp_path):
    serve()
    assert list((project / ".quern" / "servers").iterdir())
    tell(quern, project, "backup", tmp_path / "copy")
    assert not list((tmp_path / "copy").rglob("servers"))


# Runs


def control(page):
    return page.get("pipeline/control")


def ended(page):
    return until(lambda: (run := control(page)["run"]) and run["end_ms"] and run, 300)


def test_a_run_is_started_and_seen_to_its_end(page, project):
    now = control(page)
    assert now["allowed"] and now["project"] == "heart" and now["run"] is None
    started = page.post("pipeline/start", actor="ada", until=["register"], force=["evaluate"])["run"]
    assert started["actor"] == ADA and started["end_ms"] is None
    run = ended(page)
    assert run["exit_code"] in (0, 3) and "done  evaluate" in run["log"] and run["cancelled_by"] is None
    assert page.get("pipeline/runs")["runs"][0]["state"] == "FINISHED"


def test_only_one_run_at_a_time_and_a_cancelled_one_keeps_what_is_done(page, project):
    page.post("pipeline/start", actor="ada", force=["train"])
    until(lambda: "to do" in control(page)["run"]["log"])
    assert "under way" in page.post("pipeline/start", 400, actor="bob")["message"]
    page.post("pipeline/cancel", actor="bob")
    run = ended(page)
    assert run["exit_code"] == 130 and run["cancelled_by"] == "bob (unverified)"
    assert page.get("pipeline/runs")["runs"][0]["state"] == "KILLED"
    assert "no run that this server started" in page.post("pipeline/cancel", 400, actor="bob")["message"]


def test_what_a_run_changes_bears_the_name_of_who_started_it(page, project):
    page.post("pipeline/start", actor="ada", force=["register"], until=["register"])
    ended(page)
    (project / "quern.yaml").write_text((project / "quern.yaml").read_text().replace("seed: 7", "seed: 9"))
    page.post("pipeline/start", actor="ada", until=["register"])
    ended(page)
    with sqlite3.connect(project / ".quern" / "quern.db") as db:
        actors = {row[0] for row in db.execute("SELECT actor FROM registry_log ORDER BY id DESC LIMIT 1")}
    assert actors == {ADA}


def test_a_run_of_a_command_line_is_named_and_left_alone(quern, page, project):
    running = subprocess.Popen([quern, "run", project, "--force", "train"], stdout=subprocess.PIPE, text=True)
    running.stdout.readline()
    refused = page.post("pipeline/start", 400, actor="ada")
    assert f"process {running.pid}" in refused["message"]
    assert "Ctrl-C" in page.post("pipeline/cancel", 400, actor="ada")["message"]
    running.send_signal(signal.SIGINT)
    running.stdout.read()
    assert running.wait(timeout=60) == 130


def test_words_of_a_caller_are_no_options(page):
    page.post("pipeline/start", actor="ada", until=["--help"])
    run = ended(page)
    assert run["exit_code"] == 2 and "--help" in run["log"] and "Usage" not in run["log"]
    assert "name of no step" in page.post("pipeline/start", 400, actor="ada", force=["a\nb"])["message"]
    assert "'actor'" in page.post("pipeline/start", 400)["message"]


def test_a_page_of_another_origin_starts_nothing(page):
    refused = requests.post(f"{page.url}/ajax-api/2.0/quern/pipeline/start", json={"actor": "eve"}, headers={"Origin": "http://evil.example"}, timeout=60)
    assert refused.status_code == 403
    assert control(page)["run"] is None


@pytest.mark.parametrize("options, allowed, words", [
    (["--no-allow-run"], False, "--no-allow-run"),
    (["--host", "0.0.0.0", "--allowed-hosts", "127.0.0.1:*"], False, "without --allow-run"),
    (["--host", "0.0.0.0", "--allowed-hosts", "127.0.0.1:*", "--allow-run"], True, None),
])
def test_who_may_start_runs(quern, project, options, allowed, words):
    server = quern_server(quern, Store(project), *options)
    page = Page(server.url)
    said = control(page)
    assert said["allowed"] is allowed and (words is None or words in said["why"])
    if not allowed:
        assert words in page.post("pipeline/start", 403, actor="ada")["message"]
    server.kill()


def test_a_store_of_no_project_says_so(quern, tmp_path):
    server = quern_server(quern, Store(tmp_path / "store"))
    page = Page(server.url)
    assert not control(page)["allowed"] and "quern.yaml" in control(page)["why"]
    assert "quern.yaml" in page.post("pipeline/start", 403, actor="ada")["message"]
    server.kill()


def test_a_server_that_stops_ends_its_run(quern, project):
    server = quern_server(quern, Store(project))
    page = Page(server.url)
    page.post("pipeline/start", actor="ada", force=["train"])
    until(lambda: "to do" in control(page)["run"]["log"])
    server.stop()
    with sqlite3.connect(project / ".quern" / "quern.db") as db:
        assert db.execute("SELECT state FROM pipeline_runs ORDER BY start_ms DESC LIMIT 1").fetchone() == ("KILLED",)
    tell(quern, project, "run", ".", "--until", "ingest")
