"""A release routes calls of gRPC as it does requests over HTTP: the same keys, override, shadow, counters and log."""

import contextlib
import queue
import sqlite3

import numpy as np
import pytest
import tritonclient.grpc as triton

from wire.model_server import ModelServer
from wire.odds import Grpc, Http, Refused, begin, odds_project, release
from wire.programs import until

CANARY = {"strategy": "canary", "steps": [{"weight": 50, "for": "1h"}]}


@pytest.fixture(scope="module")
def project(trained, tmp_path_factory):
    return odds_project(trained, tmp_path_factory.mktemp("grpc-releases") / "heart")


@pytest.fixture(scope="module")
def server(quern, project):
    running = ModelServer(quern, "odds@champion", "odds/5", "--grpc-port", "0", "--watch", "0.2", folder=project)
    yield running
    running.kill()


@pytest.fixture
def canary(server):
    """Begins one, which ends with the test."""
    yield lambda **changes: begin(server, {**CANARY, **changes}, "5")
    assert server.post("/v1/releases/odds/abort", json={"reason": "the test is over"}).status_code == 200


def counted(server):
    """Callers of each version, where a key divides them."""
    requests = release(server)["verdicts"][0]["requests"]
    return requests["stable"], requests["candidate"]


def test_callers_stay_where_they_are_whatever_they_speak(server, canary):
    begun = canary(key={"header": "x-ward"})
    http, grpc = Http(server), Grpc(server)
    wards = [{"x-ward": f"ward {number}"} for number in range(60)]
    over_grpc = [grpc.ask(headers=ward) for ward in wards]
    assert {answer.version for answer in over_grpc} == {"1", "5"}
    assert [http.ask(headers=ward).version for ward in wards] == [answer.version for answer in over_grpc]
    for answer in over_grpc:
        assert answer.told["x-quern-model"] == "odds" and answer.told["x-quern-version"] == answer.version
        assert answer.route == f"{begun['id']}/0/{0 if answer.version == '1' else 1}/0.5"
    candidates = sum(answer.version == "5" for answer in over_grpc)
    until(lambda: counted(server) == (60 - candidates, candidates))


def test_a_key_in_the_request_itself(server, canary):
    canary(key={"field": "x"})
    http, grpc = Http(server), Grpc(server)
    values = [float(value) for value in range(-20, 20)]
    versions = [grpc.ask(x).version for x in values]
    assert set(versions) == {"1", "5"} and versions == [grpc.ask(x).version for x in values]
    assert versions == [http.ask(x).version for x in values]


def test_a_cookie_and_the_override(server, canary):
    canary(key={"cookie": "ward"})
    grpc = Grpc(server)
    home = {ward: grpc.ask(headers={"cookie": f"a=b; ward={ward}"}).version for ward in range(40)}
    assert set(home.values()) == {"1", "5"}
    assert home == {ward: grpc.ask(headers={"cookie": f"ward={ward}"}).version for ward in range(40)}
    for wish, version in [("stable", "1"), ("candidate", "5"), ("5", "5"), ("1", "1")]:
        assert {grpc.ask(headers={"x-quern-route": wish}).version for _ in range(10)} == {version}


def test_a_version_that_is_named_is_that_version(server, canary):
    canary()
    grpc = Grpc(server)
    assert {grpc.ask(version="champion").version for _ in range(40)} == {"1", "5"}
    named = grpc.ask(version="1")
    assert named.version == "1" and named.route is None
    with pytest.raises(Refused) as refused:
        grpc.ask(version="9")
    assert refused.value.status == "NOT_FOUND"


def test_a_stream_is_routed_request_by_request(server, canary):
    begun = canary()
    client = triton.InferenceServerClient(server.grpc)
    answers = queue.Queue()
    client.start_stream(callback=lambda result, error: answers.put(error or result.get_response()))
    tensor = triton.InferInput("x", [1, 1], "FP32")
    tensor.set_data_from_numpy(np.ones((1, 1), np.float32))
    for _ in range(60):
        client.async_stream_infer("odds", [tensor])
    found = [answers.get(timeout=30) for _ in range(60)]
    client.stop_stream()
    assert {answer.model_version for answer in found} == {"1", "5"}
    assert all(answer.parameters["route"].string_param.startswith(begun["id"] + "/") for answer in found)


def test_a_shadow_sees_calls_of_grpc(server):
    begin(server, {"strategy": "shadow"}, "2")
    grpc = Grpc(server)
    for x in [1.0, -1.0] * 20:
        answer = grpc.ask(x)
        assert answer.version == "1" and answer.right(x)
    until(lambda: release(server)["release"]["phase"] == "rolled_back")
    report = release(server)["shadow"]
    assert report["rows"] > 0 and report["errors"]["candidate"]["events"] > 0, report


def test_what_was_logged_has_the_route(server, canary, project):
    canary()
    answers = [Grpc(server).ask(request_id=f"routed-{number}") for number in range(20)]
    # Labels make the server look: what was answered before is in the database by then.
    assert server.post("/v1/feedback", json=[{"prediction_id": a.ids[0], "label": "1"} for a in answers]).json()["unknown"] == []
    with contextlib.closing(sqlite3.connect(project / ".quern" / "quern.db")) as database:
        rows = dict(database.execute("SELECT prediction_id, route FROM predictions WHERE prediction_id LIKE 'routed-%'"))
    assert rows == {answer.ids[0]: answer.route for answer in answers}


def test_metrics_and_route_of_who_answers_instead(server):
    begin(server, CANARY, "4")
    caller = Grpc(server)
    for _ in range(200):
        answer = caller.ask(1.0)
        assert answer.version == "1"
        if answer.route.endswith("/0/0/0.5/1"):
            break
    assert answer.route.endswith("/0/0/0.5/1")
    metrics = server.get("/metrics").text
    refused = [line for line in metrics.splitlines() if 'version="4"' in line and 'code="400"' in line and "requests" in line]
    assert refused and float(refused[0].rsplit(" ", 1)[1]) == 1, refused
    assert server.post("/v1/releases/odds/abort", json={}).status_code == 200
