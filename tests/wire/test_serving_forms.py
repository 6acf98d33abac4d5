"""The other protocols of `quern serve`, on models that are not Quern's own: MLflow's scoring (held against MLflow itself),
SageMaker's containers, TensorFlow Serving, KServe v1."""

import json
import re

import mlflow
import mlflow.deployments
import numpy as np
import onnx
import pandas as pd
import pytest
from mlflow.models import infer_signature

from wire.model_server import ModelServer, linear_model, pictures_model

FRAME = pd.DataFrame({"a": [1.0, 2.0], "b": [0.5, -1.0], "c": [10.0, 20.0]})


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """With a signature of columns, one of tensors, and none."""
    folder = tmp_path_factory.mktemp("forms")
    graph = onnx.load(str(linear_model(folder / "linear.onnx")))
    answers = FRAME.to_numpy(np.float32) @ np.array([[1], [2], [3]], np.float32) + 0.5
    mlflow.onnx.save_model(graph, folder / "columns", signature=infer_signature(FRAME, pd.DataFrame({"variable": answers[:, 0]})),
                           input_example=FRAME)
    mlflow.onnx.save_model(graph, folder / "plain")
    pictures_model(folder / "pictures.onnx")
    return folder


@pytest.fixture(scope="module")
def server(quern, models):
    running = ModelServer(quern, models / "columns", models / "plain", models / "pictures.onnx", "--root", models)
    yield running
    running.kill()


def predictions(server, **body):
    answer = server.post("/invocations", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


def test_invocations_answers_as_mlflow_does(server, models):
    want = mlflow.pyfunc.load_model(str(models / "columns")).predict(FRAME)
    records = json.loads(want.to_json(orient="records"))
    assert predictions(server, dataframe_split=json.loads(FRAME.to_json(orient="split"))) == records
    assert predictions(server, dataframe_records=json.loads(FRAME.to_json(orient="records"))) == records
    shuffled = FRAME[["c", "a", "b"]].assign(extra=1)
    assert predictions(server, dataframe_split=json.loads(shuffled.to_json(orient="split"))) == records
    answer = server.post("/invocations", data=FRAME.to_csv(index=False), headers={"Content-Type": "text/csv"})
    assert answer.json()["predictions"] == records


def test_a_missing_column_is_named(server):
    answer = server.post("/invocations", json={"dataframe_records": [{"a": 1, "c": 2}]})
    assert answer.status_code == 400 and "Model is missing inputs ['b']" in answer.json()["message"]
    answer = server.post("/invocations", json={"dataframe_records": [{"a": 1, "b": "x", "c": 2}]})
    assert answer.status_code == 400 and "'b', row 0: expected a number, got the text 'x'" in answer.json()["message"]


def test_columns_of_numbers_however_they_are_written(server):
    """Plain ones are read many at a time, the others between them one by one; all answers are those of the rows as records."""
    texts = {"a": ["1", "-2.5", "3e2", "true", "[4]", "null", "0.1"] + [f"{i}.25" for i in range(200)]}
    texts["b"] = ["12345678901234567890.5"] * 206 + [" 7 "]
    texts["c"] = [str(i) for i in range(207)]
    body = '{"inputs": {' + ", ".join(f'"{name}": [{" , ".join(column)}]' for name, column in texts.items()) + "}}"
    answer = server.post("/invocations", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    cells = {name: [json.loads(text) for text in column] for name, column in texts.items()}
    cells["a"][4] = 4
    records = [{name: cells[name][row] for name in cells} for row in range(207)]
    wanted = [row["variable"] for row in predictions(server, dataframe_records=records)]
    assert wanted.count(None) == 1 and [value for value, in answer.json()["predictions"]["variable"]] == wanted


@pytest.mark.parametrize("column, words", [
    ('[1, 2, "x", 4]', "'a', row 2: expected a number, got the text 'x'"),
    ("[1, 2, {}, 4]", "'a', row 2: expected one value"),
    ("[1, 2, 3]", "has 4 rows, another one 3"),
    ("[1, 2, 3, 4, 5]", "has 4 rows, another one 5"),
    ("[1, 2, 3 4]", "expected ',' or ']' at byte 26"),
    ("[1, 2, 3, 4.]", "a number that ends with its point at byte 29"),
])
def test_wrong_columns_are_named(server, column, words):
    body = '{"inputs": {"a": ' + column + ', "b": [1, 2, 3, 4], "c": [1, 2, 3, 4]}}'
    answer = server.post("/invocations", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and words in answer.json()["message"], answer.text


def test_sagemaker(server):
    assert server.get("/ping").status_code == 200
    bare = FRAME.to_csv(index=False, header=False)
    answer = server.post("/invocations", data=bare, headers={"Content-Type": "text/csv; header=absent"})
    assert [row["variable"] for row in answer.json()["predictions"]] == [32.5, 60.5]


def test_the_port_of_sagemaker(quern, models):
    import os
    import subprocess

    running = subprocess.Popen([quern, "serve", models / "plain", "--root", models], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True, env={**os.environ, "SAGEMAKER_BIND_TO_PORT": "0"})
    try:
        line = running.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:")
        # 0: any free one, of which 8080, the default, is none.
        assert re.search(r":(\d+)", line.split("//")[1]).group(1) != "8080"
    finally:
        running.kill()
        running.wait()


def test_tensorflow_serving(server):
    url = "/v1/models/columns"
    status = server.get(url).json()
    assert status["model_version_status"] == [
        {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}]
    assert server.get(url + "/versions/1").json()["model_version_status"] == status["model_version_status"]
    assert server.get(url + "/versions/2").status_code == 404
    signature = server.get(url + "/metadata").json()["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["float_input"]["dtype"] == "DT_FLOAT"

    rows, records = FRAME.to_numpy().tolist(), json.loads(FRAME.to_json(orient="records"))
    for instances in (rows, records):
        answer = server.post(url + ":predict", json={"instances": instances, "signature_name": "serving_default"})
        assert answer.json() == {"predictions": [32.5, 60.5]}, answer.text
    answer = server.post(url + "/versions/1:predict", json={"inputs": {k: v for k, v in FRAME.to_dict("list").items()}})
    assert answer.json() == {"outputs": [[32.5], [60.5]]}
    examples = [{"a": row["a"], "b": row["b"]} for row in records]
    answer = server.post(url + ":regress", json={"examples": examples, "context": {"c": 10}})
    assert answer.json() == {"result": [32.5, 30.5]}
    assert server.post(url + ":classify", json={"examples": records}).status_code == 400
    assert server.post(url + ":explode", json={}).status_code == 404
    answer = server.post(url + ":predict", json={"instances": rows, "inputs": rows})
    assert answer.status_code == 400 and "either 'instances' or 'inputs'" in answer.json()["error"]


def test_kserve_v1(server):
    assert server.get("/v1/models").json() == {"models": ["columns", "pictures", "plain"]}
    model = server.get("/v1/models/plain").json()
    assert (model["name"], model["ready"]) == ("plain", True)
    answer = server.post("/v1/models/plain:predict", json={"instances": [[1, 2, 3]]})
    assert answer.json() == {"predictions": [14.5]}


def test_tensors_that_are_no_table(server):
    image = [[[1, 2], [3, 4]], [[0, 0], [0, 1]]]
    answer = server.post("/v1/models/pictures:predict", json={"inputs": {"image": image, "scale": [2]}})
    assert answer.json() == {"outputs": [20, 2]}, answer.text
    for inputs in ({"image": [[[1, 2], [3]]], "scale": [2]}, {"image": image}, {"image": [[1, 2]], "scale": [1]},
                   {"image": [[["x", "y"], ["z", "w"]]], "scale": [1]}, [1, 2]):
        assert server.post("/v1/models/pictures:predict", json={"inputs": inputs}).status_code == 400
    answer = server.post("/v2/models/pictures/infer", json={"inputs": [
        {"name": "image", "shape": [2, 2, 2], "datatype": "FP64", "data": image},
        {"name": "scale", "shape": [1], "datatype": "INT32", "data": [2]}]})
    assert answer.json()["outputs"] == [{"name": "scaled", "datatype": "FP32", "shape": [2], "data": [20, 2]}]


def test_content_types_of_mlserver(server):
    columns = [{"name": name, "shape": [2, 1], "datatype": "FP64", "data": FRAME[name].tolist(),
                "parameters": {"content_type": "np"}} for name in FRAME]
    answer = server.post("/v2/models/columns/infer", json={"inputs": columns, "parameters": {"content_type": "pd"}})
    assert answer.json()["outputs"][0]["data"] == [32.5, 60.5]
    answer = server.post("/v2/models/columns/infer", json={"inputs": columns, "parameters": {"content_type": "zip"}})
    assert answer.status_code == 400 and "content_type" in answer.json()["error"]


def test_every_route_is_in_the_openapi_document(server):
    document = server.get("/openapi.json").json()
    assert document["openapi"].startswith("3.")
    routes = {(route["method"].lower(), route["path"]) for route in server.get("/").json()["routes"]}
    assert routes == {(method, path) for path, methods in document["paths"].items() for method in methods}
    path = document["paths"]["/v2/models/{name}/versions/{version}/infer"]["post"]
    assert [parameter["name"] for parameter in path["parameters"]] == ["name", "version"]
    assert set(path["requestBody"]["content"]) == {"application/json", "application/octet-stream"}
    predict = document["paths"]["/v1/models/{name}/labels/{label}:predict"]["post"]
    assert [parameter["name"] for parameter in predict["parameters"]] == ["name", "label"]
    assert "text/csv" in document["paths"]["/invocations"]["post"]["requestBody"]["content"]
    # What it lists of a model can be asked: only the body is wrong.
    of_plain = [path.replace("{name}", "plain").replace("{version}", "1") for path, methods in document["paths"].items()
                if "{name}" in path and "{label}" not in path and "/repository/" not in path and "post" in methods]
    assert len(of_plain) == 12 and {server.post(path, json={}).status_code for path in of_plain} == {400}


def test_mlflows_deployments_client_finds_and_asks_the_models(server, models):
    client = mlflow.deployments.get_deploy_client(server.url)
    found = {endpoint.name: endpoint for endpoint in client.list_endpoints()}
    assert set(found) == {"columns", "plain", "pictures"}
    assert found["columns"].endpoint_url == f"{server.url}/endpoints/columns/invocations"
    assert client.get_endpoint("plain").model.provider == "quern"
    want = json.loads(mlflow.pyfunc.load_model(str(models / "columns")).predict(FRAME).to_json(orient="records"))
    asked = {"dataframe_split": json.loads(FRAME.to_json(orient="split"))}
    assert client.predict(endpoint="columns", inputs=asked)["predictions"] == want
    # Another than the first one, which /invocations would ask.
    plain = client.predict(endpoint="plain", inputs={"inputs": FRAME.to_numpy().tolist()})["predictions"]
    np.testing.assert_allclose(np.ravel(list(plain.values())[0]), [row["variable"] for row in want], rtol=1e-6)
    with pytest.raises(Exception, match="nobody"):
        client.predict(endpoint="nobody", inputs=asked)
    with pytest.raises(Exception, match="Model is missing inputs"):
        client.predict(endpoint="columns", inputs={"dataframe_records": [{"a": 1}]})
