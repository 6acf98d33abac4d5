"""Explanations while a release runs: they are of the version that answers the caller, and no release judges by them."""

import json

import numpy as np
import pytest
import tritonclient.grpc as triton

from wire.programs import until
from wire.test_releases import begin, body, project, state, trained  # noqa: F401

CANARY = {"strategy": "canary", "steps": [{"weight": 50, "for": "1h"}], "key": {"header": "x-ward"}}
PARAMETERS = {"top": 4, "max_evaluations": 3000, "seed": 1}
WARDS = [{"x-ward": f"ward {number}"} for number in range(12)]


@pytest.fixture
def running(serve):
    return serve("--grpc-port", "0")


def rows_of(tensors):
    return [{tensor["name"]: tensor["data"][0] for tensor in tensors}]


def ask_grpc(running, tensors, headers):
    inputs = []
    for tensor in tensors:
        inputs.append(triton.InferInput(tensor["name"], [1, 1], tensor["datatype"]))
        kind = {"BYTES": np.object_, "FP64": np.float64, "INT64": np.int64, "FP32": np.float32}[tensor["datatype"]]
        inputs[-1].set_data_from_numpy(np.array([tensor["data"]], dtype=kind))
    with triton.InferenceServerClient(running.grpc) as client:
        found = client.infer("heart", inputs, parameters={"explain": True, **PARAMETERS}, headers=headers)
    message = found.get_response()
    return message.model_version, message.parameters["route"].string_param, json.loads(found.as_numpy("explanations")[0])


def test_the_version_that_answers_explains(running, body):  # noqa: F811
    tensors = json.loads(body)["inputs"]
    begun = begin(running, CANARY)
    of_version = {}
    for version in "12":
        answer = running.post(f"/v2/models/heart/versions/{version}/explain", json={"inputs": tensors, "parameters": PARAMETERS})
        assert answer.status_code == 200 and answer.json()["model_version"] == version and "X-Quern-Route" not in answer.headers
        of_version[version] = answer.json()["explanations"][0]
    assert of_version["1"] != of_version["2"]
    asked = {"explain": True, **PARAMETERS}
    seen = set()
    for ward in WARDS:
        predicted = running.post("/v2/models/heart/infer", json={"inputs": tensors}, headers=ward)
        version, route = predicted.headers["X-Quern-Version"], predicted.headers["X-Quern-Route"]
        assert route.startswith(begun["id"] + "/")
        seen.add(version)
        for path, wanted in [("/v2/models/heart/explain", {"inputs": tensors, "parameters": PARAMETERS}),
                             ("/v2/models/heart/infer", {"inputs": tensors, "parameters": asked}),
                             ("/v1/models/heart:explain", {"instances": rows_of(tensors), "parameters": PARAMETERS}),
                             ("/invocations", {"dataframe_records": rows_of(tensors), "params": asked})]:
            answer = running.post(path, json=wanted, headers=ward)
            assert answer.status_code == 200, (path, answer.text)
            assert answer.json()["explanations"] == [of_version[version]], (path, version)
            told = answer.headers
            assert (told["X-Quern-Model"], told["X-Quern-Version"], told["X-Quern-Route"]) == ("heart", version, route)
        assert ask_grpc(running, tensors, ward) == (version, route, of_version[version])
    assert seen == {"1", "2"}


def test_no_release_judges_by_them(running, body):  # noqa: F811
    tensors = json.loads(body)["inputs"]
    begin(running, CANARY)

    def judged():
        counted = running.get("/v1/releases/heart").json()["verdicts"][0]["requests"]
        return counted["stable"] + counted["candidate"]

    for ward in WARDS:
        asked = {"dataframe_records": rows_of(tensors), "params": {"explain": True, **PARAMETERS}}
        assert running.post("/invocations", json=asked, headers=ward).status_code == 200
        # What it refuses is no failure of the version either.
        asked["params"]["top"] = 0
        assert running.post("/invocations", json=asked, headers=ward).status_code == 400
    assert running.post("/v2/models/heart/infer", json={"inputs": tensors}).status_code == 200
    until(lambda: judged() > 0)
    assert judged() == 1 and state(running)["phase"] == "step"


def test_who_names_a_version_gets_that_one(running, body):  # noqa: F811
    """By the override of testers, and by the alias that the release moves."""
    tensors = json.loads(body)["inputs"]
    begin(running, CANARY)
    asked = {"inputs": tensors, "parameters": {"explain": True, **PARAMETERS}}
    for wish, version in [("candidate", "2"), ("stable", "1"), ("2", "2")]:
        answer = running.post("/v2/models/heart/infer", json=asked, headers={"x-quern-route": wish})
        assert (answer.json()["model_version"], answer.headers["X-Quern-Version"]) == (version, version)
    versions = {running.post("/v2/models/heart/versions/champion/infer", json=asked, headers=ward).json()["model_version"]
                for ward in WARDS}
    assert versions == {"1", "2"}
