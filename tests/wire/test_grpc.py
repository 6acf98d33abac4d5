"""The gRPC front with stock clients: Triton's, gRPC's own health and reflection, and bare messages."""

import collections
import concurrent.futures
import threading

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

from wire.model_server import TYPES, ModelServer, identity_model, linear_model
from wire.standalone import Standalone, refusal
from wire.test_serving_clients import ROWS, array

# Where typed values of a datatype stand; FP16 has no such place.
CONTENTS = {"BOOL": "bool", "INT8": "int", "INT16": "int", "INT32": "int", "INT64": "int64", "UINT8": "uint",
            "UINT16": "uint", "UINT32": "uint", "UINT64": "uint64", "FP32": "fp32", "FP64": "fp64", "BYTES": "bytes"}
LIMIT = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grpc")
    running = Standalone(identity_model(folder / "identity.onnx"), f"price={linear_model(folder / 'linear.onnx')}",
                         "--grpc-port", "0", "--model-control", "--http-max-input-size", LIMIT)
    yield running
    running.kill()


@pytest.fixture
def client(server):
    client = triton.InferenceServerClient(server.grpc)
    yield client
    client.close()


@pytest.fixture
def stub(server):
    with grpc.insecure_channel(server.grpc, options=[("grpc.max_send_message_length", -1)]) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


def raw_inputs():
    inputs = []
    for name in TYPES:
        tensor = triton.InferInput("IN_" + name, [2, 2], name)
        tensor.set_data_from_numpy(array(name))
        inputs.append(tensor)
    return inputs


def typed_request(half="FP32"):
    """`half`: as which type the values of FP16 are sent, which has no typed form."""
    request = service_pb2.ModelInferRequest(model_name="identity")
    for name in TYPES:
        datatype = half if name == "FP16" else name
        tensor = request.inputs.add(name="IN_" + name, datatype=datatype, shape=[2, 2])
        if datatype in CONTENTS:
            getattr(tensor.contents, CONTENTS[datatype] + "_contents").extend(array(name).flatten().tolist())
    return request


def price(*values, **fields):
    request = service_pb2.ModelInferRequest(model_name="price", **fields)
    tensor = request.inputs.add(name="float_input", datatype="FP32", shape=[len(values) // 3, 3])
    tensor.contents.fp32_contents.extend(values)
    return request


def refused(code, call, *arguments, **keywords):
    with pytest.raises(grpc.RpcError) as error:
        call(*arguments, **keywords)
    assert error.value.code() == code, error.value.details()
    return error.value.details()


INVALID = grpc.StatusCode.INVALID_ARGUMENT


def test_server_and_models(client):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("identity") and client.is_model_ready("price", "1")
    assert not client.is_model_ready("nobody") and not client.is_model_ready("price", "2")
    metadata = client.get_server_metadata()
    assert metadata.name == "quern" and "model_repository" in metadata.extensions
    model = client.get_model_metadata("price")
    assert list(model.versions) == ["1"] and model.platform
    assert [(t.name, t.datatype, list(t.shape)) for t in model.inputs] == [("float_input", "FP32", [-1, 3])]
    assert [(t.name, t.datatype, list(t.shape)) for t in model.outputs] == [("variable", "FP32", [-1, 1])]
    config = client.get_model_config("identity").config
    assert config.max_batch_size == 0 and config.backend == "quern"
    types = {tensor.name.removeprefix("IN_"): tensor.data_type for tensor in config.input}
    numbers = {name.removeprefix("TYPE_"): number for name, number in triton.model_config_pb2.DataType.items()}
    assert types == {name: numbers["STRING" if name == "BYTES" else name] for name in TYPES}


def test_every_type_raw(client):
    answer = client.infer("identity", raw_inputs(), request_id="an id")
    assert answer.get_response().id == "an id" and answer.get_response().model_version == "1"
    for name in TYPES:
        np.testing.assert_array_equal(answer.as_numpy("OUT_" + name), array(name), err_msg=name)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed(client, encoding):
    answer = client.infer("identity", raw_inputs(), compression_algorithm=encoding)
    np.testing.assert_array_equal(answer.as_numpy("OUT_FP64"), array("FP64"))


def test_typed_values_are_the_raw_ones(client, stub):
    details = refused(INVALID, stub.ModelInfer, typed_request(half="FP16"))
    assert "IN_FP16" in details and "raw_input_contents" in details
    typed, raw = stub.ModelInfer(typed_request()), client.infer("identity", raw_inputs()).get_response()
    assert {(o.name, o.datatype) for o in typed.outputs} == {(o.name, o.datatype) for o in raw.outputs}
    assert typed.raw_output_contents == raw.raw_output_contents


def test_requested_outputs_and_parameters(client, stub):
    answer = client.infer("identity", raw_inputs(), outputs=[triton.InferRequestedOutput("OUT_BYTES"),
                                                             triton.InferRequestedOutput("OUT_INT8")])
    assert [output.name for output in answer.get_response().outputs] == ["OUT_BYTES", "OUT_INT8"]
    answer = stub.ModelInfer(price(1, 2, 3))
    assert np.frombuffer(answer.raw_output_contents[0], np.float32).tolist() == [14.5] and answer.id == ""
    request = price(1, 2, 3)
    request.parameters["timeout"].int64_param = -1
    assert "timeout" in refused(INVALID, stub.ModelInfer, request)
    request = price(1, 2, 3)
    request.inputs[0].parameters["shared_memory_region"].string_param = "region"
    assert "shared memory" in refused(grpc.StatusCode.UNIMPLEMENTED, stub.ModelInfer, request)


def test_what_does_not_fit_is_named(stub):
    details = refused(grpc.StatusCode.NOT_FOUND, stub.ModelInfer, service_pb2.ModelInferRequest(model_name="nobody"))
    assert "nobody" in details
    refused(grpc.StatusCode.NOT_FOUND, stub.ModelInfer, price(1, 2, 3, model_version="7"))
    refused(grpc.StatusCode.NOT_FOUND, stub.ModelMetadata, service_pb2.ModelMetadataRequest(name="../etc"))
    request = price(1, 2, 3)
    request.outputs.add(name="nothing")
    assert "nothing" in refused(INVALID, stub.ModelInfer, request)
    request = price(1, 2, 3)
    request.inputs[0].datatype = "FP99"
    assert "FP99" in refused(INVALID, stub.ModelInfer, request)
    request = price(1, 2, 3)
    request.inputs[0].datatype = "INT8"
    request.inputs[0].contents.int_contents.extend([1, 2, 300])
    assert "300" in refused(INVALID, stub.ModelInfer, request)


@pytest.mark.parametrize("shape, said", [
    ([1, 4], "4"), ([-1, 3], "whole numbers"), ([2**32, 2**32], "exceed"), ([2**62, 4], "exceed"), ([], "shape")])
def test_wrong_shapes(stub, shape, said):
    request = price(1, 2, 3)
    request.inputs[0].shape[:] = shape
    details = refused(INVALID, stub.ModelInfer, request)
    assert "float_input" in details and said in details


def test_raw_is_all_or_nothing(stub):
    request = price(1, 2, 3)
    request.raw_input_contents.append(np.float32([1, 2, 3]).tobytes())
    assert "contents" in refused(INVALID, stub.ModelInfer, request)
    request.inputs[0].ClearField("contents")
    assert stub.ModelInfer(request).outputs[0].shape == [1, 1]
    request.raw_input_contents[0] += b"\0"
    assert "13" in refused(INVALID, stub.ModelInfer, request)
    request.raw_input_contents.append(b"")
    assert "2 entries for 1 inputs" in refused(INVALID, stub.ModelInfer, request)


@pytest.mark.parametrize("text", [b"\xff\0\0\0", b"\1\0\0", b"\4\0\0\0abc", b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0x"])
def test_broken_texts(client, text):
    inputs = raw_inputs()
    broken = inputs[list(TYPES).index("BYTES")]
    broken._raw_content = text
    with pytest.raises(InferenceServerException, match="IN_BYTES"):
        client.infer("identity", inputs)


def test_bytes_that_are_no_request(server):
    with grpc.insecure_channel(server.grpc) as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        for message in [b"\xff" * 9, b"\x0a\x05ab", b"\x0a\x01\xff", b"\x2a\x02\x0a\x7f", b"\x1f\x8b\x08\0broken"]:
            refused(INVALID, call, message)
        refused(grpc.StatusCode.UNIMPLEMENTED, channel.unary_unary("/inference.GRPCInferenceService/Nothing"), b"")


def test_who_sends_what_is_no_text_fills_no_log(quern, tmp_path):
    said = tmp_path / "stderr"
    with said.open("w") as stderr:
        running = ModelServer(quern, linear_model(tmp_path / "price.onnx"), "--root", tmp_path, "--grpc-port", "0", stderr=stderr)
    try:
        with grpc.insecure_channel(running.grpc) as channel:
            call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
            for _ in range(20):
                refused(INVALID, call, b"\x0a\x01\xff")
    finally:
        running.kill()
    assert "UTF-8" not in said.read_text()


def test_too_large(server, stub):
    request = service_pb2.ModelInferRequest(model_name="price")
    request.inputs.add(name="float_input", datatype="FP32", shape=[LIMIT // 12, 3])
    request.raw_input_contents.append(bytes(LIMIT))
    refused(grpc.StatusCode.RESOURCE_EXHAUSTED, stub.ModelInfer, request)
    # What is small and becomes large is refused too.
    with grpc.insecure_channel(server.grpc, compression=grpc.Compression.Gzip,
                               options=[("grpc.max_send_message_length", -1)]) as channel:
        request.raw_input_contents[0] = bytes(64 * LIMIT)
        packed = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        refused(grpc.StatusCode.RESOURCE_EXHAUSTED, packed.ModelInfer, request)
    assert stub.ServerLive(service_pb2.ServerLiveRequest()).live


def test_deadlines(stub):
    rows = [1.0, 2.0, 3.0] * 20000
    refused(grpc.StatusCode.DEADLINE_EXCEEDED, stub.ModelInfer, price(*rows), timeout=1e-4)
    request = price(*rows)
    request.parameters["timeout"].uint64_param = 1
    refused(grpc.StatusCode.DEADLINE_EXCEEDED, stub.ModelInfer, request)
    assert len(stub.ModelInfer(price(*rows), timeout=60).raw_output_contents[0]) == 4 * 20000


def test_large_batches_come_back_whole(client):
    values = np.arange(60000, dtype=np.float32).reshape(-1, 3) / 1000
    tensor = triton.InferInput("float_input", values.shape, "FP32")
    tensor.set_data_from_numpy(values)
    found = client.infer("price", [tensor]).as_numpy("variable")
    np.testing.assert_allclose(found[:, 0], values @ np.float32([1, 2, 3]) + 0.5, rtol=1e-6)


def test_a_stream_answers_in_turn_and_survives_errors(client):
    answers = []
    arrived = threading.Semaphore(0)

    def take(result, error):
        answers.append(error or result.as_numpy("variable")[0, 0])
        arrived.release()

    client.start_stream(callback=take)
    for i in range(20):
        tensor = triton.InferInput("float_input" if i != 7 else "wrong", [1, 3 if i != 7 else 2], "FP32")
        tensor.set_data_from_numpy(np.full((1, 3 if i != 7 else 2), i, np.float32))
        client.async_stream_infer("price", [tensor])
    for _ in range(20):
        assert arrived.acquire(timeout=30)
    client.stop_stream()
    assert isinstance(answers.pop(7), InferenceServerException)
    assert answers == [6 * i + 0.5 for i in range(20) if i != 7]


def test_repository_and_statistics(server, client):
    before = client.get_inference_statistics("price").model_stats[0]
    tensor = triton.InferInput("float_input", [5, 3], "FP32")
    tensor.set_data_from_numpy(np.ones((5, 3), np.float32))
    client.infer("price", [tensor])
    after = client.get_inference_statistics("price", "1").model_stats[0]
    assert after.inference_count == before.inference_count + 5
    assert after.inference_stats.success.count == before.inference_stats.success.count + 1
    assert {entry.name for entry in client.get_inference_statistics().model_stats} == {"identity", "price"}
    client.unload_model("price")
    states = {m.name: m.state for m in client.get_model_repository_index().models}
    assert states == {"identity": "READY", "price": "UNAVAILABLE"} and not client.is_model_ready("price")
    client.load_model("price")
    assert client.is_model_ready("price")
    with pytest.raises(InferenceServerException, match="nobody"):
        client.load_model("nobody")


def test_health(server):
    with grpc.insecure_channel(server.grpc) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        serving = health_pb2.HealthCheckResponse.SERVING
        assert health.Check(health_pb2.HealthCheckRequest()).status == serving
        service = health_pb2.HealthCheckRequest(service="inference.GRPCInferenceService")
        assert health.Check(service).status == serving
        refused(grpc.StatusCode.NOT_FOUND, health.Check, health_pb2.HealthCheckRequest(service="nothing"))
        watch = health.Watch(health_pb2.HealthCheckRequest(service="nothing"), timeout=30)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        watch.cancel()
        packed = health.Check(service, compression=grpc.Compression.Gzip)
        assert packed.status == serving
        broken = b"\x0a\x05in"
        refused(INVALID, channel.unary_unary("/grpc.health.v1.Health/Check"), broken)
        refused(INVALID, next, channel.unary_stream("/grpc.health.v1.Health/Watch")(broken))
        assert "/grpc.health.v1.Health/Nothing" in refused(
            grpc.StatusCode.UNIMPLEMENTED, channel.unary_unary("/grpc.health.v1.Health/Nothing"), b"")


@pytest.mark.parametrize("limit", ["2GB", "4GB"])
def test_a_limit_beyond_what_a_message_can_have(tmp_path, limit):
    server = Standalone(identity_model(tmp_path / "identity.onnx"), "--grpc-port", "0", "--http-max-input-size", limit)
    try:
        with grpc.insecure_channel(server.grpc) as channel:
            stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
            assert stub.ModelInfer(typed_request()).model_name == "identity"
            packed = stub.ModelInfer(typed_request(), compression=grpc.Compression.Gzip)
            assert packed.model_name == "identity"
    finally:
        server.kill()


def test_health_is_watched_while_models_go_and_come(tmp_path):
    server = Standalone(f"price={linear_model(tmp_path / 'linear.onnx')}", "--grpc-port", "0", "--model-control")
    try:
        with grpc.insecure_channel(server.grpc) as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=30)
            assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
            client = triton.InferenceServerClient(server.grpc)
            client.unload_model("price")
            assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
            client.load_model("price")
            assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
            watch.cancel()
    finally:
        server.kill()


def test_who_watches_is_told_of_the_stop(tmp_path):
    server = Standalone(f"price={linear_model(tmp_path / 'linear.onnx')}", "--grpc-port", "0")
    begun = threading.Semaphore(0)

    def watch(number):
        """What it was told until the stream ended; half of them leave by themselves."""
        told = []
        with grpc.insecure_channel(server.grpc, options=[("number", number)]) as channel:
            news = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=60)
            try:
                for answer in news:
                    told.append(answer.status)
                    if len(told) == 1:
                        begun.release()
                    if number % 2 == 0:
                        news.cancel()
            except grpc.RpcError:
                return told

    serving, stopping = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        watching = [pool.submit(watch, number) for number in range(20)]
        for _ in range(20):
            assert begun.acquire(timeout=60)
        assert server.stop() == 0
        for number, told in enumerate(watching):
            assert told.result(timeout=60) == ([serving] if number % 2 == 0 else [serving, stopping])


def test_reflection(server):
    with grpc.insecure_channel(server.grpc) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert {"inference.GRPCInferenceService", "grpc.health.v1.Health"} <= set(database.get_services())
        file = database.FindFileContainingSymbol("inference.GRPCInferenceService")
        messages = {message.name: {field.name: field.number for field in message.field} for message in file.message_type}
        for name, ours in messages.items():
            if name in service_pb2.DESCRIPTOR.message_types_by_name:
                theirs = service_pb2.DESCRIPTOR.message_types_by_name[name].fields_by_name
                # `properties` is the protocol's, and not Triton's.
                assert {n: theirs[n].number for n in ours if n != "properties"} == {
                    n: number for n, number in ours.items() if n != "properties"}, name


def test_sixteen_clients_at_once(server):
    errors = []

    def work(number):
        client = triton.InferenceServerClient(server.grpc, channel_args=[("grpc.use_local_subchannel_pool", 1)])
        tensor = triton.InferInput("float_input", [1, 3], "FP32")
        try:
            for i in range(50):
                tensor.set_data_from_numpy(np.float32([[number, i, 1]]))
                found = client.infer("price", [tensor], request_id=f"{number}-{i}")
                assert found.get_response().id == f"{number}-{i}"
                assert found.as_numpy("variable")[0, 0] == number + 2 * i + 3.5
        except Exception as error:  # noqa: BLE001 - shown by the test
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_stop_under_load_answers_what_was_taken(tmp_path):
    server = Standalone(f"price={linear_model(tmp_path / 'linear.onnx')}", "--grpc-port", "0")
    answered, ended = collections.Counter(), []
    warm = threading.Barrier(17)

    def work(number):
        client = triton.InferenceServerClient(server.grpc, channel_args=[("grpc.use_local_subchannel_pool", 1)])
        tensor = triton.InferInput("float_input", [1, 3], "FP32")
        tensor.set_data_from_numpy(np.ones((1, 3), np.float32))
        client.infer("price", [tensor])
        warm.wait()
        try:
            while True:
                client.infer("price", [tensor], client_timeout=30)
                answered[number] += 1
        except InferenceServerException as error:
            ended.append((error.status(), error.message()))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    warm.wait()
    while sum(answered.values()) < 200:
        assert server.process.poll() is None
    assert server.stop() == 0
    for thread in threads:
        thread.join()
    # Nobody's request was taken and dropped: those that came too late found no connection.
    assert len(ended) == 16 and {status for status, _ in ended} == {"StatusCode.UNAVAILABLE"}, ended
    assert all("connect" in message.lower() for _, message in ended), ended


def test_a_port_that_is_taken(server, tmp_path):
    port = server.grpc.rsplit(":", 1)[1]
    code, said = refusal(linear_model(tmp_path / "linear.onnx"), "--grpc-port", port)
    assert code != 0 and port in said
    assert set(ROWS) == set(TYPES)
