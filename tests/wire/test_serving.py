"""`quern serve` as a client sees it: stock HTTP clients, signals, and the answers of mlflow itself.

Needs a project with a registered model: examples/heart, run once into a temporary copy (conftest.py).
"""

import json
import signal
import subprocess
import time

import pytest
import requests

class Server:
    def __init__(self, quern, project, port, name):
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [quern, "serve", name, "--port", str(port)], cwd=project,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.process.stdout.read()
            try:
                if requests.get(self.url + "/v2/health/ready", timeout=5).status_code == 200:
                    return
            except requests.ConnectionError:
                time.sleep(0.02)
        raise AssertionError("the server did not become ready")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


@pytest.fixture
def server(quern, project, free_port):
    running = Server(quern, project, free_port, "heart")
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()


def records(frame):
    return json.loads(frame.to_json(orient="records"))


def test_health_metadata_and_errors(server):
    assert requests.get(server.url + "/ping").text == "\n"
    model = requests.get(server.url + "/v2/models/heart").json()
    assert model["name"] == "heart" and model["inputs"]
    assert requests.get(server.url + "/v2/models/nobody").status_code == 404
    assert requests.get(server.url + "/invocations").status_code == 405
    assert requests.post(server.url + "/invocations", data="<a/>",
                         headers={"Content-Type": "application/xml"}).status_code == 415
    assert "quern_build_info" in requests.get(server.url + "/metrics").text


def test_every_form_gives_the_answer_of_the_package_in_mlflow(server, package, rows):
    import mlflow.pyfunc

    expected = mlflow.pyfunc.load_model(str(package)).predict(rows)
    url = server.url + "/invocations"
    split = json.loads(rows.to_json(orient="split"))
    bodies = [{"dataframe_split": split}, {"dataframe_records": records(rows)},
              {"instances": records(rows)}, {"inputs": {k: list(v.values()) for k, v in
                                                        json.loads(rows.to_json()).items()}}]
    answers = [requests.post(url, json=body).json()["predictions"] for body in bodies]
    answers.append(requests.post(url, data=rows.to_csv(index=False),
                                 headers={"Content-Type": "text/csv"}).json()["predictions"])
    for answer in answers:
        assert [str(x) for x in answer["label"]] == [str(x) for x in expected["label"]]
        for got, want in zip(answer["probabilities"], expected["probabilities"]):
            assert got == pytest.approx(list(want), abs=1e-6)


def test_infer_and_feedback(server, rows):
    model = requests.get(server.url + "/v2/models/heart").json()
    inputs = []
    for tensor in model["inputs"]:
        column = json.loads(rows[tensor["name"]].to_json(orient="values"))
        inputs.append({"name": tensor["name"], "datatype": tensor["datatype"],
                       "shape": [len(column), 1], "data": [[value] for value in column]})
    answer = requests.post(server.url + "/v2/models/heart/infer", json={"inputs": inputs}).json()
    ids = answer["parameters"]["prediction_ids"]
    assert len(ids) == len(rows) == answer["outputs"][0]["shape"][0]
    labels = [{"prediction_id": i, "label": 1} for i in ids] + [{"prediction_id": "nobody", "label": 0}]
    first = requests.post(server.url + "/v1/feedback", json=labels).json()
    assert first == {"accepted": len(labels), "updated": 0, "unchanged": 0, "unknown": ["nobody"]}
    again = requests.post(server.url + "/v1/feedback", json=labels).json()
    assert again["unchanged"] == len(labels)


def test_predict_takes_parameters_and_names_its_predictions(server, rows):
    url, instances = server.url + "/v1/models/heart:predict", records(rows)
    sure = requests.post(url, json={"instances": instances, "parameters": None}).json()
    scores = [row["probabilities"][1] for row in sure["predictions"]]
    assert len(sure["prediction_ids"]) == len(rows)
    for threshold in (0, 1):
        body = {"instances": instances, "parameters": {"threshold": threshold, "probabilities": False}, "request_id": f"at-{threshold}"}
        answer = requests.post(url, json=body).json()
        assert [int(label) for label in answer["predictions"]] == [int(score >= threshold) for score in scores], threshold
        assert answer["prediction_ids"] == [f"at-{threshold}-{row}" for row in range(len(rows))]
    columns = {name: list(column.values()) for name, column in json.loads(rows.to_json()).items()}
    answer = requests.post(url, json={"inputs": columns, "parameters": {"threshold": 0}}).json()
    assert {int(label) for label in answer["outputs"]["label"]} == {1} and len(answer["prediction_ids"]) == len(rows)
    explained = requests.post(url, json={"instances": instances[:1], "parameters": {"explain": True, "top": 1, "max_evaluations": 2000}})
    assert len(explained.json()["explanations"][0]["contributions"]) == 1
    examples = requests.post(server.url + "/v1/models/heart:classify", json={"examples": instances, "request_id": "c"}).json()
    assert examples["prediction_ids"][-1] == f"c-{len(rows) - 1}"
    labels = [{"prediction_id": name, "label": 1} for name in answer["prediction_ids"] + examples["prediction_ids"]]
    assert requests.post(server.url + "/v1/feedback", json=labels).json()["unknown"] == []


@pytest.mark.parametrize("more, said", [
    ({"parameters": {"threshold": 2}}, "'threshold' must be a number from 0 to 1"), ({"parameters": [1]}, "'parameters' must be an object"),
    ({"parameters": {"threshold": [1]}}, "'threshold' must be a text, a number or a boolean"),
    ({"parameters": {"explain": "yes"}}, "'explain' must be true or false"), ({"request_id": 7}, "'request_id' must be text"),
    ({"instances": []}, "holds no rows")])
def test_what_predict_does_not_take(server, rows, more, said):
    answer = requests.post(server.url + "/v1/models/heart:predict", json={"instances": records(rows), **more})
    assert answer.status_code == 400 and said in answer.json()["error"], answer.text


def test_predict_is_asked_by_post(server):
    answer = requests.get(server.url + "/v1/models/heart:predict")
    assert answer.status_code == 405 and answer.headers["Allow"] == "POST"


def test_sigterm_answers_what_is_in_flight(server, rows):
    session = requests.Session()
    body = {"dataframe_records": records(rows)}
    for _ in range(20):
        assert session.post(server.url + "/invocations", json=body).status_code == 200
    assert server.stop() == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url + "/ping", timeout=5)
