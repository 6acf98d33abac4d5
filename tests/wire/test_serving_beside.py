"""Models that `quern server` serves beside everything else: one port for MLflow's clients and for those of models."""

import json
import re
import shutil
import subprocess

import mlflow
import numpy as np
import pytest
import requests
import tritonclient.grpc
import tritonclient.http

from wire.model_server import ModelServer, linear_model
from wire.programs import until
from wire.tracking_servers import quern_server

ROW = {"age": 57, "sex": 1, "cp": 4, "trestbps": 150, "chol": 276, "fbs": 0, "restecg": 2, "thalach": 112, "exang": 1, "oldpeak": 0.6,
       "slope": 2, "ca": 1, "thal": 6}


@pytest.fixture(scope="module")
def project(two_versions, tmp_path_factory):
    return shutil.copytree(two_versions, tmp_path_factory.mktemp("beside") / "heart", symlinks=True)


@pytest.fixture(scope="module")
def server(quern, project, tmp_path_factory):
    model = linear_model(tmp_path_factory.mktemp("models") / "price.onnx")
    running = quern_server(quern, project, "--serve", "heart@champion", "--serve", model, "--grpc-port", "0", "--watch", "0.2")
    running.grpc = until(lambda: re.search("grpc://([^, ]+),", running.log.read_text()))[1]
    yield running
    running.kill()


def score(url, row=ROW, **options):
    return requests.post(url + "/invocations", json={"dataframe_records": [row]}, timeout=30, **options)


def test_one_port_for_runs_and_for_models(server):
    client = mlflow.MlflowClient(server.url, server.url)
    assert [e.name for e in client.search_experiments()]
    assert requests.get(server.url + "/v2/models", timeout=30).json() == {"models": ["heart", "price"]}
    assert requests.get(server.url + "/ping", timeout=30).status_code == 200
    assert "quern_inflight" in requests.get(server.url + "/metrics", timeout=30).text
    # Of paths that both kinds of server have, this one keeps its own.
    assert requests.get(server.url + "/health", timeout=30).text == "OK"
    calls = requests.get(server.url + "/", headers={"Accept": "application/json"}, timeout=30).text
    assert "/v2/models/{name}/infer" in calls and "/api/2.0/mlflow/runs/create" in calls
    assert "/v1/models/{name}:predict" in calls


def test_answers_are_those_of_a_model_server(quern, project, server):
    alone = ModelServer(quern, "heart@champion", "--no-prediction-log", folder=project)
    assert score(server.url).json()["predictions"] == score(alone.url).json()["predictions"]
    assert alone.stop() == 0
    x = np.array([[1.5, 2.5, -1]], np.float32)
    http = tritonclient.http.InferenceServerClient(server.url.removeprefix("http://"))
    grpc = tritonclient.grpc.InferenceServerClient(server.grpc)
    described = http.get_model_metadata("price")
    name, out = described["inputs"][0]["name"], described["outputs"][0]["name"]
    answers = []
    for module, client in ((tritonclient.http, http), (tritonclient.grpc, grpc)):
        tensor = module.InferInput(name, list(x.shape), "FP32")
        tensor.set_data_from_numpy(x)
        answers.append(client.infer("price", [tensor]).as_numpy(out))
    assert answers[0].shape[0] == 1 and np.array_equal(*answers)


def test_predictions_are_kept_and_labels_find_them(server):
    kept = score(server.url).json()["prediction_ids"]
    said = requests.post(server.url + "/v1/feedback", json=[{"prediction_id": kept[0], "label": "1"}], timeout=30)
    assert said.status_code == 200 and said.json()["accepted"] == 1, said.text


def test_the_page_finds_it(server):
    shown = requests.get(server.url + "/ajax-api/2.0/quern/serving/servers", timeout=30).json()
    assert [s["url"] for s in shown["servers"]] == [server.url], shown
    inputs = [{"name": name, "shape": [1], "datatype": "FP64", "data": [value]} for name, value in ROW.items()]
    tried = requests.post(server.url + "/ajax-api/2.0/quern/serving/try", timeout=30, json={
        "server": shown["servers"][0]["id"], "model": "heart", "body": json.dumps({"inputs": inputs})}).json()
    assert tried["status"] == 200 and "outputs" in tried["body"], tried


@pytest.mark.parametrize("path, status", [("/v2/models/none", 404), ("/v2/nothing", 404), ("/v2/models/heart/versions/none", 404), ("/v1/models/none", 404)])
def test_what_is_not_there_is_said_as_a_model_server_does(server, path, status):
    answer = requests.get(server.url + path, timeout=30)
    assert answer.status_code == status and set(answer.json()) == {"error"}, answer.text


@pytest.mark.parametrize("header, value", [("Host", "evil.example"), ("Origin", "http://evil.example")])
def test_models_are_behind_the_same_guard(server, header, value):
    refused = score(server.url, headers={header: value})
    assert refused.status_code == 403, refused.text
    passed = score(server.url)
    assert passed.status_code == 200 and passed.headers["X-Content-Type-Options"] == "nosniff"
    # This server's own page may ask.
    own = score(server.url, headers={"Origin": server.url})
    assert own.status_code == 200 and own.headers["Access-Control-Allow-Origin"] == server.url


def test_an_alias_that_moves_is_followed(quern, project, server):
    def versions():
        return requests.get(server.url + "/v2/models/heart", timeout=30).json()["versions"]

    assert versions() == ["1"]
    client = mlflow.MlflowClient(server.url, server.url)
    client.set_registered_model_alias("heart", "champion", "2")
    until(lambda: versions() == ["2"])


def test_scripts_read_where_grpc_listens(quern, project):
    process = subprocess.Popen([quern, "server", "--root", ".", "--port", "0", "--serve", "heart", "--grpc-port", "0", "--json"], cwd=project,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        said = json.loads(process.stdout.readline())
        assert tritonclient.grpc.InferenceServerClient(said["grpc"].removeprefix("grpc://")).is_model_ready("heart")
        assert requests.get(said["url"] + "/v2/models/heart", timeout=30).status_code == 200
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0


def test_it_ends_as_it_should(quern, project, tmp_path):
    running = quern_server(quern, shutil.copytree(project, tmp_path / "heart", symlinks=True), "--serve", "heart")
    kept = score(running.url).json()["prediction_ids"]
    assert running.stop() == 0
    again = ModelServer(quern, "heart", folder=tmp_path / "heart")
    label = again.post("/v1/feedback", json=[{"prediction_id": kept[0], "label": "0"}])
    assert label.json()["accepted"] == 1 and not label.json().get("unknown"), label.text
    assert again.stop() == 0


@pytest.mark.parametrize("options, words", [
    (["--serve", "heart@nobody"], "nobody"),
    (["--serve", "missing.onnx"], "missing.onnx"),
    (["--grpc-port", "0"], "--serve NAME@champion"),
    (["--serve", "heart", "--backend-store-uri", "sqlite:///other.db"], "--backend-store-uri"),
])
def test_what_cannot_be_served_is_said(quern, project, options, words):
    done = subprocess.run([quern, "server", "--root", ".", "--port", "0", *options], cwd=project, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and words in done.stderr and "\n  help: " in done.stderr and not done.stdout, done.stderr
