"""Explanations of single answers as a client gets them: against the definition, computed here by ONNX Runtime; and what
cannot be explained."""

import json
import math
import shutil
import subprocess
import threading

import numpy as np
import onnxruntime
import pytest
import requests

from wire.model_server import ModelServer, linear_model, pictures_model


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("log") / "access.jsonl"


@pytest.fixture(scope="module")
def server(quern, package, log, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    running = ModelServer(quern, f"heart={package}", f"bare={linear_model(folder / 'linear.onnx')}",
                          f"pictures={pictures_model(folder / 'pictures.onnx')}", "--root", folder, "--access-log", log)
    yield running
    assert running.get("/v2/health/ready").status_code == 200
    assert running.stop() == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    seen, = [line for line in lines if line.get("request_id") == "seen"]
    assert (seen["path"], seen["status"], seen["model"]) == ("/v2/models/heart/explain", 200, "heart")


def columns_of(path):
    return {name: [cell[0] for cell in cells] for name, cells in json.loads(path.read_text()).items()}


def tensors(columns):
    return [{"name": name, "shape": [len(cells), 1], "datatype": "BYTES" if isinstance(cells[0], str) else "FP64",
             "data": cells} for name, cells in columns.items()]


def instances(columns, count=None):
    rows = [dict(zip(columns, cells)) for cells in zip(*columns.values())]
    return rows[:count]


class Definition:
    """Shapley's value of each column of a row, by every coalition, against the package's background."""

    def __init__(self, package):
        self.session = onnxruntime.InferenceSession(str(package / "model.onnx"), providers=["CPUExecutionProvider"])
        self.kinds = {i.name: object if i.type == "tensor(string)" else np.float64 for i in self.session.get_inputs()}
        background = columns_of(package / "background.json")
        self.background = {name: np.array(background[name], dtype=kind) for name, kind in self.kinds.items()}
        self.rows = len(next(iter(background.values())))

    def scores(self, columns):
        feed = {name: values.reshape(-1, 1) for name, values in columns.items()}
        return self.session.run(["probabilities"], feed)[0][:, 1]

    def __call__(self, row):
        names = list(self.kinds)
        worth = np.zeros(2 ** len(names))
        for mask in range(len(worth)):
            mixed = {}
            for i, name in enumerate(names):
                own = np.full(self.rows, row[name], dtype=self.kinds[name])
                mixed[name] = own if mask >> i & 1 else self.background[name]
            worth[mask] = self.scores(mixed).mean()
        weights = [math.factorial(s) * math.factorial(len(names) - 1 - s) / math.factorial(len(names))
                   for s in range(len(names))]
        values = {}
        for i, name in enumerate(names):
            values[name] = sum(weights[mask.bit_count()] * (worth[mask | 1 << i] - worth[mask])
                               for mask in range(len(worth)) if not mask >> i & 1)
        return values, worth[0]


def test_contributions_are_those_of_the_definition(server, package):
    columns = columns_of(package / "input_example.json")
    one = {name: cells[:1] for name, cells in columns.items()}
    answer = server.post("/v2/models/heart/explain", json={
        "id": "bed 7", "inputs": tensors(one), "parameters": {"max_evaluations": 1_000_000}})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["model_name"], body["id"], body["background"]) == ("heart", "bed 7", "training_rows")
    explained, = body["explanations"]
    assert explained["exact"] and explained["background_rows"] == 100
    values, base = Definition(package)({name: cells[0] for name, cells in one.items()})
    assert explained["base_value"] == pytest.approx(base, abs=1e-6)
    got = {part["column"]: part["contribution"] for part in explained["contributions"]}
    assert set(got) == set(values)
    for name, value in values.items():
        assert got[name] == pytest.approx(value, abs=2e-6), name
    for part in explained["contributions"]:
        assert part["value"] == one[part["column"]][0] and part["standard_error"] == 0

    # A sample agrees within what it says of itself.
    sampled = server.post("/v1/models/heart:explain", json={
        "instances": instances(one), "parameters": {"max_evaluations": 4000, "seed": 3}}).json()["explanations"][0]
    assert not sampled["exact"] and 3000 < sampled["evaluations"] <= 4000
    for part in sampled["contributions"]:
        assert abs(part["contribution"] - values[part["column"]]) < 5 * part["standard_error"] + 2e-6


def test_every_protocol_explains_the_score_that_it_answers(server, package):
    columns = columns_of(package / "input_example.json")
    scored = server.post("/v2/models/heart/infer", json={"inputs": tensors(columns)}).json()
    outputs = {o["name"]: o for o in scored["outputs"]}
    scores = outputs["probabilities"]["data"][1::2]
    answers = {
        path: server.post(path, json=body).json()["explanations"] for path, body in {
            "/v1/models/heart:explain": {"instances": instances(columns)},
            "/v1/models/heart/versions/1:explain": {"inputs": columns, "parameters": {"seed": 0}},
            "/v2/models/heart/explain": {"inputs": tensors(columns)},
            "/v2/models/heart/versions/1/explain": {"inputs": tensors(columns), "parameters": {"max_evaluations": 20000}},
        }.items()}
    first, *others = answers.values()
    assert all(other == first for other in others)
    for row, score, label in zip(first, scores, outputs["label"]["data"], strict=True):
        assert row["score"] == pytest.approx(score, abs=1e-12) and row["label"] == label and row["class"] == "1"
        parts = [part["contribution"] for part in row["contributions"]]
        assert row["base_value"] + math.fsum(parts) == pytest.approx(score, abs=1e-9)
        assert [abs(p) for p in parts] == sorted((abs(p) for p in parts), reverse=True)
        assert row["evaluations"] <= 20000


def test_top_scale_and_missing_values(server, package):
    columns = {name: cells[:2] for name, cells in columns_of(package / "input_example.json").items()}
    columns["age"] = [None, 50]
    columns["thal"] = [None, 7]
    full = server.post("/v1/models/heart:explain", json={"instances": instances(columns)}).json()["explanations"]
    short = server.post("/v1/models/heart:explain", json={
        "instances": instances(columns), "parameters": {"top": 3}}).json()["explanations"]
    for whole, few in zip(full, short, strict=True):
        assert few["contributions"] == whole["contributions"][:3] and "rest" not in whole
        assert few["rest"]["columns"] == len(whole["contributions"]) - 3
        assert few["rest"]["contribution"] == pytest.approx(
            sum(part["contribution"] for part in whole["contributions"][3:]), abs=1e-12)
    values = {part["column"]: part["value"] for part in full[0]["contributions"]}
    assert values["age"] is None and values["thal"] is None and values["sex"] == columns["sex"][0]
    odds = server.post("/v1/models/heart:explain", json={
        "instances": instances(columns), "parameters": {"scale": "log_odds"}}).json()["explanations"]
    for row, whole in zip(odds, full, strict=True):
        assert row["score"] == pytest.approx(math.log(whole["score"] / (1 - whole["score"])), abs=1e-9)
        assert sum(p["contribution"] for p in row["contributions"]) == pytest.approx(row["score"] - row["base_value"])


def test_it_is_counted_and_logged_like_other_calls(server, package):
    """That its line is in the access log is seen when the server has stopped."""
    columns = columns_of(package / "input_example.json")

    def counted(name):
        lines = [line for line in server.get("/metrics").text.splitlines()
                 if line.startswith(name + "{") and 'model="heart"' in line]
        return sum(float(line.split()[-1]) for line in lines if "code=" not in line or 'code="200"' in line)

    names = ["quern_requests_total", "quern_explained_rows_total", "quern_predictions_total"]
    before = [counted(name) for name in names]
    answer = server.post("/v2/models/heart/explain", json={"id": "seen", "inputs": tensors(columns)},
                         headers={"Accept-Encoding": "gzip", "X-Request-Id": "mine"})
    assert answer.headers["Content-Encoding"] == "gzip" and answer.headers["X-Request-Id"] == "mine"
    rows = len(answer.json()["explanations"])
    assert [counted(name) - b for name, b in zip(names, before)] == [1, rows, 0]
    document = server.get("/openapi.json").json()["paths"]
    assert "/v2/models/{name}/explain" in document


REFUSED = {
    "unknown parameter": ({"parameters": {"tpo": 3}}, "unknown parameter 'tpo' (an explanation takes top,"),
    "top of nothing": ({"parameters": {"top": 0}}, "parameter 'top' must be a whole number from 1"),
    "top as text": ({"parameters": {"top": "3"}}, "parameter 'top' must be a whole number"),
    "fraction": ({"parameters": {"max_evaluations": 10.5}}, "parameter 'max_evaluations' must be a whole number"),
    "too many evaluations": ({"parameters": {"max_evaluations": 10**7}}, "from 1 to 1000000"),
    "too few evaluations": ({"parameters": {"max_evaluations": 3}}, "max_evaluations is 3, but to explain a row takes"),
    "beyond 64 bits": ({"parameters": {"seed": 10**30}}, "parameter 'seed' must be a whole number"),
    "unknown scale": ({"parameters": {"scale": "odds"}}, "parameter 'scale' must be 'score' or 'log_odds'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_parameters_are_refused(server, package, name):
    more, words = REFUSED[name]
    columns = columns_of(package / "input_example.json")
    for path, body in [("/v2/models/heart/explain", {"inputs": tensors(columns)}),
                       ("/v1/models/heart:explain", {"instances": instances(columns)})]:
        answer = server.post(path, json={**body, **more})
        assert answer.status_code == 400 and words in answer.json()["error"], answer.text


def test_wrong_bodies_get_the_statuses_of_infer(server, package):
    columns = columns_of(package / "input_example.json")
    v1, v2 = "/v1/models/heart:explain", "/v2/models/heart/explain"
    lacking = {name: cells for name, cells in columns.items() if name != "age"}
    wrong = {**columns, "age": ["old"] * len(columns["age"])}
    many = {name: (cells * 101)[:101] for name, cells in columns.items()}
    for path, body, words in [
            (v1, b"{", "not valid JSON"), (v2, b"[1]", "must be a JSON object"), (v1, b"\xff", "not valid JSON"),
            (v1, json.dumps({"instances": []}), "holds no rows"), (v1, json.dumps({}), "either 'instances' or 'inputs'"),
            (v2, json.dumps({"inputs": []}), "'inputs' must be a list of tensors"),
            (v1, json.dumps({"instances": instances(lacking)}), "'age'"), (v2, json.dumps({"inputs": tensors(lacking)}), "'age'"),
            (v1, json.dumps({"instances": instances(wrong)}), "age"), (v2, json.dumps({"inputs": tensors(wrong)}), "age"),
            (v1, json.dumps({"instances": instances(columns), "parameters": [3]}), "'parameters' must be an object"),
            (v1, json.dumps({"instances": instances(columns), "parameters": {"top": [3]}}), "must be a text, a number"),
            (v1, json.dumps({"instances": instances(many)}), "101 rows are too many to explain in one request (send at most 100)"),
            (v1, json.dumps({"instances": instances(many, 50), "parameters": {"max_evaluations": 10**6}}),
             "50 rows of 1000000 evaluations are too much")]:
        answer = server.post(path, data=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400 and words in answer.json()["error"], (body[:80], answer.text)
    good = {"inputs": tensors(columns)}
    assert server.post("/v2/models/nobody/explain", json=good).status_code == 404
    assert server.post("/v2/models/heart/versions/99/explain", json=good).status_code == 404
    assert server.get(v2).status_code == 405
    assert server.post(v2, data=json.dumps(good), headers={"Content-Type": "text/csv"}).status_code == 415
    assert server.post("/v1/models/heart:explian", json={}).status_code == 404
    assert server.post(v2, json=good, headers={"X-Request-Timeout-Ms": "soon"}).status_code == 400


def test_a_deadline_ends_the_work(server, package):
    columns = {name: (cells * 10)[:10] for name, cells in columns_of(package / "input_example.json").items()}
    body = {"inputs": tensors(columns), "parameters": {"max_evaluations": 1_000_000}}
    late = server.post("/v2/models/heart/explain", json=body, headers={"X-Request-Timeout-Ms": "1"})
    assert late.status_code == 504, late.text
    assert late.elapsed.total_seconds() < 1
    body["parameters"]["timeout"] = 1000
    assert server.post("/v2/models/heart/explain", json=body).status_code == 504


def test_what_has_nothing_to_compare_with_is_refused(server):
    row = {"inputs": [{"name": "float_input", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}
    answer = server.post("/v2/models/bare/explain", json=row)
    assert answer.status_code == 400
    assert "model 'bare' has no rows to compare with" in answer.json()["error"]
    assert "mlflow.onnx.save_model(" in answer.json()["error"]
    picture = {"inputs": [{"name": "image", "shape": [1, 2, 2], "datatype": "FP32", "data": [1, 2, 3, 4]},
                          {"name": "scale", "shape": [1], "datatype": "FP32", "data": [1]}]}
    answer = server.post("/v2/models/pictures/explain", json=picture)
    assert answer.status_code == 400 and "takes tensors, not a table" in answer.json()["error"]


def test_a_folder_of_mlflow_is_compared_with_its_example(quern, tmp_path):
    import mlflow
    import onnx

    rows = np.array([[0, 0, 0], [2, 4, 6]], np.float32)
    model = onnx.load(linear_model(tmp_path / "linear.onnx"))
    mlflow.onnx.save_model(model, tmp_path / "saved", input_example=rows)
    server = ModelServer(quern, f"price={tmp_path / 'saved'}", "--root", tmp_path)
    body = server.post("/v1/models/price:explain", json={"instances": [[3, 2, 1]]}).json()
    assert server.stop() == 0
    assert body["background"] == "input_example"
    explained, = body["explanations"]
    # 1 x + 2 y + 3 z + 0.5 against the mean of the example.
    assert explained["base_value"] == pytest.approx(14.5) and explained["score"] == pytest.approx(10.5)
    got = {part["column"]: part["contribution"] for part in explained["contributions"]}
    assert got == {"column 0": pytest.approx(2), "column 1": pytest.approx(0), "column 2": pytest.approx(-6)}
    assert "class" not in explained and "label" not in explained and explained["exact"]


def test_a_harmed_or_foreign_background_is_not_served(quern, package, tmp_path):
    shutil.copytree(package, tmp_path / "harmed")
    path = tmp_path / "harmed" / "background.json"
    path.write_text(path.read_text().replace("1.0", "2.0", 1))
    for what in ["is not what quern.json says", "background.json is missing"]:
        done = subprocess.run([quern, "serve", f"heart={tmp_path / 'harmed'}", "--port", "0", "--root", tmp_path],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode != 0 and what in done.stderr, done.stderr
        path.unlink(missing_ok=True)


def test_explanations_stay_off_the_event_loops(server, package):
    """While explanations run, answers on other connections come at once."""
    columns = {name: (cells * 10)[:10] for name, cells in columns_of(package / "input_example.json").items()}
    body = json.dumps({"inputs": tensors(columns), "parameters": {"max_evaluations": 500_000}})
    small = {"inputs": tensors({name: cells[:1] for name, cells in columns.items()})}
    took = []
    work = threading.Thread(target=lambda: took.append(server.post("/v2/models/heart/explain", data=body).elapsed))
    work.start()
    times = []
    with requests.Session() as session:
        while work.is_alive():
            answer = session.post(server.url + "/v2/models/heart/infer", json=small, timeout=30)
            assert answer.status_code == 200
            times.append(answer.elapsed.total_seconds())
    work.join()
    assert len(times) > 3
    assert sorted(times)[len(times) // 2] < took[0].total_seconds() / 4
