"""A candidate that fails on what callers send: they are answered all the same, guards act at once, the record says why."""

import pytest

from wire.model_server import ModelServer
from wire.odds import Grpc, Http, Refused, begin, log, odds_project, release
from wire.programs import until

CANARY = {"strategy": "canary", "steps": [{"weight": 50, "for": "1h"}], "guards": {"consecutive_failures": 5}}


@pytest.fixture(scope="module")
def odds(trained, tmp_path_factory):
    return odds_project(trained, tmp_path_factory.mktemp("failures") / "heart")


@pytest.fixture(scope="module")
def server(quern, odds):
    running = ModelServer(quern, "odds@champion", "--grpc-port", "0", "--watch", "0.2", folder=odds)
    yield running
    running.kill()


@pytest.fixture(params=[Http, Grpc])
def caller(request, server):
    yield request.param(server)
    # The next test begins a release of its own.
    if not release(server)["release"]["closed"] and release(server)["release"]["phase"] != "rolled_back":
        assert server.post("/v1/releases/odds/abort", json={"reason": "the test is over"}).status_code == 200


def asked_until_rolled_back(server, caller, x):
    """Every answer is a right one of the stable version; the routes that say who failed before."""
    instead = []
    for _ in range(80):
        answer = caller.ask(x)
        assert answer.version == "1" and answer.right(x), (answer.version, answer.score)
        if answer.route and answer.route.count("/") == 4:
            instead.append(answer.route)
    until(lambda: release(server)["release"]["phase"] == "rolled_back")
    return instead


def test_a_candidate_without_a_number(server, caller):
    begun = begin(server, CANARY, "2")
    versions = {caller.ask(1.0).version for _ in range(60)}
    assert versions == {"1", "2"}
    instead = asked_until_rolled_back(server, caller, -1.0)
    # One request met it: from then on it got no more.
    assert len(instead) == 1 and instead[0].startswith(begun["id"] + "/") and instead[0].endswith("/1")
    last = log(server)[-1]
    assert last["actor"] == "guard" and last["sentence"] == "version 2: answered with a NaN"


def test_a_candidate_that_breaks(server, caller):
    begin(server, CANARY, "3")
    assert {caller.ask(1.0).version for _ in range(60)} == {"1", "3"}
    instead = asked_until_rolled_back(server, caller, 100.0)
    assert len(instead) == CANARY["guards"]["consecutive_failures"]
    last = log(server)[-1]
    assert last["actor"] == "guard" and last["sentence"] == "version 3: failed too many requests in a row"


def test_a_candidate_that_refuses_what_the_stable_version_takes(server, caller):
    begin(server, CANARY, "4")
    instead = asked_until_rolled_back(server, caller, 1.0)
    assert len(instead) == CANARY["guards"]["consecutive_failures"]
    last = log(server)[-1]
    assert last["actor"] == "guard" and last["sentence"] == "version 4: failed too many requests in a row"


def test_a_tester_hears_what_the_candidate_says(server, caller):
    begin(server, {**CANARY, "steps": [{"weight": 1, "for": "1h"}]}, "3")
    with pytest.raises(Refused) as refused:
        caller.ask(100.0, headers={"x-quern-route": "candidate"})
    assert refused.value.status in (500, "INTERNAL") and refused.value.told["x-quern-version"] == "3"
    assert caller.ask(1.0, headers={"x-quern-route": "candidate"}).version == "3"


def test_what_both_refuse_is_the_callers(server, caller):
    begin(server, {**CANARY, "steps": [{"weight": 99.99, "for": "1h"}]}, "4")
    for _ in range(20):
        with pytest.raises(Refused) as refused:
            caller.ask(output="nothing")
        assert refused.value.status in (400, "INVALID_ARGUMENT") and "nothing" in refused.value.text
        assert refused.value.told["x-quern-version"] == "1"
    assert release(server)["release"]["phase"] == "step"
