"""Requests that come together are scored together: the answers are those that ONNX Runtime gives to each alone, and what the
server says of its batches is true."""

import concurrent.futures
import contextlib
import pathlib
import re

import grpc
import numpy as np
import onnxruntime
import pytest
import requests
import tritonclient.grpc as triton_grpc
from onnx import TensorProto, helper, numpy_helper
from tritonclient.grpc import service_pb2, service_pb2_grpc

from wire.model_server import ModelServer, refusal, save
from wire.standalone import Standalone
from wire.standalone import refusal as standalone_refusal

FIXTURES = pathlib.Path(__file__).parents[1] / "model" / "fixtures"
# The compiled engine would take most of these.
ORT = ("--engine", "onnxruntime")
DATATYPES = {"tensor(float)": "FP32", "tensor(double)": "FP64", "tensor(int64)": "INT64", "tensor(string)": "BYTES"}


def network(path, sizes, seed=5):
    """x [N,sizes[0]] -> y [N,sizes[-1]], tanh between: large enough for company to pay."""
    random = np.random.default_rng(seed)
    nodes, constants, name = [], [], "x"
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        last = i == len(sizes) - 2
        constants += [numpy_helper.from_array((random.normal(size=(a, b)) / np.sqrt(a)).astype(np.float32), f"W{i}"),
                      numpy_helper.from_array(random.normal(size=b).astype(np.float32), f"b{i}")]
        nodes.append(helper.make_node("Gemm", [name, f"W{i}", f"b{i}"], ["y" if last else f"h{i}"]))
        if not last:
            nodes.append(helper.make_node("Tanh", [f"h{i}"], [f"t{i}"]))
            name = f"t{i}"
    return save(nodes, "network", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("N", sizes[0]))],
                [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("N", sizes[-1]))], path, constants)


def centring(path, width=64):
    """Takes the mean of the batch off each row: what it answers for a row depends on the others."""
    nodes = [helper.make_node("ReduceMean", ["x"], ["mean"], axes=[0], keepdims=1), helper.make_node("Sub", ["x", "mean"], ["y"])]
    spec = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ("N", width)) for name in ("x", "y")]
    return save(nodes, "centring", spec[:1], spec[1:], path)


def request_of(feeds, names):
    """An OIP request of NumPy arrays by name."""
    return {"inputs": [{"name": name, "shape": list(feeds[name].shape), "datatype": datatype,
                        "data": feeds[name].ravel().tolist()} for name, datatype in names.items()]}


def at_once(url, path, bodies, threads=24):
    """The answers to all, asked over many connections at once."""
    def ask(part):
        with requests.Session() as session:
            return [(i, session.post(url + path, json=bodies[i], timeout=60)) for i in part]

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        parts = pool.map(ask, [range(k, len(bodies), threads) for k in range(threads)])
    return [answer for _, answer in sorted((pair for part in parts for pair in part), key=lambda pair: pair[0])]


def same(answer, expected, names):
    outputs = {output["name"]: output for output in answer.json()["outputs"]}
    for name, value in zip(names, expected):
        got = np.array(outputs[name]["data"]).reshape(outputs[name]["shape"])
        assert got.shape == value.shape
        if value.dtype.kind == "f":
            np.testing.assert_allclose(got, value, rtol=1e-5, atol=1e-6)
        else:
            assert (got == value).all()


def rows_of(session, random, rows):
    """Made-up inputs of so many rows."""
    feeds = {}
    for spec in session.get_inputs():
        shape = [rows] + [int(d) if isinstance(d, int) else 3 for d in spec.shape[1:]]
        if spec.type == "tensor(string)":
            feeds[spec.name] = random.choice(np.array(["a", "b", "c"], dtype=object), size=shape)
        elif spec.type == "tensor(int64)":
            feeds[spec.name] = random.integers(0, 2, size=shape)
        else:
            feeds[spec.name] = random.normal(size=shape).astype({"tensor(float)": np.float32}.get(spec.type, np.float64))
    return feeds


@pytest.mark.parametrize("fixture", ["skl_network", "skl_forest_multi", "lightgbm_multi", "skl_bayes"])
@pytest.mark.parametrize("delay", [0, 3])
def test_answers_are_those_of_each_request_alone(fixture, delay, tmp_path):
    path = FIXTURES / f"{fixture}.onnx"
    server = Standalone(f"m={path}", *ORT, "--batch-delay", delay)
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        names = {spec.name: DATATYPES[spec.type] for spec in session.get_inputs()}
        outputs = [spec.name for spec in session.get_outputs() if spec.type.startswith("tensor")]
        random = np.random.default_rng(3)
        feeds = [rows_of(session, random, 1 + i % 3) for i in range(150)]
        answers = at_once(server.url, "/v2/models/m/infer", [request_of(each, names) for each in feeds])
        for answer, each in zip(answers, feeds):
            assert answer.status_code == 200, answer.text
            same(answer, session.run(outputs, each), outputs)
    finally:
        server.kill()


def stats(server, name="m"):
    return requests.get(f"{server.url}/v2/models/{name}/stats", timeout=60).json()["model_stats"][0]


def test_what_comes_together_is_scored_together_and_counted_so(tmp_path):
    path = network(tmp_path / "m.onnx", (100, 256, 256, 10))
    server = Standalone(path, *ORT, "--batch-delay", "20", "--batch-size", "8", "--grpc-port", "0")
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        random = np.random.default_rng(4)
        feeds = [{"x": random.normal(size=(1, 100)).astype(np.float32)} for _ in range(240)]
        for answer, each in zip(at_once(server.url, "/v2/models/m/infer", [request_of(f, {"x": "FP32"}) for f in feeds]), feeds):
            same(answer, session.run(None, each), ["y"])
        counted = stats(server)
        assert counted["inference_count"] == 240 and counted["inference_stats"]["success"]["count"] == 240
        sizes = {entry["batch_size"]: entry["compute_infer"]["count"] for entry in counted["batch_stats"]}
        assert sum(size * count for size, count in sizes.items()) == 240
        assert sum(sizes.values()) == counted["execution_count"] < 240
        assert max(sizes) <= 8 and max(sizes) > 1
        # Those who wait for others are in the queue.
        assert counted["inference_stats"]["queue"]["ns"] > 240 * 1e5
        text = requests.get(server.url + "/metrics", timeout=60).text
        assert f'quern_run_rows_count{{model="m",version="1"}} {sum(sizes.values())}' in text
        assert re.search(r'quern_run_rows_sum\{model="m",version="1"\} 240', text)

        def call(each):
            with triton_grpc.InferenceServerClient(server.grpc) as client:
                tensor = triton_grpc.InferInput("x", [1, 100], "FP32")
                tensor.set_data_from_numpy(each["x"])
                return client.infer("m", [tensor]).as_numpy("y")

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for got, each in zip(pool.map(call, feeds[:64]), feeds):
                np.testing.assert_allclose(got, session.run(None, each)[0], rtol=1e-5, atol=1e-6)
        after = stats(server)
        assert after["inference_count"] == 304
        assert sum(e["batch_size"] * e["compute_infer"]["count"] for e in after["batch_stats"]) == 304
    finally:
        server.kill()


def test_a_wrong_request_is_its_own_fault(tmp_path):
    path = network(tmp_path / "m.onnx", (100, 256, 256, 10))
    server = Standalone(path, *ORT, "--batch-delay", "5")
    try:
        good = {"inputs": [{"name": "x", "shape": [1, 100], "datatype": "FP32", "data": [0.5] * 100}]}
        short = {"inputs": [{"name": "x", "shape": [1, 99], "datatype": "FP32", "data": [0.5] * 99}]}
        late = {**good, "parameters": {"timeout": 1}}
        answers = at_once(server.url, "/v2/models/m/infer", [good, short, late] * 20)
        codes = [answer.status_code for answer in answers]
        assert codes[0::3] == [200] * 20 and codes[1::3] == [400] * 20 and codes[2::3] == [504] * 20
        table = at_once(server.url, "/invocations", [{"inputs": {"x": [[0.5] * 100]}}, {"inputs": {"y": [[1]]}}] * 20)
        assert [answer.status_code for answer in table] == [200, 400] * 20
        expected = answers[0].json()["outputs"][0]["data"]
        np.testing.assert_allclose(table[0].json()["predictions"]["y"][0], expected, rtol=1e-5, atol=1e-6)
    finally:
        server.kill()


def test_rows_that_depend_on_each_other_are_never_joined(tmp_path):
    server = Standalone(centring(tmp_path / "m.onnx"), *ORT, "--batch-delay", "20")
    try:
        bodies = [request_of({"x": np.full((1, 64), i, np.float32)}, {"x": "FP32"}) for i in range(60)]
        for answer in at_once(server.url, "/v2/models/m/infer", bodies):
            assert set(answer.json()["outputs"][0]["data"]) == {0}
        assert [entry["batch_size"] for entry in stats(server)["batch_stats"]] == [1]
    finally:
        server.kill()


def test_a_size_of_one_scores_each_by_itself(quern, tmp_path):
    network(tmp_path / "m.onnx", (100, 256, 256, 10))
    server = ModelServer(quern, "m.onnx", *ORT, "--batch-size", "1", "--root", ".", folder=tmp_path)
    try:
        bodies = [request_of({"x": np.full((1, 100), 0.1, np.float32)}, {"x": "FP32"})] * 60
        assert all(answer.status_code == 200 for answer in at_once(server.url, "/v2/models/m/infer", bodies))
        assert [entry["batch_size"] for entry in stats(server)["batch_stats"]] == [1]
    finally:
        server.kill()
    assert refusal(quern, "m.onnx", "--batch-delay=-1", "--root", ".", folder=tmp_path)[0] == 2
    assert refusal(quern, "m.onnx", "--batch-size", "0", "--root", ".", folder=tmp_path)[0] == 2
    code, said = standalone_refusal(tmp_path / "m.onnx", "--batch-size", "0")
    assert code == 2 and "'0' is not a number of rows from 1 to 65536" in said


LARGE = (100, 1024, 1024, 10)


def joining(path, *options):
    """A server whose trial found that company pays; beside much other work it may not, and is started once more."""
    log = path.with_suffix(".log")
    for _ in range(5):
        with open(log, "w") as said:
            server = Standalone(path, *ORT, "--grpc-port", "0", *options, stderr=said)
        if "come together are scored together" in log.read_text():
            return server
        server.kill()
    raise AssertionError(log.read_text())


def call_of(rows):
    """A message for a model that takes one input x [N,F]."""
    request = service_pb2.ModelInferRequest(model_name="m")
    request.inputs.add(name="x", datatype="FP32", shape=rows.shape)
    request.raw_input_contents.append(rows.tobytes())
    return request


@pytest.fixture
def channels():
    """Connections of their own to a server."""
    opened = contextlib.ExitStack()
    with opened:
        yield lambda server, count=4: [
            service_pb2_grpc.GRPCInferenceServiceStub(opened.enter_context(
                grpc.insecure_channel(server.grpc, options=[("grpc.use_local_subchannel_pool", 1), ("channel", number)])))
            for number in range(count)]


def check_answer(answer, expected):
    np.testing.assert_allclose(np.frombuffer(answer.raw_output_contents[0], np.float32).reshape(answer.outputs[0].shape),
                               expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("delay", ["0", "0.7"])
def test_calls_of_grpc_that_come_together_are_scored_together(delay, tmp_path, channels):
    path = network(tmp_path / "m.onnx", LARGE)
    server = joining(path, "--batch-delay", delay)
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        random = np.random.default_rng(6)
        feeds = [random.normal(size=(1 + i % 2, 100)).astype(np.float32) for i in range(64)]
        expected = [session.run(None, {"x": each})[0] for each in feeds]
        stubs, asked = channels(server), 0

        def together():
            # All at once, so that some arrive while others are scored.
            calls = [stubs[i % len(stubs)].ModelInfer.future(call_of(each), timeout=60) for i, each in enumerate(feeds)]
            for call, wanted in zip(calls, expected):
                check_answer(call.result(), wanted)
            return max(entry["batch_size"] for entry in stats(server)["batch_stats"])

        largest = 0
        while largest <= 2:
            assert asked < 50, "no calls were scored together"
            largest, asked = together(), asked + 1
        counted, rows = stats(server), asked * sum(len(each) for each in feeds)
        assert counted["inference_count"] == rows and counted["inference_stats"]["success"]["count"] == asked * len(feeds)
        sizes = {entry["batch_size"]: entry["compute_infer"]["count"] for entry in counted["batch_stats"]}
        assert sum(size * count for size, count in sizes.items()) == rows
        assert sum(sizes.values()) == counted["execution_count"] < asked * len(feeds)
        text = requests.get(server.url + "/metrics", timeout=60).text
        assert f'quern_run_rows_count{{model="m",version="1"}} {sum(sizes.values())}' in text
        assert f'quern_run_rows_sum{{model="m",version="1"}} {rows}' in text
        # Triton's own client, one call at a time: a run each.
        with triton_grpc.InferenceServerClient(server.grpc) as client:
            tensor = triton_grpc.InferInput("x", [1, 100], "FP32")
            tensor.set_data_from_numpy(feeds[0])
            for _ in range(5):
                np.testing.assert_allclose(client.infer("m", [tensor]).as_numpy("y"), expected[0], rtol=1e-5, atol=1e-6)
        assert stats(server)["execution_count"] == counted["execution_count"] + 5
    finally:
        server.kill()


def test_a_wrong_call_of_grpc_is_its_own_fault(tmp_path, channels):
    path = network(tmp_path / "m.onnx", LARGE)
    server = joining(path)
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        rows = np.full((1, 100), 0.5, np.float32)
        good, short, late, last = call_of(rows), call_of(rows[:, :99]), call_of(rows), call_of(rows)
        late.parameters["timeout"].int64_param = 1
        last.outputs.add(name="nothing")
        expected = session.run(None, {"x": rows})[0]
        stubs = channels(server)
        for _ in range(5):
            calls = [stubs[i % len(stubs)].ModelInfer.future(request, timeout=60)
                     for i in range(20) for request in (good, short, late, good, last)]
            for dropped in calls[3::10]:
                dropped.cancel()
            for position, call in enumerate(calls):
                if position % 10 == 3:
                    # It may have been answered before.
                    assert call.cancelled() or call.exception(timeout=60) is None
                elif position % 5 in (0, 3):
                    check_answer(call.result(timeout=60), expected)
                else:
                    wanted = {1: grpc.StatusCode.INVALID_ARGUMENT, 2: grpc.StatusCode.DEADLINE_EXCEEDED,
                              4: grpc.StatusCode.INVALID_ARGUMENT}[position % 5]
                    error = call.exception(timeout=60)
                    assert error is not None and error.code() == wanted, error
    finally:
        server.kill()


def test_requests_of_streams_are_scored_together(tmp_path, channels):
    path = network(tmp_path / "m.onnx", LARGE)
    server = joining(path)
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        random = np.random.default_rng(8)
        feeds = [[random.normal(size=(1, 100)).astype(np.float32) for _ in range(10)] for _ in range(24)]
        stubs, largest, rounds = channels(server), 0, 0

        def ask(number):
            for answer, rows in zip(stubs[number % len(stubs)].ModelStreamInfer(map(call_of, feeds[number])), feeds[number]):
                assert answer.error_message == ""
                check_answer(answer.infer_response, session.run(None, {"x": rows})[0])

        with concurrent.futures.ThreadPoolExecutor(len(feeds)) as pool:
            while largest <= 1:
                assert rounds < 50, "no requests were scored together"
                list(pool.map(ask, range(len(feeds))))
                rounds += 1
                largest = max(entry["batch_size"] for entry in stats(server)["batch_stats"])
        assert stats(server)["inference_count"] == rounds * 240
    finally:
        server.kill()


def test_rows_of_grpc_that_depend_on_each_other_are_never_joined(tmp_path, channels):
    server = Standalone(centring(tmp_path / "m.onnx"), *ORT, "--grpc-port", "0")
    try:
        stubs = channels(server)
        calls = [stubs[i % len(stubs)].ModelInfer.future(call_of(np.full((1, 64), i, np.float32)), timeout=60) for i in range(200)]
        for call in calls:
            check_answer(call.result(), np.zeros((1, 64)))
        assert [entry["batch_size"] for entry in stats(server)["batch_stats"]] == [1]
    finally:
        server.kill()
