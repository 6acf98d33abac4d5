"""The requests of MLflow's client for R, replayed: recordings/r_client.ndjson says where they are from.

They are sent to a real `mlflow server` too, which shows that they are such as it takes."""

import json
import pathlib

import pytest
import requests

from wire.tracking_servers import mlflow_server, quern_server

RECORDING = pathlib.Path(__file__).with_name("recordings") / "r_client.ndjson"
# As httr, by which the client asks, sends them.
HEADERS = {"User-Agent": "mlflow-r-client/3.10.0", "Accept": "application/json, text/xml, application/xml, */*",
           "Accept-Encoding": "deflate, gzip"}


@pytest.fixture(params=["quern", "mlflow"])
def server(request, quern, tmp_path):
    process = quern_server(quern, tmp_path / "store") if request.param == "quern" else mlflow_server(tmp_path)
    process.name = request.param
    yield process
    process.kill()


def fill(value, known):
    text = json.dumps(value)
    for name, taken in known.items():
        text = text.replace("{" + name + "}", taken)
    return json.loads(text)


def holds(answer, wanted):
    """Whether all that the recording names stands in the answer; lists of keys in any order."""
    if isinstance(wanted, dict):
        return isinstance(answer, dict) and all(key in answer and holds(answer[key], item) for key, item in wanted.items())
    if isinstance(wanted, list):
        if not isinstance(answer, list) or len(answer) != len(wanted):
            return False
        keyed = all(isinstance(item, dict) and "key" in item and "step" not in item for item in wanted)
        order = (lambda items: sorted(items, key=lambda item: item["key"])) if keyed else list
        return all(map(holds, order(answer), order(wanted)))
    return isinstance(answer, str) if wanted == "*" else answer == wanted


def find(answer, path):
    for part in path.split("."):
        answer = answer[part]
    return answer


def test_what_the_client_for_r_asks(server):
    _, *lines = RECORDING.read_text().splitlines()
    known = {}
    for line in map(json.loads, lines):
        line = fill(line, known)
        if line["verb"] == "GET":
            got = requests.get(server.url + line["path"], params=line["query"], headers=HEADERS, timeout=60)
        else:
            got = requests.request(line["verb"], server.url + line["path"], data=json.dumps(line["body"]),
                                   headers={**HEADERS, "Content-Type": "application/json"}, timeout=60)
        if server.name == "mlflow" and "refused by mlflow" in line:
            assert got.status_code == line["refused by mlflow"], (line, got.text)
            continue
        assert got.status_code == line["status"], (line, got.text)
        assert holds(got.json(), line["answer"]), (line, got.text)
        for name, path in line.get("keep", {}).items():
            known[name] = find(got.json(), path)
    assert {"run", "experiment"} <= known.keys()
