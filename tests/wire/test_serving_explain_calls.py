"""The parameter `explain`: explanations by the calls that answer predictions, with the clients that make these calls."""

import json
import threading

import mlflow.deployments
import numpy as np
import pytest
import requests
import tritonclient.grpc as triton
import tritonclient.http as triton_http
from tritonclient.utils import InferenceServerException

from wire.model_server import ModelServer
from wire.test_serving_explain import REFUSED, columns_of, instances, tensors


@pytest.fixture(scope="module")
def server(quern, package, tmp_path_factory):
    running = ModelServer(quern, f"heart={package}", "--grpc-port", "0", "--root", tmp_path_factory.mktemp("root"))
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def columns(package):
    return columns_of(package / "input_example.json")


@pytest.fixture(scope="module")
def right(server, columns):
    """What /explain answers for `PARAMETERS`."""
    answer = server.post("/v2/models/heart/explain", json={"inputs": tensors(columns), "parameters": PARAMETERS})
    assert answer.status_code == 200, answer.text
    return answer.json()


PARAMETERS = {"top": 3, "max_evaluations": 4000, "seed": 5, "scale": "log_odds"}


def grpc_inputs(columns, library=triton):
    made = []
    for tensor in tensors(columns):
        texts = tensor["datatype"] == "BYTES"
        made.append(library.InferInput(tensor["name"], tensor["shape"], tensor["datatype"]))
        made[-1].set_data_from_numpy(np.array(tensor["data"], dtype=np.object_ if texts else np.float64).reshape(tensor["shape"]))
    return made


def ask_grpc(server, columns, parameters, **more):
    with triton.InferenceServerClient(server.grpc) as client:
        return client.infer("heart", grpc_inputs(columns), parameters=parameters, **more)


def invoke(server, columns, params, form="dataframe_records", **headers):
    rows = instances(columns)
    table = {"columns": list(columns), "data": [list(row.values()) for row in rows]}
    return server.post("/invocations", json={form: table if form == "dataframe_split" else columns if form == "inputs" else rows,
                                             "params": params}, headers=headers)


def test_every_call_explains_as_explain_does(server, columns, right):
    asked = {"explain": True, **PARAMETERS}
    for form in ["dataframe_records", "dataframe_split", "instances", "inputs"]:
        answer = invoke(server, columns, asked, form)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {key: right[key] for key in ["background", "explanations"]}
    assert server.post("/v2/models/heart/infer", json={"inputs": tensors(columns), "parameters": asked}).json() == right

    found = ask_grpc(server, columns, asked, request_id="bed 7")
    rows = [json.loads(text) for text in found.as_numpy("explanations")]
    message = found.get_response()
    assert rows == right["explanations"] and len(rows) == len(columns["age"])
    assert message.parameters["background"].string_param == right["background"] == "training_rows"
    assert (message.model_name, message.model_version, message.id) == ("heart", right["model_version"], "bed 7")
    assert [output.name for output in message.outputs] == ["explanations"]


def test_binary_tensors_and_compressed_messages(server, columns, right):
    """What a look at the bytes does not show, or shows by chance, is found all the same."""
    with triton_http.InferenceServerClient(server.url.removeprefix("http://")) as client:
        body, length = client.generate_request_body(grpc_inputs(columns, triton_http), parameters={"explain": True, **PARAMETERS})
    answer = server.post("/v2/models/heart/infer", data=body, headers={"Inference-Header-Content-Length": str(length)})
    assert answer.json()["explanations"] == right["explanations"]
    for compression in ["gzip", "deflate"]:
        found = ask_grpc(server, columns, {"explain": True, **PARAMETERS}, compression_algorithm=compression)
        assert [json.loads(text) for text in found.as_numpy("explanations")] == right["explanations"]
    escaped = json.dumps({"dataframe_records": instances(columns), "params": {"EXPLAIN": True, **PARAMETERS}})
    answer = server.post("/invocations", data=escaped.replace("EXPLAIN", r"\u0065xp\u006Cain"),
                         headers={"Content-Type": "application/json"})
    assert answer.json()["explanations"] == right["explanations"]
    # A text that is no parameter.
    named = server.post("/v2/models/heart/infer", json={"id": "explain", "inputs": tensors(columns)}).json()
    assert named["id"] == "explain" and {output["name"] for output in named["outputs"]} >= {"label", "probabilities"}


def test_a_stream_explains(server, columns, right):
    answers = []
    done = threading.Event()
    client = triton.InferenceServerClient(server.grpc)

    def told(result, error):
        answers.append(error or result)
        done.set()

    client.start_stream(callback=told)
    client.async_stream_infer("heart", grpc_inputs(columns), parameters={"explain": True, **PARAMETERS})
    assert done.wait(60)
    client.stop_stream()
    assert [json.loads(text) for text in answers[0].as_numpy("explanations")] == right["explanations"]


def test_without_it_predictions_are_answered(server, columns):
    said = invoke(server, columns, {"explain": False}).json()
    assert said == invoke(server, columns, {}).json() and len(said["predictions"]["label"]) == len(columns["age"])
    found = ask_grpc(server, columns, {"explain": False})
    assert found.as_numpy("explanations") is None and len(found.as_numpy("label")) == len(columns["age"])


def test_the_deployments_client_of_mlflow(server, columns, right):
    client = mlflow.deployments.get_deploy_client(server.url)
    said = client.predict(endpoint="heart", inputs={"dataframe_records": instances(columns), "params": {"explain": True, **PARAMETERS}})
    assert said["explanations"] == right["explanations"]


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_parameters_get_the_same_words(server, columns, name):
    more, words = REFUSED[name]
    params = {"explain": True, **more["parameters"]}
    path = server.post("/v2/models/heart/explain", json={"inputs": tensors(columns), **more})
    said = invoke(server, columns, params)
    assert said.status_code == 400 and said.json() == {"error_code": "BAD_REQUEST", "message": path.json()["error"]}
    assert words in said.text.replace("\\\\", "")
    if name == "beyond 64 bits":  # gRPC has no such number
        params["seed"] = -1
    with pytest.raises(InferenceServerException, match="INVALID_ARGUMENT") as refused:
        ask_grpc(server, columns, params)
    assert refused.value.message() == path.json()["error"]


def test_what_else_is_wrong_is_said(server, columns):
    for wrong in ["yes", 1, None]:
        said = invoke(server, columns, {"explain": wrong})
        assert said.status_code == 400 and "'explain'" in said.json()["message"] and "true" in said.json()["message"], said.text
    said = server.post("/v2/models/heart/infer", json={"inputs": tensors(columns), "parameters": {"explain": "yes"}})
    assert said.status_code == 400 and said.json()["error"] == "parameter 'explain' must be true or false"
    with pytest.raises(InferenceServerException, match="parameter 'explain' must be true or false"):
        ask_grpc(server, columns, {"explain": "yes"})
    # Parameters of predictions mean nothing to it, and its own mean nothing without it.
    said = invoke(server, columns, {"explain": True, "threshold": 0.3})
    assert said.status_code == 400 and "unknown parameter 'threshold' (an explanation takes top," in said.json()["message"]
    said = invoke(server, columns, {"top": 3})
    assert said.status_code == 400 and "'params' holds 'top'" in said.json()["message"] and "'explain'" in said.json()["message"]
    lacking = {name: cells for name, cells in columns.items() if name != "age"}
    said = invoke(server, lacking, {"explain": True})
    assert said.status_code == 400 and "Model is missing inputs ['age']" in said.json()["message"]
    with pytest.raises(InferenceServerException, match="NOT_FOUND"):
        with triton.InferenceServerClient(server.grpc) as client:
            client.infer("nobody", grpc_inputs(columns), parameters={"explain": True})
    many = {name: (cells * 101)[:101] for name, cells in columns.items()}
    said = invoke(server, many, {"explain": True})
    assert said.status_code == 400 and "101 rows are too many to explain in one request (send at most 100)" in said.json()["message"]
    late = invoke(server, {n: (c * 10)[:10] for n, c in columns.items()}, {"explain": True, "max_evaluations": 1_000_000},
                  **{"X-Request-Timeout-Ms": "1"})
    assert late.status_code == 504 and late.elapsed.total_seconds() < 1
    with pytest.raises(InferenceServerException, match="DEADLINE_EXCEEDED"):
        ask_grpc(server, columns, {"explain": True, "max_evaluations": 1_000_000}, timeout=1000)


def test_others_are_answered_meanwhile(server, columns):
    """On an event loop or the thread that polls for gRPC it would stop all of them."""
    ten = {name: (cells * 10)[:10] for name, cells in columns.items()}
    asked = {"explain": True, "max_evaluations": 500_000}
    small = {"inputs": tensors({name: cells[:1] for name, cells in columns.items()})}
    for slow in [lambda: invoke(server, ten, asked), lambda: ask_grpc(server, ten, asked)]:
        work = threading.Thread(target=slow)
        times = []
        with requests.Session() as session, triton.InferenceServerClient(server.grpc) as client:
            one = grpc_inputs({name: cells[:1] for name, cells in columns.items()})
            assert session.post(server.url + "/v2/models/heart/infer", json=small).status_code == 200
            client.infer("heart", one)
            work.start()
            while work.is_alive():
                assert session.post(server.url + "/v2/models/heart/infer", json=small, timeout=30).status_code == 200
                client.infer("heart", one)
                times.append(1)
        work.join()
        assert len(times) > 3
