"""TLS and bearer tokens of `quern serve` and `quern-serve`, over HTTP and gRPC."""

import contextlib
import shutil
import socket
import ssl
import subprocess

import grpc
import numpy as np
import pytest
import requests
import tritonclient.grpc as triton
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

from where import build_folder
from wire.certificates import Authority
from wire.model_server import linear_model
from wire.programs import until

TOKEN = "a9f3" * 8
PATH = "/v2/models/price/infer"
BODY = {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}


@pytest.fixture(params=["quern", "quern-serve"])
def command(request):
    program = build_folder() / "bin" / request.param
    return [program, "serve"] if request.param == "quern" else [program]


@pytest.fixture
def run(command, tmp_path):
    running = []

    def begin(*options):
        model = linear_model(tmp_path / "price.onnx")
        process = subprocess.Popen([*command, f"price={model}", "--port", "0", *map(str, options)], cwd=tmp_path,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()


def address(process):
    line = process.stdout.readline()
    assert line.startswith("listening on "), process.stderr.read()
    return line.split()[2].rstrip(";")


def addresses(process):
    """HTTP's, and of gRPC the scheme and HOST:PORT."""
    line = process.stdout.readline()
    assert line.startswith("listening on "), process.stderr.read()
    url, _, other = line.removeprefix("listening on ").split(";")[0].partition(" and ")
    scheme, _, place = other.partition("://")
    return url, scheme, place


def tensor(values=(1, 2, 3)):
    made = triton.InferInput("float_input", [1, 3], "FP32")
    made.set_data_from_numpy(np.float32([values]))
    return made


@contextlib.contextmanager
def triton_client(place, authority=None):
    """Triton's own, with the files that its users give it."""
    client = triton.InferenceServerClient(place, ssl=authority is not None,
                                          root_certificates=str(authority.bundle) if authority else None,
                                          channel_args=[("grpc.use_local_subchannel_pool", 1)])
    with contextlib.closing(client):
        yield client


def refusal(process):
    out, err = process.communicate(timeout=30)
    return process.returncode, err


def test_a_token_is_asked_for_but_not_by_health(run, tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text(f"# of the ward\n{TOKEN}\n\n{'b' * 40}\n")
    url = address(run("--token-file", tokens))
    assert requests.get(url + "/v2/health/ready").status_code == 200
    assert requests.get(url + "/ping").status_code == 200
    for headers in [{}, {"Authorization": "Bearer " + TOKEN[:-1]}, {"Authorization": "Basic " + TOKEN}]:
        refused = requests.post(url + PATH, json=BODY, headers=headers)
        assert refused.status_code == 401 and "error" in refused.json()
        assert TOKEN not in refused.text
    for token in [TOKEN, "b" * 40]:
        assert requests.post(url + PATH, json=BODY, headers={"Authorization": "Bearer " + token}).status_code == 200
    assert requests.get(url + "/v2/models/price").status_code == 401


def test_https(run, tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.sign("server")
    url = address(run("--tls-cert", certificate, "--tls-key", key))
    assert url.startswith("https://")
    assert requests.post(url + PATH, json=BODY, verify=authority.bundle).status_code == 200
    with pytest.raises(requests.exceptions.SSLError):
        requests.post(url + PATH, json=BODY)
    plain = requests.post(url.replace("https", "http") + PATH, json=BODY)
    assert plain.status_code == 400 and "https" in plain.text.lower()
    assert requests.post(url + PATH, json=BODY, verify=authority.bundle).status_code == 200


def test_an_open_address_is_warned_about(run, tmp_path):
    process = run("--host", "0.0.0.0")
    address(process)
    assert "anyone who reaches this address can ask the model" in process.stderr.readline()
    (tmp_path / "tokens").write_text(TOKEN)
    process = run("--host", "0.0.0.0", "--token-file", "tokens")
    address(process)
    process.terminate()
    assert "anyone" not in process.stderr.read()


@pytest.mark.parametrize("text, said", [("", "holds no token"), ("# nothing\n", "holds no token"),
                                        ("\nshort\n", ":2: the token is short"),
                                        ("with a blank in it and long\n", ":1: a header cannot carry the token")])
def test_a_file_of_tokens_that_cannot_be_used(run, tmp_path, text, said):
    tokens = tmp_path / "tokens"
    tokens.write_text(text)
    code, err = refusal(run("--token-file", tokens))
    assert code == 2 and said in err and "openssl rand" in err
    assert "blank in it" not in err


def test_options_that_do_not_go_together(run, tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text(TOKEN)
    code, err = refusal(run("--tls-cert", tmp_path / "c.pem"))
    assert code == 2 and "--tls-cert without --tls-key" in err
    code, err = refusal(run("--token-file", tmp_path / "nowhere"))
    assert code == 2 and "nowhere" in err
    code, err = refusal(run("--tls-cert", tokens, "--tls-key", tokens))
    assert code == 2 and str(tokens) in err
    code, err = refusal(run("--tls-cert", tokens, "--tls-key", tokens, "--grpc-port", "0"))
    assert code == 2 and str(tokens) in err


def test_a_token_is_asked_for_by_grpc_too(run, tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{TOKEN}\n{'b' * 40}\n")
    _, scheme, place = addresses(run("--token-file", tokens, "--grpc-port", "0"))
    assert scheme == "grpc"
    with triton_client(place) as client:
        assert client.is_server_live() and client.is_server_ready()
        for headers in [None, {"authorization": "Bearer " + TOKEN[:-1]}, {"authorization": "Basic " + TOKEN}]:
            for call in [lambda h: client.infer("price", [tensor()], headers=h),
                         lambda h: client.get_model_metadata("price", headers=h),
                         lambda h: client.is_model_ready("price", headers=h),
                         lambda h: client.get_inference_statistics(headers=h)]:
                with pytest.raises(InferenceServerException) as error:
                    call(headers)
                assert error.value.status() == "StatusCode.UNAUTHENTICATED" and TOKEN not in error.value.message()
        for headers in [{"authorization": "Bearer " + TOKEN}, {"authorization": "bearer " + "b" * 40}]:
            assert client.infer("price", [tensor()], headers=headers).as_numpy("variable")[0, 0] == 14.5
            assert client.is_model_ready("price", headers=headers)
    with grpc.insecure_channel(place) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        with pytest.raises(grpc.RpcError) as error:
            next(stub.ModelStreamInfer(iter([service_pb2.ModelInferRequest(model_name="price")])))
        assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
        health = health_pb2_grpc.HealthStub(channel)
        assert health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as error:
            ProtoReflectionDescriptorDatabase(channel).get_services()
        assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED

        class Carrier(grpc.StreamStreamClientInterceptor):
            def intercept_stream_stream(self, go_on, details, requests_):
                return go_on(details._replace(metadata=[("authorization", "Bearer " + TOKEN)]), requests_)

        known = ProtoReflectionDescriptorDatabase(grpc.intercept_channel(channel, Carrier()))
        assert "inference.GRPCInferenceService" in known.get_services()


def test_grpc_over_tls(run, tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.sign("server")
    tokens = tmp_path / "tokens"
    tokens.write_text(TOKEN)
    process = run("--tls-cert", certificate, "--tls-key", key, "--token-file", tokens, "--grpc-port", "0")
    url, scheme, place = addresses(process)
    assert url.startswith("https://") and scheme == "grpcs"
    headers = {"authorization": "Bearer " + TOKEN}
    large = np.arange(3_000_000, dtype=np.float32).reshape(-1, 3) % 7
    batch = triton.InferInput("float_input", large.shape, "FP32")
    batch.set_data_from_numpy(large)
    with triton_client(place, authority) as client:
        assert client.is_server_live()
        for number in range(100):
            found = client.infer("price", [tensor((number, 2, 3))], headers=headers)
            assert found.as_numpy("variable")[0, 0] == number + 13.5
        found = client.infer("price", [batch], headers=headers).as_numpy("variable")[:, 0]
        np.testing.assert_allclose(found, large @ np.float32([1, 2, 3]) + 0.5, rtol=1e-6)
        with pytest.raises(InferenceServerException, match="bearer token"):
            client.infer("price", [tensor()])
    # Who does not trust the authority, or speaks no TLS, gets nothing; nobody else notices.
    for stranger in [grpc.secure_channel(place, grpc.ssl_channel_credentials()), grpc.insecure_channel(place)]:
        with stranger:
            with pytest.raises(grpc.RpcError) as error:
                service_pb2_grpc.GRPCInferenceServiceStub(stranger).ServerLive(service_pb2.ServerLiveRequest(), timeout=10)
            assert error.value.code() == grpc.StatusCode.UNAVAILABLE
    with triton_client(place, authority) as client:
        assert client.is_server_live()
        process.terminate()
        assert process.wait(timeout=20) == 0


def serial(place, authority):
    """Of the certificate that a new connection sees."""
    context = ssl.create_default_context(cafile=authority.bundle)
    context.set_alpn_protocols(["h2"])
    host, port = place.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=host) as secure:
            assert secure.selected_alpn_protocol() == "h2"
            return secure.getpeercert()["serialNumber"]


def test_a_renewed_certificate_is_taken_by_grpc_too(run, tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.sign("server")
    _, _, place = addresses(run("--tls-cert", certificate, "--tls-key", key, "--grpc-port", "0"))
    with triton_client(place, authority) as client:
        assert client.is_server_live()
        before = serial(place, authority)
        renewed, its_key = authority.sign("renewed")
        shutil.copy(its_key, key)
        shutil.copy(renewed, certificate)
        until(lambda: serial(place, authority) != before)
        assert client.is_server_live()  # over the connection that it has
        with triton_client(place, authority) as another:
            assert another.infer("price", [tensor()]).as_numpy("variable")[0, 0] == 14.5
        certificate.write_text("broken")
        assert serial(place, authority) == serial(place, authority) != before


def test_a_stop_over_tls_loses_nothing(run, tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.sign("server")
    process = run("--tls-cert", certificate, "--tls-key", key, "--grpc-port", "0")
    _, _, place = addresses(process)
    with triton_client(place, authority) as client:
        answered = 0
        for _ in range(50):
            client.infer("price", [tensor()])
        with pytest.raises(InferenceServerException) as error:
            process.terminate()
            while True:
                client.infer("price", [tensor()], client_timeout=30)
                answered += 1
                assert answered < 10**6
        assert error.value.status() == "StatusCode.UNAVAILABLE" and "connect" in error.value.message().lower()
        assert process.wait(timeout=20) == 0
