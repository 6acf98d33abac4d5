"""Serving leaks nothing: after a warm-up, resident memory does not grow with the number of requests.

10,000 requests that kept 100 bytes each would take a megabyte; half of that is the bound of each further 10,000.
"""

import concurrent.futures
import http.client
import json

import pytest

from where import build_folder
from wire.model_server import ModelServer
from wire.standalone import Standalone

REQUESTS, CONNECTIONS, BATCH = 10_000, 4, 200
BOUND = 512  # kB for each 10,000 requests

pytestmark = pytest.mark.skipif(build_folder().name in ("build-asan", "build-tsan"),
                                reason="sanitizers keep freed memory and notes about each access")


def request_body(frame):
    return json.dumps({"inputs": [{"name": name, "shape": [len(frame), 1], "datatype": "FP64", "data": list(column)}
                                  for name, column in frame.astype(float).items()]}).encode()


def ask(server, body, count):
    """On CONNECTIONS kept connections at once; every answer is looked at."""
    def one(share):
        connection = http.client.HTTPConnection("127.0.0.1", int(server.url.rsplit(":", 1)[1]), timeout=60)
        for _ in range(share):
            connection.request("POST", "/v2/models/heart/infer", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == 200 and b'"outputs"' in content, content[:300]
        connection.close()

    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(one, [count // CONNECTIONS] * CONNECTIONS))


@pytest.fixture(params=["quern serve", "quern-serve"])
def server(request, quern, project, package):
    if request.param == "quern serve":
        running = ModelServer(quern, "heart@champion", "--no-prediction-log", folder=project)
    else:
        running = Standalone(f"heart={package}")
    yield running
    running.kill()


@pytest.mark.parametrize("shape", ["single rows", "batches"])
def test_no_growth(server, rows, shape):
    if shape == "single rows":
        body, count = request_body(rows.head(1)), REQUESTS
    else:
        body, count = request_body(rows.sample(BATCH, replace=True, random_state=7)), REQUESTS // 10
    ask(server, body, count // 5)
    before = server.status("RssAnon")
    ask(server, body, count)
    grown = server.status("RssAnon") - before
    assert grown <= BOUND * count / REQUESTS + 64, f"{grown} kB more after {count} requests"  # 64: a touched stack


def test_no_growth_with_connections_that_come_and_go(server, rows):
    body = request_body(rows.head(1))
    for _ in range(50):
        ask(server, body, CONNECTIONS)
    before = server.status("RssAnon")
    for _ in range(250):
        ask(server, body, CONNECTIONS)
    grown = server.status("RssAnon") - before
    assert grown <= BOUND / 10 + 64, f"{grown} kB more after 1,000 connections"
