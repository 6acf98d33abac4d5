"""A release that is refused, while the alias that it is about moves."""

import concurrent.futures
import json
import threading

import pytest

from wire.programs import until
from wire.test_releases import Caller, alias_of, begin, body, outputs, project, state, tell, trained  # noqa: F401

CANARY = {"strategy": "canary", "steps": [{"weight": 50, "for": "1h"}]}


@pytest.fixture
def damaged(quern, project):  # noqa: F811
    """Version 2 with half of its model; gives it back whole when called."""
    listed = json.loads(tell(quern, project, "models", "--json"))["versions"]
    version, = [version for version in listed if version["name"] == "heart" and version["version"] == 2]
    model = project / version["path"] / "model.onnx"
    whole = model.read_bytes()
    model.write_bytes(whole[:len(whole) // 2])
    return lambda: model.write_bytes(whole)


def ready(running, version):
    return running.get(f"/v2/models/heart/versions/{version}/ready").status_code == 200


def move(quern, project, version):  # noqa: F811
    tell(quern, project, "models", f"heart/{version}", "--set-alias", "champion", "--reason", "by hand")


def test_versions_that_cannot_be_served_change_nothing(quern, serve, project, body, damaged):  # noqa: F811
    running = serve()
    first = outputs(Caller(running, body).ask()[1])
    stop = threading.Event()

    def call():
        caller, versions = Caller(running, body), set()
        while not stop.is_set():
            versions.add(caller.ask()[1]["model_version"])  # each is answered
        return versions

    with concurrent.futures.ThreadPoolExecutor() as threads:
        calling = [threads.submit(call) for _ in range(2)]
        try:
            # The alias moves to and fro while releases to the same version are asked for.
            for _ in range(3):
                move(quern, project, 2)
                wanted = {"model": "heart", "candidate": "2", "strategy": CANARY}
                # What the alias means is the stable version, unless one is named.
                refused = running.post("/v1/releases", json=wanted)
                assert refused.status_code == 400 and "stable and candidate at once" in refused.json()["error"], refused.text
                refused = running.post("/v1/releases", json={**wanted, "stable": "1"}).json()
                assert (refused["phase"], refused["stable"], refused["closed"]) == ("rolled_back", "1", True), refused
                last = running.get("/v1/releases/heart/log").json()["log"][-1]
                assert last["sentence"].startswith("version 2 is not ready: ") and "its files have digest" in last["sentence"], last
                move(quern, project, 1)
        finally:
            stop.set()
        assert [future.result() for future in calling] == [{"1"}, {"1"}]
    assert not ready(running, 2) and outputs(Caller(running, body).ask()[1]) == first
    assert alias_of(project) == "1"
    # Nothing of it is left in the way: mended, the version is released, and the alias is followed.
    damaged()
    begun = begin(running, CANARY)
    assert state(running)["id"] == begun["id"] and ready(running, 2)
    assert running.post("/v1/releases/heart/abort", json={"reason": "enough"}).status_code == 200
    move(quern, project, 2)
    until(lambda: Caller(running, body).ask()[1]["model_version"] == "2")
