"""Wrong input for `quern serve`, byte by byte as it is sent: each gets its status and says what is wrong, and the server
stays up."""

import gzip
import http.client
import json
import resource
import socket
import threading
import time
import zlib

import pytest
import requests

from wire.model_server import ModelServer, identity_model, linear_model, refusal
from wire.test_faults import allow_descriptors

INFER = "/v2/models/price/infer"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server(quern, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    running = ModelServer(quern, f"price={linear_model(folder / 'linear.onnx')}", identity_model(folder / "identity.onnx"),
                          "--root", folder, "--http-max-input-size", "1000000")
    yield running
    assert running.get("/v2/health/ready").status_code == 200
    assert running.post(INFER, json=tensor([[1, 2, 3]], [1, 3])).json()["outputs"][0]["data"] == [14.5]
    assert running.stop() == 0


def tensor(data, shape, datatype="FP32", **more):
    return {"inputs": [{"name": "float_input", "shape": shape, "datatype": datatype, "data": data, **more}]}


def refused(answer, status, *words):
    assert answer.status_code == status, answer.text[:300]
    message = answer.json()["error"]
    for word in words:
        assert word in message, message
    for inner in ("/tmp", ".onnx", "src/", "std::"):
        assert inner not in message, message


WRONG_TENSORS = {
    "count overflows": (tensor([1], [2**32, 2**32]), "causes total element count to exceed maximum size"),
    "count overflows behind a zero": (tensor([], [0, 2**63 - 1]), "maximum size"),
    "beyond 64 bits": (tensor([1], [10**30]), "whole numbers"),
    "negative": (tensor([1, 2, 3], [-1, 3]), "whole numbers"),
    "fraction": (tensor([1, 2, 3], [1.5, 3]), "whole numbers"),
    "too few": (tensor([1, 2], [1, 3]), "'data' has 2 values, 'shape' asks for 3"),
    "too many": (tensor([1, 2, 3, 4], [1, 3]), "'data' has 4 values, 'shape' asks for 3"),
    "nested otherwise": (tensor([[1], [2], [3]], [1, 3]), "'shape' says"),
    "deeper": (tensor([[[1, 2, 3]]], [1, 3]), "nested"),
    "text for a number": (tensor(["a", "b", "c"], [1, 3]), "not a number"),
    "text as its own type": (tensor(["a", "b", "c"], [1, 3], "BYTES"), "expected a number, got the text 'a'"),
    "object": (tensor([{}, 1, 2], [1, 3]), "not a number"),
    "beyond the type": (tensor([1e300, 0, 0], [1, 3]), "out of range"),
    "unknown type": (tensor([1, 2, 3], [1, 3], "FP99"), "unknown datatype 'FP99'"),
    "half in JSON": (tensor([1, 2, 3], [1, 3], "FP16"), "receiving FP16 data via JSON is not supported"),
    "no rows": (tensor([], [0, 3]), "no rows"),
    "other width": (tensor([1, 2], [1, 2]), "has 2 columns, the model takes 3"),
    "no shape": ({"inputs": [{"name": "float_input", "datatype": "FP32", "data": [1]}]}, "'shape'"),
    "no data": ({"inputs": [{"name": "float_input", "datatype": "FP32", "shape": [1, 3]}]}, "'data'"),
    "no inputs": ({"inputs": []}, "'inputs'"),
    "inputs as object": ({"inputs": {}}, "'inputs'"),
    "id as number": ({"id": 5, "inputs": []}, "'id'"),
    "parameters as list": ({"parameters": [], "inputs": []}, "'parameters'"),
    "threshold of a stranger": (tensor([1, 2, 3], [1, 3]) | {"parameters": {"threshold": 0.5}}, "'threshold'"),
    "unknown output": (tensor([1, 2, 3], [1, 3]) | {"outputs": [{"name": "variables"}]}, "did you mean 'variable'?"),
}


@pytest.mark.parametrize("case", WRONG_TENSORS)
def test_wrong_tensors(server, case):
    body, words = WRONG_TENSORS[case]
    refused(server.post(INFER, json=body), 400, words)


WRONG_JSON = {
    "empty": b"", "cut off": b'{"inputs":[{"name":"fl', "two values": b"{}{}", "comma at the end": b'{"id":"x",}',
    "key twice": b'{"inputs":[],"inputs":[]}', "deep": b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep and open": b'{"x":' + b"[" * 500_000, "Latin-1": b'{"id":"\xe4"}', "overlong": b'{"id":"\xc0\xaf"}',
    "half a pair": b'{"id":"\\ud800"}', "control character": b'{"id":"a\nb"}', "zero byte": b'{"id":"x"}\0',
    "leading zero": b'{"inputs":[{"shape":[01]}]}', "single quotes": b"{'id':'x'}", "nan in lower case": b'{"x":nan}',
    "UTF-16": '{"id":"x"}'.encode("utf-16"),
}


@pytest.mark.parametrize("case", WRONG_JSON)
def test_wrong_json(server, case):
    refused(server.post(INFER, data=WRONG_JSON[case], headers=JSON), 400, "not valid JSON")
    answer = server.post("/invocations", data=WRONG_JSON[case], headers=JSON)
    assert answer.status_code == 400 and answer.json()["error_code"] == "BAD_REQUEST", answer.text


def binary(head, tail, length=None):
    text = json.dumps(head).encode()
    return {"data": text + tail, "headers": {"Inference-Header-Content-Length": str(len(text) if length is None else length)}}


def announced(size, shape=(1, 3), datatype="FP32", name="float_input"):
    return {"inputs": [{"name": name, "shape": list(shape), "datatype": datatype, "parameters": {"binary_data_size": size}}]}


def test_wrong_binary_tensors(server):
    for length in (-1, 10**6, "x", 2**64):
        refused(server.post(INFER, **binary(announced(12), b"\0" * 12, length)), 400, "header size should be in range")
    refused(server.post(INFER, **binary(announced(12), b"\0" * 8)), 400,
            "unexpected size for input 'float_input', expecting 4 additional bytes")
    refused(server.post(INFER, **binary(announced(12), b"\0" * 20)), 400, "unexpected additional input data")
    refused(server.post(INFER, **binary(announced(8), b"\0" * 8)), 400, "8 bytes, 'shape' asks for 12")
    refused(server.post(INFER, **binary(announced(-4), b"")), 400, "binary_data_size")
    refused(server.post(INFER, **binary(announced(2**62), b"\0" * 8)), 400, "unexpected size")
    both = announced(12)
    both["inputs"][0]["data"] = [1, 2, 3]
    refused(server.post(INFER, **binary(both, b"\0" * 12)), 400, "both 'data' and 'binary_data_size'")
    texts = "/v2/models/identity/infer"
    for tail in (b"\xff\xff\xff\xff", b"\x05\0\0\0abc", b"\0\0\0", b"\0\0\0\0" * 3, b""):
        refused(server.post(texts, **binary(announced(len(tail), (1, 2), "BYTES", "IN_BYTES"), tail)), 400, "BYTES")
    refused(server.post(texts, **binary(announced(2, (1, 2), "BOOL", "IN_BOOL"), b"\x01\x02")), 400, "neither 0 nor 1")


def test_unknown_models_and_names_that_leave_their_place(server):
    for path in ("nobody", "price/versions/7", "..%2f..%2fetc%2fpasswd", "%2e%2e", "a" * 4000, "price%00", "%20price", "pri%0ace"):
        for tail in ("/infer", "/ready", ""):
            method = requests.post if tail == "/infer" else requests.get
            answer = method(f"{server.url}/v2/models/{path}{tail}", json={}, timeout=30)
            assert answer.status_code in (400, 404), (path, answer.status_code)
    metrics = server.get("/metrics").text
    assert "nobody" not in metrics and "passwd" not in metrics


def test_other_methods_and_types(server):
    assert server.get(INFER).status_code == 405
    refused(server.post(INFER, data=b"{}", headers={"Content-Type": "text/plain"}), 415, "application/json")
    refused(server.post(INFER, json={}, headers={"X-Request-Timeout-Ms": "soon"}), 400, "X-Request-Timeout-Ms")
    late = server.post(INFER, json=tensor([1, 2, 3], [1, 3]), headers={"X-Request-Timeout-Ms": "0"})
    assert late.status_code == 504
    refused(server.post("/v2/repository/models/price/unload"), 403, "--model-control")
    assert server.post("/v2/models/price/infer", data=b"x", headers={"Content-Encoding": "br"}).status_code in (400, 415)


def test_sizes(server):
    refused(server.post(INFER, data=b" " * 1_100_000, headers=JSON), 413, "--http-max-input-size")
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 1_000_000
    assert server.post(INFER, data=bomb, headers={**JSON, "Content-Encoding": "gzip"}).status_code == 413
    assert server.post(INFER, data=zlib.compress(b"{}")[:-3], headers={**JSON, "Content-Encoding": "deflate"}).status_code == 400
    assert server.get("/ping", headers={"X-Long": "a" * 60_000}).status_code == 431
    assert server.get("/ping", headers={f"X-{i}": "a" for i in range(5000)}).status_code in (400, 431)


def raw(server, data, timeout=10):
    """What comes back before the server closes or goes quiet."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        got = b""
        try:
            while part := connection.recv(65536):
                got += part
        except ConnectionResetError:
            pass
    return got


def test_many_tiny_chunks_are_one_body(server):
    body = json.dumps(tensor([[1, 2, 3]], [1, 3])).encode()
    body += b" " * (65_537 - len(body))
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    head = f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert raw(server, head.encode() + chunks).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("lines", ["Content-Length: 4\r\nTransfer-Encoding: chunked", "Content-Length: 4\r\nContent-Length: 5",
                                   "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Content-Length: -1",
                                   "Content-Length: 4x", "Transfer-Encoding: gzip"])
def test_what_two_parsers_could_read_differently(server, lines):
    answer = raw(server, f"POST {INFER} HTTP/1.1\r\nHost: x\r\n{lines}\r\n\r\n0\r\n\r\nGET /ping HTTP/1.1\r\n\r\n".encode())
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501")) and answer.count(b"HTTP/1.1 ") == 1, answer[:300]


def test_slow_heads_do_not_hold_the_others_up(server):
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
    for connection in slow:
        connection.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nX-A: ")
    assert server.post(INFER, json=tensor([[1, 2, 3]], [1, 3])).status_code == 200
    for connection in slow:
        connection.close()


def test_thousands_of_connections_are_kept(server):
    count = min(3000, allow_descriptors(4096) - 500)
    assert count > 1100, "this user may not open enough connections"
    kept = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(count)]
    try:
        for connection in (kept[0], kept[-1]):
            connection.settimeout(30)
            connection.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200"), "refused"
    finally:
        for connection in kept:
            connection.close()


def write(path, data):
    path.write_bytes(data)
    return path


def test_model_files_that_are_none(quern, tmp_path):
    whole = linear_model(tmp_path / "whole.onnx").read_bytes()
    for name, data in {"empty": b"", "text": b"not a model\n", "cut": whole[: len(whole) // 2], "zeros": b"\0" * 4096,
                       "ones": b"\xff" * 4096}.items():
        code, said = refusal(quern, write(tmp_path / f"{name}.onnx", data), "--root", tmp_path)
        assert code == 2 and f"{name}.onnx" in said, (name, code, said)
    code, said = refusal(quern, tmp_path / "nothing.onnx", "--root", tmp_path)
    assert code == 2 and "nothing.onnx" in said


def test_an_operator_that_nothing_knows(quern, tmp_path):
    import onnx
    from onnx import TensorProto, helper

    node = helper.make_node("Frobnicate", ["x"], ["y"], domain="com.example")
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("N", 1))],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("N", 1))])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)], ir_version=9)
    onnx.save(model, str(tmp_path / "odd.onnx"))
    code, said = refusal(quern, tmp_path / "odd.onnx", "--root", tmp_path)
    assert code == 2 and "Frobnicate" in said


def test_sigterm_under_load_loses_no_request(quern, tmp_path):
    log = tmp_path / "access.log"
    running = ModelServer(quern, f"price={linear_model(tmp_path / 'l.onnx')}", "--root", tmp_path, "--access-log", log)
    body = json.dumps(tensor([[1, 2, 3]], [1, 3]))
    wrong, answered = [], []

    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
        while True:
            try:
                connection.request("POST", INFER, body, JSON)
                answer = connection.getresponse()
            except (ConnectionRefusedError, ConnectionResetError, BrokenPipeError):
                # Refused, or an idle connection was closed. A request that was taken is in the server's log.
                return
            except Exception as error:
                wrong.append(repr(error))
                return
            try:
                content = answer.read()
            except Exception as error:  # cut off within the answer
                wrong.append(repr(error))
                return
            answered.append(answer.status)
            if answer.status != 200:
                wrong.append((answer.status, content[:100]))
                return

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    while len(answered) < 200:
        assert not wrong, wrong
        time.sleep(0.001)
    assert running.stop() == 0
    for thread in threads:
        thread.join()
    assert not wrong
    taken = [entry for entry in map(json.loads, log.read_text().splitlines()) if entry["path"] == INFER]
    assert [entry["status"] for entry in taken] == answered


def test_file_descriptors_run_out(quern, tmp_path):
    """Connections beyond what the process may open wait or are refused; those that end make room again."""
    path = linear_model(tmp_path / "l.onnx")
    running = ModelServer(quern, f"price={path}", "--root", tmp_path)
    resource.prlimit(running.process.pid, resource.RLIMIT_NOFILE, (64, 64))
    many = []
    for _ in range(200):
        connection = socket.socket()
        connection.settimeout(5)
        connection.connect(("127.0.0.1", running.port))
        many.append(connection)
    for connection in many:
        connection.close()
    assert running.post(INFER, json=tensor([[1, 2, 3]], [1, 3])).status_code == 200
    assert running.stop() == 0
