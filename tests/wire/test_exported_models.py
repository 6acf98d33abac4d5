"""Models of the field's exporters (tests/model/fixtures), served over every form of the Open Inference Protocol.

What they are to answer was answered by the exporting framework (PyTorch, TensorFlow), or by ONNX Runtime in Python.
"""

import json
import pathlib
import re
import subprocess

import mlflow.onnx
import numpy as np
import onnx
import pytest
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException

from wire.model_server import TYPES, ModelServer, refusal

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "model" / "fixtures"
FIXTURES = {path.stem: json.loads(path.with_suffix(".json").read_text()) for path in sorted(FOLDER.glob("*.onnx"))}
# Of networks, whose exporters' own answers the fixtures hold.
FRAMEWORKS = sorted(name for name, fixture in FIXTURES.items() if "other" in fixture)
OPEN_STEPS = [name for name in FRAMEWORKS if any(kind in name for kind in ("gru", "lstm", "attention", "recurrent"))]


def is_text(tensor):
    return tensor["type"] == "BYTES"


def has_no_json(tensor):
    """Half precision has no form in JSON; NaN and infinities, texts in the fixtures, have none that is standard."""
    return tensor["type"] == "FP16" or (not is_text(tensor) and any(isinstance(value, str) for value in tensor["data"]))


def cases(fixture):
    """The fixture's rows, and those of another size where it has some; without the rows whose scores are no numbers."""
    whole = [fixture, fixture["other"]] if "other" in fixture else [fixture]
    return [{side: [rows(tensor, finite(case)) for tensor in case[side]] for side in ("inputs", "outputs")} for case in whole]


def finite(case):
    """Which rows are answered with numbers alone."""
    answers = [array(tensor) for tensor in case["outputs"] if tensor["type"].startswith("FP")]
    good = np.ones(case["inputs"][0]["shape"][0], bool)
    for answer in answers:
        good &= np.isfinite(answer.reshape(len(good), -1)).all(axis=1)
    return good


def rows(tensor, chosen):
    values = np.array(tensor["data"], dtype=object).reshape(tensor["shape"])[chosen]
    return {**tensor, "shape": list(values.shape), "data": list(values.ravel())}


def array(tensor):
    kind = TYPES[tensor["type"]]
    values = [text.encode() for text in tensor["data"]] if is_text(tensor) else tensor["data"]
    return np.array(values, dtype=kind).reshape(tensor["shape"])


@pytest.fixture(scope="module")
def server(quern):
    running = ModelServer(quern, *(FOLDER / f"{name}.onnx" for name in FIXTURES), "--grpc-port", "0")
    yield running
    running.kill()


@pytest.fixture(scope="module")
def http(server):
    client = tritonclient.http.InferenceServerClient(server.url.removeprefix("http://"), concurrency=4)
    yield client
    client.close()


@pytest.fixture(scope="module")
def grpc(server):
    client = tritonclient.grpc.InferenceServerClient(server.grpc)
    yield client
    client.close()


def http_call(case, binary):
    """What Triton's client wants for a request."""
    inputs = []
    for tensor in case["inputs"]:
        given = tritonclient.http.InferInput(tensor["name"], tensor["shape"], tensor["type"])
        given.set_data_from_numpy(array(tensor), binary_data=binary or has_no_json(tensor))
        inputs.append(given)
    wanted = [tritonclient.http.InferRequestedOutput(tensor["name"], binary_data=binary or has_no_json(tensor))
              for tensor in case["outputs"]]
    return {"inputs": inputs, "outputs": wanted}


def ask_grpc(client, name, case):
    inputs = []
    for tensor in case["inputs"]:
        given = tritonclient.grpc.InferInput(tensor["name"], tensor["shape"], tensor["type"])
        given.set_data_from_numpy(array(tensor))
        inputs.append(given)
    return client.infer(name, inputs)


def check(answer, case):
    """Numbers with a point lie within 1e-6 (absolute below 1, relative above), all else is equal."""
    for tensor in case["outputs"]:
        got, want = answer.as_numpy(tensor["name"]), array(tensor)
        assert got.shape == want.shape, tensor["name"]
        if is_text(tensor):
            assert [v if isinstance(v, bytes) else v.encode() for v in got.ravel()] == list(want.ravel()), tensor["name"]
        elif tensor["type"].startswith("FP"):
            want = want.astype(np.float64)
            with np.errstate(invalid="ignore"):  # an infinity less itself
                near = (got == want) | (np.abs(got - want) <= 1e-6 * np.maximum(1, np.abs(want)))
            assert near.all(), tensor["name"]
        else:
            assert np.array_equal(got, want), tensor["name"]


@pytest.mark.parametrize("name", FIXTURES)
def test_answers_what_the_exporter_answers(http, grpc, name):
    fixture = FIXTURES[name]
    for case in cases(fixture):
        for binary in (True, False):
            check(http.infer(name, **http_call(case, binary)), case)
        check(ask_grpc(grpc, name, case), case)


NOT_FINITE = [name for name, fixture in FIXTURES.items() if not finite(fixture).all()]


def is_classifier(fixture):
    return len(fixture["outputs"]) == 2


@pytest.mark.parametrize("name", [name for name in NOT_FINITE if is_classifier(FIXTURES[name])])
def test_probabilities_that_are_no_numbers_are_an_error(http, grpc, name):
    with pytest.raises(InferenceServerException, match="the server failed"):
        http.infer(name, **http_call(FIXTURES[name], binary=True))
    with pytest.raises(InferenceServerException, match="INTERNAL"):
        ask_grpc(grpc, name, FIXTURES[name])


@pytest.mark.parametrize("name", [name for name in NOT_FINITE if not is_classifier(FIXTURES[name])])
def test_predictions_that_are_infinite_are_answered(http, grpc, name):
    fixture = FIXTURES[name]
    check(http.infer(name, **http_call(fixture, binary=True)), fixture)
    check(ask_grpc(grpc, name, fixture), fixture)


@pytest.mark.parametrize("name", FIXTURES)
def test_metadata_is_the_graphs(http, name):
    graph = onnx.load(FOLDER / f"{name}.onnx").graph
    about = http.get_model_metadata(name)
    constants = {constant.name for constant in graph.initializer}
    declared = {value.name: [d.dim_value if d.HasField("dim_value") else -1 for d in value.type.tensor_type.shape.dim]
                for value in graph.input if value.name not in constants}
    assert {tensor["name"]: tensor["shape"] for tensor in about["inputs"]} == declared
    assert [tensor["name"] for tensor in about["outputs"]] == [value.name for value in graph.output]


@pytest.mark.parametrize("name", FIXTURES)
def test_plan_says_which_engine_and_why(quern, name):
    done = subprocess.run([quern, "models", "plan", FOLDER / f"{name}.onnx", "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert plan["engine"] == FIXTURES[name]["engine"]
    if plan["engine"] == "compiled":
        assert re.fullmatch(r"it covers all \d+ nodes of the graph", plan["reason"]) and plan["stages"]
        return
    said = re.match(r"the compiled engine does not cover it: (?:node '.*' \((\w+)\): .+|.+)", plan["reason"])
    assert said and not plan["stages"], plan
    nodes = onnx.load(FOLDER / f"{name}.onnx").graph.node
    assert said.group(1) is None or said.group(1) in {node.op_type for node in nodes}


def test_there_are_models_of_each_framework():
    for source in ("torch.export", "TorchScript", "keras", "tf2onnx", "skl2onnx", "onnxmltools", "catboost"):
        assert any(source in fixture["from"] for fixture in FIXTURES.values()), source
    assert len(FRAMEWORKS) >= 12


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_sizes_that_are_asked_at_once_do_not_mix(http, name):
    """Batches of different sizes, and where steps are open sequences of different lengths, on four connections."""
    fixture = FIXTURES[name]
    asked = [(case, http.async_infer(name, **http_call(case, binary=True))) for case in cases(fixture) * 8]
    for case, answer in asked:
        check(answer.get_result(), case)


@pytest.mark.parametrize("name", OPEN_STEPS)
def test_lengths_of_sequences_are_open(http, name):
    lengths = {case["inputs"][0]["shape"][1] for case in cases(FIXTURES[name])}
    assert len(lengths) == 2 and http.get_model_metadata(name)["inputs"][0]["shape"][:2] == [-1, -1]


@pytest.mark.parametrize("name", ["torch_cnn", "keras_cnn"])
def test_a_picture_of_another_size_is_refused_by_name(http, name):
    case = FIXTURES[name]
    (tensor,) = case["inputs"]
    smaller = {**tensor, "shape": [1, 16], "data": tensor["data"][:16]}
    with pytest.raises(InferenceServerException, match=f"input .{tensor['name']}. has shape .1,16."):
        http.infer(name, **http_call({"inputs": [smaller], "outputs": case["outputs"]}, binary=True))


def test_weights_beside_the_model_are_served_from_everywhere(quern, tmp_path):
    """PyTorch's exporter and mlflow.onnx put larger weights into files of their own."""
    name = "torch_files_dynamo"
    model = onnx.load(FOLDER / f"{name}.onnx")
    mlflow.onnx.save_model(model, str(tmp_path / "package"))
    beside = [path.name for path in (tmp_path / "package").iterdir() if path.suffix not in (".onnx", ".yaml", ".txt")]
    assert set(beside) - {"MLmodel"}, "mlflow.onnx wrote one file"
    server = ModelServer(quern, f"packed={tmp_path / 'package'}", folder="/")
    try:
        client = tritonclient.http.InferenceServerClient(server.url.removeprefix("http://"))
        for case in cases(FIXTURES[name]):
            check(client.infer("packed", **http_call(case, binary=True)), case)
        client.close()
    finally:
        server.kill()


def test_weights_that_are_missing_are_named(quern, tmp_path):
    name = "torch_files_dynamo"
    (tmp_path / "alone.onnx").write_bytes((FOLDER / f"{name}.onnx").read_bytes())
    code, said = refusal(quern, tmp_path / "alone.onnx")
    assert code == 2 and f"lies in '{name}.onnx.data', which cannot be read" in said and "external_data=False" in said
