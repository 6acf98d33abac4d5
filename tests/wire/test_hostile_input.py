"""Input that is wrong on purpose, byte by byte as it is sent. Each is refused by name, nothing of it is kept, and the
server goes on; on each engine, because the two take different texts and numbers."""

import decimal
import gzip
import json
import os
import random
import time
import zlib

import pytest

from wire.raw import API, ARTIFACTS, JSON, Api, exchange
from wire.tracking_servers import Store, quern_server

BAD, GONE = "INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"
MPU = ARTIFACTS.removesuffix("artifacts") + "mpu"


@pytest.fixture
def api(server):
    return Api(server)


def refused(answer, status=400, code=BAD):
    assert (answer.status, answer.error()) == (status, code), answer.body
    message = answer.json()["message"]
    # Neither the engine's words nor where it is.
    for inner in ("postgres", "quern.db", "SELECT", "UNIQUE", "btree", "/tmp"):
        assert inner not in message, message
    return message


BODIES = {
    "cut off": b'{"name":"x',
    "two values": b'{"name":"x"}{"name":"y"}',
    "comment": b'{"name":"x"/*y*/}',
    "comma at the end": b'{"name":"x",}',
    "single quotes": b"{'name':'x'}",
    "Latin-1": b'{"name":"\xe4"}',
    "overlong UTF-8": b'{"name":"\xc0\xaf"}',
    "surrogate as UTF-8": b'{"name":"\xed\xa0\x80"}',
    "beyond Unicode": b'{"name":"\xf4\x90\x80\x80"}',
    "UTF-16": '{"name":"x"}'.encode("utf-16"),
    "half a pair": b'{"name":"\\ud800"}',
    "U+0000": b'{"name":"a\\u0000b"}',
    "raw control character": b'{"name":"a\nb"}',
    "zero byte behind": b'{"name":"x"}\0',
    "key twice": b'{"name":"x","name":"y"}',
    "key twice, once escaped": b'{"name":"x","n\\u0061me":"y"}',
    "deep list": b'{"name":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "deep object": b'{"name":' * 5000 + b"1" + b"}" * 5000,
    "deep and never closed": b"[" * 1_000_000,
    "deep as text in text": json.dumps('{"name":' + "[" * 100 + "]" * 100 + "}").encode(),
    "list": b'[{"name":"x"}]',
    "NaN": b'{"name":NaN}',
    "leading zero": b'{"name":"x","tags":[{"key":"k","value":01}]}',
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_that_are_no_good_json(api, name):
    count = len(api.get("/experiments/search?max_results=1000").json()["experiments"])
    refused(api.send("POST", API + "/experiments/create", BODIES[name], JSON))
    assert len(api.get("/experiments/search?max_results=1000").json()["experiments"]) == count


@pytest.mark.parametrize("number,good", [
    ("9223372036854775807", True), ("9223372036854775808", False), ("-9223372036854775808", False), ("1e18", True),
    ("1e19", False), ("1.5", False), ("1" * 5000, False), ("-1", False), ("NaN", False), ("Infinity", False), ("true", False)])
def test_times_out_of_range(api, number, good):
    run_id = api.new_run()
    body = f'{{"run_id":"{run_id}","key":"m","value":1,"timestamp":{number}}}'.encode()
    answer = api.send("POST", API + "/runs/log-metric", body, JSON)
    if good:
        assert answer.status == 200, answer.body
        point, = api.get(f"/metrics/get-history?run_id={run_id}&metric_key=m").json()["metrics"]
        assert point["timestamp"] == int(decimal.Decimal(number))
    else:
        refused(answer)
        assert api.steps(run_id, "m") == []


def test_steps_and_times_at_the_ends_of_their_range(api):
    least, most = -2**63, 2**63 - 1
    run_id = api.new_run()
    for step in (least, -1, 0, most):
        assert api.post("/runs/log-metric", run_id=run_id, key="m", value=1, timestamp=most, step=step).status == 200
    assert api.steps(run_id, "m") == [least, -1, 0, most]
    chart = api.get(f"/metrics/get-history-bulk-interval?run_ids={run_id}&metric_key=m&max_results=3&start_step={least}&end_step={most}")
    assert {point["step"] for point in chart.json()["metrics"]} >= {least, most}
    for start, end in ((least, most), (most, least)):
        made = api.post("/runs/create", experiment_id="0", start_time=start).json()["run"]["info"]["run_id"]
        assert api.post("/runs/update", run_id=made, end_time=end, status="FINISHED").status == 200
    for filter in ("duration > 1", "duration < 0", "start_time >= -9223372036854775808", "end_time < 99999999999999999999"):
        found = api.post("/runs/search", experiment_ids=["0"], filter=filter, order_by=["duration DESC"])
        assert found.status == 200 and found.json()["runs"], (filter, found.body)
    for name, value in (("max_results", "99999999999999999999"), ("max_results", "-1"), ("page_token", "%00"), ("page_token", "AAAA")):
        refused(api.get(f"/registered-models/search?{name}={value}"))


def test_texts_that_no_engine_keeps(api):
    """Of U+0000 PostgreSQL keeps nothing and SQLite a half; its indexes hold no long ids that do not compress."""
    rng = random.Random(5)
    long = "".join(rng.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(8000))
    run_id = api.new_run()
    assert api.post("/registered-models/create", name="m").status in (200, 400)
    for path, body in (("/runs/set-tag", {"run_id": run_id, "key": "k", "value": "a\0b"}),
                       ("/runs/log-parameter", {"run_id": run_id, "key": "k", "value": "\0"}),
                       ("/runs/log-batch", {"run_id": run_id, "tags": [{"key": "k", "value": "\0"}]}),
                       ("/runs/create", {"experiment_id": "0", "run_name": "a\0"}),
                       ("/runs/search", {"experiment_ids": ["0"], "filter": "tags.k = '\0'"}),
                       ("/runs/search", {"experiment_ids": ["0\0"]}),
                       ("/registered-models/create", {"name": "n", "description": "a\0b"}),
                       ("/runs/set-tag", {"run_id": run_id, "key": "mlflow.parentRunId", "value": long}),
                       ("/runs/create", {"experiment_id": "0", "tags": [{"key": "mlflow.parentRunId", "value": long}]}),
                       ("/runs/log-inputs", {"run_id": run_id, "models": [{"model_id": long}]}),
                       ("/logged-models", {"experiment_id": "0", "name": "l", "source_run_id": long}),
                       ("/registered-models/create", {"name": long}),
                       ("/model-versions/create", {"name": "m", "source": "s3://b/x", "run_id": long})):
        refused(api.post(path, **body))
    refused(api.get("/runs/get?run_id=%00"))
    data = api.get(f"/runs/get?run_id={run_id}").json()["run"]["data"]
    assert [tag["key"] for tag in data.get("tags", [])] == ["mlflow.runName"] and "params" not in data
    for text in ("\U0001f600", "\u202e", "\x01", "\\", "'", '"', "%", "x" * 8000):
        assert api.post("/runs/set-tag", run_id=run_id, key="k", value=text).status == 200
        kept = api.get(f"/runs/get?run_id={run_id}").json()["run"]["data"]["tags"]
        assert {tag["key"]: tag["value"] for tag in kept}["k"] == text


@pytest.mark.parametrize("kind", ["", "text/plain", "application/xml", "application/x-www-form-urlencoded",
                                  "multipart/form-data; boundary=x", "application/jsonx", "application/json+x", "json"])
def test_other_content_types(api, kind):
    headers = {"Content-Type": kind} if kind else {}
    assert "Content-Type" in refused(api.send("POST", API + "/experiments/create", b'{"name":"typed"}', headers))


LIMIT = 32 << 20


def bombs():
    zeros = b" " * (LIMIT + 1)
    return {"gzip": gzip.compress(zeros, 1), "deflate": zlib.compress(zeros, 1)}


def test_bodies_over_the_limit_and_broken_compression(server, api):
    head = f"POST {API}/experiments/create HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    # Refused before they are sent: the answer comes while the server has nothing of the body.
    for length in (LIMIT + 1, 2**63 - 1, 2**64, 10**30):
        answer = exchange(server, f"{head}Content-Length: {length}\r\n\r\n".encode())
        assert answer.split()[1] in (b"413", b"400"), (length, answer)
    for encoding, body in bombs().items():
        answer = api.send("POST", API + "/experiments/create", body, {**JSON, "Content-Encoding": encoding})
        assert answer.status == 413, answer.body
        api = Api(server)
    for encoding, body in (("gzip", b"{}"), ("gzip", gzip.compress(b'{"name":"cut"}')[:-6]), ("br", b"{}"), ("gzip, gzip", b"{}")):
        answer = Api(server).send("POST", API + "/experiments/create", body, {**JSON, "Content-Encoding": encoding})
        assert answer.status in (400, 415), (encoding, answer.status)
    assert Api(server).send("GET", "/health").status == 200


# A file beside the artifacts' folder is what none of these may reach, show, change or make. The last one is only odd: a
# folder of that name may well be made below the root.
TRAVERSALS = ["../canary", "x/../../canary", "%2e%2e/canary", "%2E%2E%2Fcanary", ".%2e/canary", "..%2fcanary", "..%5ccanary",
              "..\\canary", "%252e%252e/canary", "%252e%252e%252fcanary", "%25252e%25252e%25252fcanary", "/canary",
              "%2fetc%2fpasswd", "//etc/passwd", "file:///etc/passwd", "file:%2f%2f%2fetc%2fpasswd", "C:%5Ccanary",
              "%c0%ae%c0%ae/canary", "%c0%ae%c0%ae%c0%afcanary", "%e0%80%ae%e0%80%ae/canary", "%uff0e%uff0e/canary",
              "x/..%00/canary", "..%00/canary", "x%00", "x%0d%0aSet-Cookie:%20a=b", "./canary", "x/./y", "x//y", "~/canary%00",
              "....//canary", "..%ef%bc%8fcanary%00", PLAIN := "..;/canary"]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_paths_of_artifacts_lead_nowhere_else(traversed, path):
    """In the path of the URL, in the query and in JSON; for reading, writing, listing, deleting and uploads in parts."""
    server, state, run_id = traversed
    targets = [(method, f"{ARTIFACTS}/{path}") for method in ("GET", "PUT", "DELETE", "HEAD")]
    targets += [("GET", f"{ARTIFACTS}?path={path}"), ("GET", f"/get-artifact?run_id={run_id}&path={path}"),
                ("GET", f"{API}/artifacts/list?run_id={run_id}&path={path}"),
                ("POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run_id}&path={path}"),
                ("POST", f"{MPU}/create/{path}")]
    for method, target in targets:
        body = {"PUT": "evil", "POST": '{"path":"f","num_parts":1}'}.get(method, "")
        more = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
        answer = exchange(server, f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}".encode("latin-1"))
        status = answer.split()[1]
        assert status in (b"400", b"404") or path == PLAIN, (method, target, answer)
        assert b"secret" not in answer and b"root:" not in answer and b"\nSet-Cookie" not in answer, (method, target)
    assert (state / "canary").read_text() == "secret"
    assert os.listdir(state.parent) == [".quern"]


@pytest.fixture(scope="module")
def traversed(quern, tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("traversal") / "store")
    server = quern_server(quern, store)
    state = store.root / ".quern"
    (state / "canary").write_text("secret")
    (state / "mlflow-artifacts" / "out").symlink_to(state)
    yield server, state, Api(server).new_run()
    server.kill()


def test_links_out_of_the_artifacts_are_not_followed(traversed):
    server, state, _ = traversed
    api = Api(server)
    for method in ("GET", "PUT", "DELETE"):
        refused(api.send(method, ARTIFACTS + "/out/canary", b"evil" if method == "PUT" else None))
    assert (state / "canary").read_text() == "secret"


def test_heads_that_lie_about_where_they_go(server):
    """Hosts that are not this server's, and heads that two parsers read differently; each in one connection of its own."""
    target = f"GET {API}/experiments/get?experiment_id=0 HTTP/1.1\r\n"
    rebinding = ["evil.example.org", "evil.example.org:5000", "127.0.0.1.evil.org", "localhost.evil.org",
                 "0x7f.1.evil.org", "8.8.8.8", "[2001:db8::1]", "a" * 300, ""]
    for host in rebinding:
        answer = exchange(server, f"{target}Host: {host}\r\nConnection: close\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 403 "), (host, answer)
        assert b"DNS rebinding" in answer
    malformed = [target, f"{target}Host: 127.0.0.1@evil.org\r\n", f"{target}Host: 127.0.0.1\r\nHost: evil.org\r\n", f"{target}Host: 127.0.0.1\r\n Folded: x\r\n",
                 f"{target}Host : 127.0.0.1\r\n", f"{target}Host: 127.0.0.1\nX: y\r\n", f"{target}Host: 127.0.0.1\r\nX: a\0b\r\n",
                 f"{target}Host: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
                 f"{target}Host: 127.0.0.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                 f"{target}Host: 127.0.0.1\r\nTransfer-Encoding: chunked, identity\r\n",
                 f"{target}Host: 127.0.0.1\r\nContent-Length: +3\r\n", f"{target}Host: 127.0.0.1\r\nContent-Length: -1\r\n"]
    for head in malformed:
        answer = exchange(server, head.encode("latin-1") + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 400 ") and b"Connection: close" in answer, (head, answer)
    large = exchange(server, f"{target}Host: 127.0.0.1\r\nX: {'y' * 20000}\r\n\r\n".encode())
    assert large.startswith(b"HTTP/1.1 431 ")
    assert Api(server).send("GET", "/health").status == 200


def test_filters_of_a_hundred_kilobytes(api):
    """Answered or refused within moments, whatever their shape."""
    size = 99_000
    run_id = api.new_run()
    good = {"text": f"tags.k = '{'x' * size}'", "letters of two bytes": f"tags.k = '{'ü' * (size // 2)}'",
            "key": f"tags.`{'k' * size}` = 'x'", "digits": "metrics.m = " + "9" * size, "blanks": " " * size,
            "500 comparisons": " OR ".join(f"metrics.`{'k' * 175}{i}` > 1" for i in range(500)),
            "list of numbers": "start_time IN (" + ",".join(map(str, range(17_000))) + ")",
            "list of texts": "run_id IN (" + ",".join(f"'{i:03}'" for i in range(12_000)) + ")"}
    bad = {"comparisons": " AND ".join(f"params.p{i} = '1'" for i in range(4500)), "parentheses": "(" * size,
           "pairs": "(" * (size // 2 - 9) + "tags.k = 'x'" + ")" * (size // 2 - 9), "not": "NOT " * (size // 4 - 4) + "tags.k = 'x'",
           "pattern": f"tags.k LIKE '{'%x' * (size // 2)}'", "quotes": "'" * (size + 1), "backticks": "`" * (size + 1), "dots": "." * size,
           "operators": "=" * size, "commas": "run_id IN (" + "," * size + ")", "too long": f"tags.k = '{'x' * 101_000}'"}
    for name, filter in {**good, **bad}.items():
        began = time.monotonic()
        answer = api.post("/runs/search", experiment_ids=["0"], filter=filter)
        assert time.monotonic() - began < 5, name
        if name in good:
            assert answer.status == 200, (name, answer.body[:300])
        else:
            message = refused(answer)
            assert "filter" in message or "comparison" in message or "clause" in message, (name, message)
            assert len(message) < 500, name
    refused(api.post("/runs/search", experiment_ids=["0"], order_by=[f"metrics.k{i}" for i in range(5000)]))
    assert api.get(f"/runs/get?run_id={run_id}").status == 200
