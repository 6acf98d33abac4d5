"""What is written down of calls of gRPC: lines of the access log, spans, and counters."""

import json

import grpc
import pytest
from tritonclient.grpc import service_pb2, service_pb2_grpc

from wire.model_server import ModelServer, linear_model
from wire.test_grpc import price
from wire.test_prediction_log import Collector, attributes, collector  # noqa: F401 - a fixture

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def serve(quern, tmp_path):
    running = []

    def begin(*options):
        model = linear_model(tmp_path / "price.onnx")
        running.append(ModelServer(quern, f"price={model}", "--grpc-port", "0", *options, folder=tmp_path))
        return running[-1]

    yield begin
    for server in running:
        server.kill()


@pytest.fixture
def stub_of():
    channels = []

    def make(server):
        channels.append(grpc.insecure_channel(server.grpc))
        return service_pb2_grpc.GRPCInferenceServiceStub(channels[-1])

    yield make
    for channel in channels:
        channel.close()


def told(call):
    return dict(call.trailing_metadata())


def test_the_access_log(serve, stub_of, tmp_path):
    file = tmp_path / "access.log"
    server = serve("--access-log", file)
    stub = stub_of(server)
    trace = f"00-{TRACE}-{PARENT}-01"
    answer, call = stub.ModelInfer.with_call(price(1, 2, 3, id="r7"), metadata=[("traceparent", trace)])
    assert told(call)["traceparent"] == trace
    with pytest.raises(grpc.RpcError) as error:
        stub.ModelMetadata(service_pb2.ModelMetadataRequest(name="nobody"), metadata=[("x-request-id", "seven")])
    assert told(error.value)["x-request-id"] == "seven"
    for _ in stub.ModelStreamInfer(iter([price(1, 2, 3), price(1, 2)])):
        pass
    big = price(*[1.0, 2.0, 3.0] * 30_000)  # by a thread that may take long
    stub.ModelInfer(big)
    assert server.stop() == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines = [line for line in lines if line["protocol"] == "grpc"]
    service = "/inference.GRPCInferenceService/"
    first, second, third, fourth, fifth = lines
    assert (first["method"], first["path"], first["status"]) == ("POST", service + "ModelInfer", 200)
    assert (first["model"], first["version"], first["request_id"]) == ("price", "1", "r7")
    assert first["trace_id"] == TRACE and first["duration_ms"] > 0 and first["bytes"] == answer.ByteSize()
    assert (second["path"], second["status"], second["request_id"]) == (service + "ModelMetadata", 404, "seven")
    assert "model" not in second and second["bytes"] == 0
    assert [(line["path"], line["status"]) for line in (third, fourth)] == [
        (service + "ModelStreamInfer", 200), (service + "ModelStreamInfer", 400)]
    assert (fifth["path"], fifth["status"], fifth["model"]) == (service + "ModelInfer", 200, "price")


def test_traces_go_to_a_collector(serve, stub_of, collector):  # noqa: F811
    server = serve("--otlp-endpoint", collector, "--trace-share", "0")
    stub = stub_of(server)
    _, call = stub.ModelInfer.with_call(price(1, 2, 3, id="r1"), metadata=[("traceparent", f"00-{TRACE}-{PARENT}-01")])
    version, echoed, span_id, flags = told(call)["traceparent"].split("-")
    assert (version, echoed, flags) == ("00", TRACE, "01") and span_id != PARENT
    with pytest.raises(grpc.RpcError):
        stub.ModelReady(service_pb2.ModelReadyRequest(name=""), metadata=[("traceparent", f"00-{TRACE}-{PARENT}-01")])
        stub.ModelMetadata(service_pb2.ModelMetadataRequest(name="nobody"), metadata=[("traceparent", f"00-{TRACE}-{PARENT}-01")])
    assert told(stub.ModelInfer.with_call(price(1, 2, 3))[1])["traceparent"].endswith("-00")
    assert server.stop() == 0
    by_name = {span["name"]: span for span in Collector.spans}
    root = by_name["inference.GRPCInferenceService/ModelInfer"]
    assert (root["traceId"], root["spanId"], root["parentSpanId"], root["kind"]) == (TRACE, span_id, PARENT, 2)
    about = attributes(root)
    assert (about["rpc.system"], about["rpc.service"], about["rpc.method"], about["rpc.grpc.status_code"]) == (
        "grpc", "inference.GRPCInferenceService", "ModelInfer", "0")
    assert (about["quern.model"], about["quern.request_id"], about["quern.rows"]) == ("price", "r1", "1")
    assert "http.request.method" not in about
    below = [span["name"] for span in Collector.spans if span.get("parentSpanId") == span_id]
    assert sorted(below) == ["infer", "log", "parse"]
    unknown = by_name["inference.GRPCInferenceService/ModelMetadata"]
    assert attributes(unknown)["rpc.grpc.status_code"] == "5" and "code" not in unknown["status"]


def test_calls_count_as_requests_do(serve, stub_of):
    server = serve()
    stub = stub_of(server)

    def requests(code):
        name = f'code="{code}"'
        return sum(float(line.rsplit(" ", 1)[1]) for line in server.get("/metrics").text.splitlines()
                   if line.startswith("quern_requests_total{") and name in line)

    for _ in range(3):
        stub.ModelInfer(price(1, 2, 3))
    for request in [price(1, 2), price(1, 2)]:
        with pytest.raises(grpc.RpcError):
            request.inputs[0].shape[:] = [1, 2]
            stub.ModelInfer(request)
    assert (requests(200), requests(400)) == (3, 2)
