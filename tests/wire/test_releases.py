"""Releases carried out by `quern serve`: what is worse is rolled back, what is not is promoted, whatever happens meanwhile."""

import concurrent.futures
import contextlib
import http.client
import json
import os
import shutil
import sqlite3
import subprocess
import threading
import time

import pytest

from wire.model_server import ModelServer
from wire.programs import until

# `SWAPS=1000` is the full number; the default keeps the suite short.
SWAPS = int(os.environ.get("SWAPS", "60"))
NOW = {"at_least": "0s", "min_requests": 100}


def tell(quern, folder, *arguments):
    done = subprocess.run([quern, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode in (0, 3), done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def trained(quern, trained, tmp_path_factory):
    """The example with two versions that differ; the first is the champion."""
    folder = shutil.copytree(trained, tmp_path_factory.mktemp("releases") / "heart", symlinks=True)
    tell(quern, folder, "run", ".", "--set", "training.seed=8", "--until", "register")
    tell(quern, folder, "models", "heart/1", "--set-alias", "champion", "--reason", "first")
    return folder


@pytest.fixture
def project(trained, tmp_path):
    folder = tmp_path / "heart"
    shutil.copytree(trained, folder, symlinks=True)
    return folder


@pytest.fixture(scope="module")
def body(quern, trained):
    """A row that both versions take, which learned from different columns."""
    running = ModelServer(quern, "heart/1", "heart/2", "--no-prediction-log", folder=trained)
    inputs = {}
    for version in "12":
        for spec in running.get(f"/v2/models/heart/versions/{version}").json()["inputs"]:
            value = "1" if spec["datatype"] == "BYTES" else 50
            inputs[spec["name"]] = {"name": spec["name"], "shape": [1, 1], "datatype": spec["datatype"], "data": [value]}
    assert running.stop() == 0
    return json.dumps({"inputs": list(inputs.values())})


class Caller:
    """One connection that asks again and again."""

    def __init__(self, running, body):
        self.connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
        self.body = body

    def ask(self, path="/v2/models/heart/infer", **headers):
        self.connection.request("POST", path, self.body, {"Content-Type": "application/json", **headers})
        response = self.connection.getresponse()
        text = response.read()
        assert response.status == 200, (response.status, text[:300])
        return response, json.loads(text)


def outputs(answer):
    return [(output["name"], output["data"]) for output in answer["outputs"]]


def begin(running, strategy, candidate="2"):
    answer = running.post("/v1/releases", json={"model": "heart", "candidate": candidate, "strategy": strategy})
    assert answer.status_code == 201, answer.text
    return answer.json()


def state(running):
    return running.get("/v1/releases/heart").json()["release"]


def alias_of(project):
    with contextlib.closing(sqlite3.connect(project / ".quern" / "quern.db")) as database:
        return str(database.execute("SELECT version FROM model_aliases WHERE alias = 'champion'").fetchone()[0])


def test_a_worse_version_is_rolled_back_by_its_labels(serve, project, body):
    running = serve()
    caller = Caller(running, body)
    begin(running, {"strategy": "canary", "steps": [{"weight": 50, "for": "1h"}], "judge": NOW})
    seen = {"1": 0, "2": 0}
    labels = []
    for _ in range(200):
        # Whatever version 2 decides turns out to be wrong.
        response, answer = caller.ask()
        version = response.headers["X-Quern-Version"]
        decision = next(output["data"][0] for output in answer["outputs"] if output["name"] == "label")
        assert answer["model_version"] == version and response.headers["X-Quern-Model"] == "heart"
        seen[version] += 1
        labels.append({"prediction_id": answer["parameters"]["prediction_ids"][0], "label": "other" if version == "2" else decision})
    assert running.post("/v1/feedback", json=labels).status_code == 200
    until(lambda: state(running)["phase"] == "rolled_back")
    assert min(seen.values()) > 50
    records = running.get("/v1/releases/heart/log").json()["log"]
    assert records[-1]["actor"] == "judge" and "harm proven" in records[-1]["sentence"]
    assert "wrong" in records[-1]["sentence"] or "decisions" in records[-1]["sentence"]
    assert alias_of(project) == "1"
    for _ in range(20):
        assert caller.ask()[1]["model_version"] == "1"


def test_a_good_version_is_promoted_and_the_alias_moves(serve, quern, project, body):
    running = serve()
    caller = Caller(running, body)
    strategy = {"strategy": "canary", "steps": [{"weight": 50, "for": "0s"}], "key": {"header": "x-ward"}, "bake": {"for": "0s"}, "hold": "1s",
                "judge": {**NOW, "negligible": 5, "margin": 5}}
    (project / "s.yaml").write_text(json.dumps(strategy))
    tell(quern, project, "deploy", "begin", "heart", "--candidate", "2", "--strategy", "s.yaml")
    until(lambda: running.get("/v1/releases/heart").status_code == 200 and state(running)["phase"] not in ("pending", "warming"))
    assert caller.ask(**{"x-quern-route": "2"})[1]["model_version"] == "2"
    home = {}
    ward = 0
    while state(running)["phase"] == "step":
        for _ in range(50):
            ward += 1
            for key in (ward, ward % 7 + 1):
                response, answer = caller.ask(**{"x-ward": f"ward {key}"})
                if response.headers.get("X-Quern-Route") and state_is_step(response):
                    assert home.setdefault(key, answer["model_version"]) == answer["model_version"]
        assert ward < 20000
    assert set(home.values()) == {"1", "2"}
    until(lambda: alias_of(project) == "2")
    until(lambda: state(running)["closed"])
    until(lambda: running.get("/v2/models/heart").json()["versions"] == ["2"])
    assert caller.ask()[1]["model_version"] == "2"


def state_is_step(response):
    return response.headers["X-Quern-Route"].split("/")[-1] not in ("0", "1")


def test_a_shadow_is_compared_and_never_answers(serve, project, body):
    running = serve()
    caller = Caller(running, body)
    begin(running, {"strategy": "shadow"})
    for _ in range(200):
        assert caller.ask()[1]["model_version"] == "1"

    def report():
        return running.get("/v1/releases/heart").json()["shadow"]

    until(lambda: report()["rows"] + report()["dropped_requests"] == 200)
    assert report()["rows"] > 0 and report()["score_difference"]["absolute"]["max"] > 0
    answer = running.post("/v1/releases/heart/abort", json={"reason": "seen enough", "actor": "ada"})
    assert answer.status_code == 200 and answer.json()["phase"] == "rolled_back"
    assert running.get("/v1/releases/heart/log").json()["log"][-1]["actor"] == "ada"


def test_kill_9_in_the_middle_and_it_goes_on(serve, project, body):
    running = serve()
    release = begin(running, {"strategy": "canary", "steps": [{"weight": 30, "for": "1h"}], "key": {"header": "x-ward"}})
    caller = Caller(running, body)
    before = {ward: caller.ask(**{"x-ward": str(ward)})[1]["model_version"] for ward in range(100)}
    assert set(before.values()) == {"1", "2"}
    running.kill()
    running = serve()
    assert state(running)["id"] == release["id"] and state(running)["phase"] == "step"
    caller = Caller(running, body)
    assert {ward: caller.ask(**{"x-ward": str(ward)})[1]["model_version"] for ward in range(100)} == before
    assert running.post("/v1/releases/heart/weight", json={"weight": 60}).status_code == 200
    after = {ward: caller.ask(**{"x-ward": str(ward)})[1]["model_version"] for ward in range(100)}
    assert all(after[ward] == "2" for ward in before if before[ward] == "2") and after != before


def test_swaps_under_load(serve, project, body):
    """No request fails, and each answer is exactly one version's."""
    running = serve()
    right = {version: outputs(Caller(running, body).ask(f"/v2/models/heart/versions/{version}/infer")[1])
             for version in ["1"]}
    begin(running, {"strategy": "basic", "hold": "0s"})
    until(lambda: state(running)["closed"])
    right["2"] = outputs(Caller(running, body).ask()[1])
    assert right["1"] != right["2"]
    stop = threading.Event()

    def load():
        caller = Caller(running, body)
        counts = {"1": 0, "2": 0}
        while not stop.is_set():
            answer = caller.ask()[1]
            assert outputs(answer) == right[answer["model_version"]]
            counts[answer["model_version"]] += 1
        return counts

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        loads = [pool.submit(load) for _ in range(4)]
        try:
            for swap in range(SWAPS):
                begin(running, {"strategy": "basic", "hold": "1h"}, candidate="1" if swap % 2 == 0 else "2")
                phase = state(running)["phase"]
                assert phase == "promoted", phase
        finally:
            stop.set()
        counts = [work.result() for work in loads]
    assert all(sum(count[version] for count in counts) > 0 for version in right)
    assert alias_of(project) == ("2" if SWAPS % 2 == 0 else "1")


def test_bad_requests(serve):
    running = serve()
    assert running.get("/v1/releases/heart").status_code == 404
    assert running.get("/v1/releases/other").status_code == 404
    for body, status, word in [({"candidate": 2}, 400, "'model'"), ({"model": "heart", "candidate": 9}, 404, "9"),
                               ({"model": "heart", "candidate": 1}, 400, "1"),
                               ({"model": "heart", "candidate": 2, "strategy": {"strategy": "canry"}}, 400, "canary"),
                               ({"model": "heart", "candidat": 2}, 400, "candidate")]:
        answer = running.post("/v1/releases", json=body)
        assert answer.status_code == status and word in answer.json()["error"], answer.text
    answer = running.post("/v1/releases/heart/promote")
    assert answer.status_code in (400, 409, 412) and "no release" in answer.json()["error"], answer.text
    assert running.get("/v1/releases").json() == {"releases": []}
