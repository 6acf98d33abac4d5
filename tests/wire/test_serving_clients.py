"""Stock clients of the Open Inference Protocol: Triton's, in JSON and in the binary extension, and KServe's."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from where import dependencies
from wire.model_server import TYPES, ModelServer, identity_model, linear_model
from wire.standalone import Standalone

ROWS = {
    "BOOL": [[True, False], [False, True]], "UINT8": [[0, 255], [1, 2]], "UINT16": [[0, 65535], [1, 2]],
    "UINT32": [[0, 4294967295], [1, 2]], "UINT64": [[0, 18446744073709551615], [1, 2]], "INT8": [[-128, 127], [1, 2]],
    "INT16": [[-32768, 32767], [1, 2]], "INT32": [[-2147483648, 2147483647], [1, 2]],
    "INT64": [[-9223372036854775808, 9223372036854775807], [1, 9007199254740993]],
    "FP16": [[0.5, -65504.0], [np.nan, np.inf]], "FP32": [[0.1, -3.4e38], [1e-45, 2]], "FP64": [[0.1, 1e308], [5e-324, -2.5]],
    "BYTES": [["", "Zürich"], ['a "b"\n', "\\"]],
}


@pytest.fixture(scope="module")
def server(quern, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clients")
    running = ModelServer(quern, identity_model(folder / "identity.onnx"), f"price={linear_model(folder / 'linear.onnx')}",
                          "--root", folder, "--model-control")
    yield running
    running.kill()


@pytest.fixture
def client(server):
    client = triton.InferenceServerClient(server.url.removeprefix("http://"))
    yield client
    client.close()


def array(name):
    if name == "BYTES":
        return np.array([[text.encode() for text in row] for row in ROWS[name]], dtype=np.object_)
    return np.array(ROWS[name], dtype=TYPES[name])


def ask(client, names, binary, **arguments):
    inputs = []
    for name in names:
        tensor = triton.InferInput("IN_" + name, [2, 2], name)
        tensor.set_data_from_numpy(array(name), binary_data=binary)
        inputs.append(tensor)
    return client.infer("identity", inputs, **arguments)


def same(got, name):
    want = array(name)
    if name == "BYTES":
        as_bytes = [[cell if isinstance(cell, bytes) else cell.encode() for cell in row] for row in got]
        return as_bytes == [list(row) for row in want]
    return got.dtype == want.dtype and np.array_equal(got, want, equal_nan=name.startswith("FP"))


def test_health_and_metadata(client, server):
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("identity")
    assert not client.is_model_ready("nobody") and not client.is_model_ready("identity", "7")
    about = client.get_server_metadata()
    assert about["name"] == "quern" and "binary_tensor_data" in about["extensions"]
    model = client.get_model_metadata("price")
    assert model["versions"] == ["1"] and model["inputs"] == [{"name": "float_input", "datatype": "FP32", "shape": [-1, 3]}]
    assert client.get_model_config("price")["input"][0]["data_type"] == "TYPE_FP32"
    assert server.get("/v2/models").json() == {"models": ["identity", "price"]}


def test_every_type_survives_the_binary_form(client):
    answer = ask(client, TYPES, True, request_id="r1")
    assert answer.get_response()["id"] == "r1"
    for name in TYPES:
        assert same(answer.as_numpy("OUT_" + name), name), name


def test_every_type_survives_json(client, server):
    names = [name for name in TYPES if name != "FP16"]
    half = triton.InferInput("IN_FP16", [2, 2], "FP16")
    half.set_data_from_numpy(array("FP16"), binary_data=True)
    inputs = [half]
    for name in names:
        tensor = triton.InferInput("IN_" + name, [2, 2], name)
        tensor.set_data_from_numpy(array(name), binary_data=False)
        inputs.append(tensor)
    wanted = [triton.InferRequestedOutput("OUT_" + name, binary_data=False) for name in names]
    answer = client.infer("identity", inputs, outputs=wanted)
    for name in names:
        assert same(answer.as_numpy("OUT_" + name), name), name
    with pytest.raises(InferenceServerException, match="FP16 data via JSON"):
        client.infer("identity", inputs, outputs=[triton.InferRequestedOutput("OUT_FP16", binary_data=False)])


def test_outputs_wanted_mix_forms_and_keep_their_order(client):
    answer = ask(client, TYPES, True, outputs=[triton.InferRequestedOutput("OUT_INT8", binary_data=False),
                                               triton.InferRequestedOutput("OUT_BYTES", binary_data=True)])
    outputs = answer.get_response()["outputs"]
    assert [output["name"] for output in outputs] == ["OUT_INT8", "OUT_BYTES"]
    assert "data" in outputs[0] and "binary_data_size" in outputs[1]["parameters"]
    assert same(answer.as_numpy("OUT_INT8"), "INT8") and same(answer.as_numpy("OUT_BYTES"), "BYTES")
    with pytest.raises(InferenceServerException, match="unexpected output 'OUT_INT9'"):
        ask(client, TYPES, True, outputs=[triton.InferRequestedOutput("OUT_INT9")])


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed_both_ways(client, encoding):
    rows = np.arange(3000, dtype=np.float32).reshape(1000, 3)
    tensor = triton.InferInput("float_input", [1000, 3], "FP32")
    for binary in (True, False):
        tensor.set_data_from_numpy(rows, binary_data=binary)
        answer = client.infer("price", [tensor], request_compression_algorithm=encoding,
                              response_compression_algorithm=encoding)
        assert np.allclose(answer.as_numpy("variable")[:, 0], rows @ [1, 2, 3] + 0.5)


def test_repository_and_statistics(client, server):
    before = client.get_inference_statistics("price")["model_stats"][0]
    tensor = triton.InferInput("float_input", [4, 3], "FP32")
    tensor.set_data_from_numpy(np.zeros((4, 3), np.float32))
    client.infer("price", [tensor])
    after = client.get_inference_statistics("price")["model_stats"][0]
    assert after["inference_count"] == before["inference_count"] + 4
    assert after["execution_count"] == before["execution_count"] + 1
    assert after["inference_stats"]["compute_infer"]["ns"] > before["inference_stats"]["compute_infer"]["ns"]
    assert len(client.get_inference_statistics()["model_stats"]) == 2

    index = client.get_model_repository_index()
    assert [(entry["name"], entry["state"]) for entry in index] == [("identity", "READY"), ("price", "READY")]
    client.unload_model("price")
    assert not client.is_model_ready("price")
    with pytest.raises(InferenceServerException, match="Model price not found"):
        client.infer("price", [tensor])
    assert client.get_model_repository_index()[1] == {"name": "price", "version": "1", "state": "UNAVAILABLE",
                                                      "reason": "unloaded"}
    assert server.post("/v2/repository/index", json={"ready": True}).json() == [
        {"name": "identity", "version": "1", "state": "READY", "reason": ""}]
    client.load_model("price")
    assert client.infer("price", [tensor]).as_numpy("variable").shape == (4, 1)
    with pytest.raises(InferenceServerException, match="knows no model"):
        client.load_model("nobody")
    with pytest.raises(InferenceServerException, match="'config': models are loaded as they are stored"):
        client.load_model("price", config='{"max_batch_size": 8}')
    assert server.post("/v2/repository/models/price/load", data=b"{", headers={"Content-Type": "application/json"}).status_code == 400
    with pytest.raises(InferenceServerException):
        client.load_model("../../etc/passwd")


def test_a_raw_request_is_the_tensor_alone(server):
    rows = np.array([[1, 2, 3], [0, 0, 0]], np.float32)
    answer = server.post("/v2/models/price/infer", data=rows.tobytes(),
                         headers={"Inference-Header-Content-Length": "0", "Content-Type": "application/octet-stream"})
    length = int(answer.headers["Inference-Header-Content-Length"])
    head = json.loads(answer.content[:length])
    assert head["outputs"][0]["parameters"]["binary_data_size"] == 8
    assert np.frombuffer(answer.content[length:], np.float32).tolist() == [14.5, 0.5]
    refused = server.post("/v2/models/identity/infer", data=b"x", headers={"Inference-Header-Content-Length": "0"})
    assert refused.status_code == 400 and "one input" in refused.json()["error"]


def test_nan_in_json_is_null_and_back(server):
    body = ('{"inputs":[{"name":"float_input","datatype":"FP32","shape":[3,3],'
            '"data":[[1,2,3],[NaN,1,null],[Infinity,0,0]]}]}')
    answer = server.post("/v2/models/price/infer", data=body, headers={"Content-Type": "application/json"})
    assert answer.json()["outputs"][0]["data"] == [14.5, None, None]


def test_kserves_client_asks_over_both_protocols(tmp_path):
    model = linear_model(tmp_path / "linear.onnx")
    server = Standalone(f"price={model}", "--grpc-port", "0")
    try:
        client = pathlib.Path(__file__).with_name("kserve_client.py")
        packages = dependencies() / "kserve"
        done = subprocess.run([sys.executable, client, server.url, server.grpc, "price", "1,2,3", "0,-1,0.5"],
                              capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": str(packages)})
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
    finally:
        server.kill()
    want = [1 + 4 + 9 + 0.5, -2 + 1.5 + 0.5]
    for way in ("json", "binary", "grpc"):
        assert told[way] == {"id": "asked", "model": "price", "scores": want}, way
    assert told["v1"] == want
    assert all(told[question] is True for question in ("live", "ready", "model", "v1_ready", "grpc_ready"))
    assert "404" in told["unknown"] or "nobody" in told["unknown"]
