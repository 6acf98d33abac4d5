"""A project whose registry holds versions of one small model, and callers of it by both protocols."""

import contextlib
import json
import math
import shutil
import sqlite3

import grpc
import requests
from tritonclient.grpc import service_pb2, service_pb2_grpc

from wire.model_server import odds_model

VERSIONS = {"1": "sound", "2": "nan", "3": "failing", "4": "demanding", "5": "sound"}


def odds_project(trained, folder):
    """`odds` with these versions; the first is the champion."""
    shutil.copytree(trained, folder, symlinks=True)
    with contextlib.closing(sqlite3.connect(folder / ".quern" / "quern.db")) as database:
        database.execute("INSERT INTO registered_models VALUES ('odds', '', 0, 0)")
        for version, kind in VERSIONS.items():
            path = f"artifacts/models/odds-{version}"
            (folder / ".quern" / path).mkdir(parents=True)
            odds_model(folder / ".quern" / path / "model.onnx", kind)
            database.execute(
                "INSERT INTO model_versions VALUES ('odds', ?, '', ?, '', '', '', '', '', '', '', 'None', 'READY', '', 0, 0, '{}')",
                (int(version), path))
        database.execute("INSERT INTO model_aliases VALUES ('odds', 'champion', 1)")
        database.commit()
    return folder


class Refused(Exception):
    """`status` is HTTP's, or the name of gRPC's; `told` what a release says of who refused."""

    def __init__(self, status, text, told):
        super().__init__(f"{status}: {text}")
        self.status, self.text, self.told = status, text, told


class Answer:
    def __init__(self, version, probabilities, told, ids):
        self.version, self.told, self.ids = version, told, ids
        self.score = probabilities[-1]

    @property
    def route(self):
        return self.told.get("x-quern-route")

    def right(self, x):
        return math.isclose(self.score, 1 / (1 + math.exp(-x)), rel_tol=1e-5)


class Http:
    def __init__(self, running):
        self.url = running.url
        self.session = requests.Session()

    def ask(self, x=1.0, output="", version="", headers=None, request_id=None):
        body = {"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [x]}]}
        if output:
            body["outputs"] = [{"name": output}]
        if request_id:
            body["id"] = request_id
        path = f"/v2/models/odds{'/versions/' + version if version else ''}/infer"
        answer = self.session.post(self.url + path, json=body, headers=headers, timeout=60)
        told = {key.lower(): value for key, value in answer.headers.items()}
        if answer.status_code != 200:
            raise Refused(answer.status_code, answer.json()["error"], told)
        found = answer.json()
        outputs = {output["name"]: output["data"] for output in found["outputs"]}
        return Answer(found["model_version"], outputs["probabilities"], told, found.get("parameters", {}).get("prediction_ids"))


class Grpc:
    def __init__(self, running):
        self.channel = grpc.insecure_channel(running.grpc)
        self.stub = service_pb2_grpc.GRPCInferenceServiceStub(self.channel)

    def ask(self, x=1.0, output="", version="", headers=None, request_id=None):
        request = service_pb2.ModelInferRequest(model_name="odds", model_version=version, id=request_id or "")
        tensor = request.inputs.add(name="x", datatype="FP32", shape=[1, 1])
        tensor.contents.fp32_contents.append(x)
        if output:
            request.outputs.add(name=output)
        try:
            found, call = self.stub.ModelInfer.with_call(request, metadata=list((headers or {}).items()), timeout=60)
        except grpc.RpcError as error:
            raise Refused(error.code().name, error.details(), dict(error.trailing_metadata() or ())) from None
        told = dict(call.trailing_metadata() or ())
        # Clients that show no metadata find the route in the answer.
        inside = found.parameters["route"].string_param if "route" in found.parameters else None
        assert inside == told.get("x-quern-route")
        probabilities = memoryview(found.raw_output_contents[[o.name for o in found.outputs].index("probabilities")]).cast("f")
        ids = json.loads(found.parameters["prediction_ids"].string_param) if "prediction_ids" in found.parameters else None
        return Answer(found.model_version, probabilities, told, ids)


def begin(running, strategy, candidate):
    answer = running.post("/v1/releases", json={"model": "odds", "candidate": candidate, "strategy": strategy})
    assert answer.status_code == 201, answer.text
    return answer.json()


def release(running):
    return running.get("/v1/releases/odds").json()


def log(running):
    return running.get("/v1/releases/odds/log").json()["log"]
