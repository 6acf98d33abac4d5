"""MLflow's own client, unchanged, against the tracking of `quern server`."""

import concurrent.futures
import json
import math
import signal
import socket
import subprocess
import threading

import mlflow
import numpy
import pandas
import pytest
import requests
import sklearn.linear_model
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

from ports import free_port
from wire.tracking_servers import Store, environment


@pytest.fixture
def experiment(request, client):
    """An experiment of the test's own, which is the current one."""
    return mlflow.set_experiment(request.node.name).experiment_id


def test_quick_start(client, experiment):
    with mlflow.start_run(run_name="first", description="a note") as run:
        mlflow.log_param("lr", 0.01)
        mlflow.log_params({"depth": 3, "long": "v" * 7000})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"auc": 0.9, "f1": 0.8})
        mlflow.set_tag("team", "blue")
        mlflow.set_tags({"a": "1", "b": "2"})
    kept = client.get_run(run.info.run_id)
    assert kept.info.status == "FINISHED" and kept.info.run_name == "first" and kept.info.end_time
    assert kept.data.params == {"lr": "0.01", "depth": "3", "long": "v" * 6000}
    assert kept.data.metrics == {"loss": 0.2, "auc": 0.9, "f1": 0.8}
    assert kept.data.tags["team"] == "blue" and kept.data.tags["mlflow.note.content"] == "a note"
    assert [m.value for m in client.get_metric_history(run.info.run_id, "loss")] == [1 / (s + 1) for s in range(5)]
    client.delete_tag(run.info.run_id, "a")
    assert "a" not in client.get_run(run.info.run_id).data.tags


def test_a_failed_run_and_one_that_goes_on(client, experiment):
    with pytest.raises(ZeroDivisionError):
        with mlflow.start_run() as run:
            1 / 0
    assert client.get_run(run.info.run_id).info.status == "FAILED"
    with mlflow.start_run(run_id=run.info.run_id):
        mlflow.log_metric("again", 1)
    assert client.get_run(run.info.run_id).info.status == "FINISHED"


def test_nested_runs(client, experiment):
    with mlflow.start_run(run_name="parent") as parent:
        children = []
        for lr in (0.1, 0.2):
            with mlflow.start_run(run_name=f"lr {lr}", nested=True) as child:
                mlflow.log_param("lr", lr)
                children.append(child.info.run_id)
    found = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'", output_format="list")
    assert sorted(run.info.run_id for run in found) == sorted(children)
    assert client.get_parent_run(children[0]).info.run_id == parent.info.run_id


def test_batches_and_asynchronous_logging(client, experiment):
    run_id = client.create_run(experiment).info.run_id
    client.log_batch(run_id, [Metric("m", i, 1000 + i, i) for i in range(1000)])
    client.log_batch(run_id, params=[Param(f"p{i}", str(i)) for i in range(100)],
                     tags=[RunTag(f"t{i}", str(i)) for i in range(100)])
    kept = client.get_run(run_id)
    assert len(kept.data.params) == 100 and kept.data.metrics == {"m": 999}
    assert [(p.step, p.value) for p in client.get_metric_history(run_id, "m")] == [(i, i) for i in range(1000)]
    with mlflow.start_run(run_id=run_id):
        for i in range(50):
            mlflow.log_metric("later", i, step=i, synchronous=False)
        mlflow.log_params({"async": 1}, synchronous=False).wait()
        mlflow.flush_async_logging()
    assert len(client.get_metric_history(run_id, "later")) == 50
    assert client.get_run(run_id).data.params["async"] == "1"


def test_many_writers_at_once_lose_nothing(client, experiment):
    run_id = client.create_run(experiment).info.run_id

    def write(worker):
        for i in range(25):
            client.log_metric(run_id, f"m{worker}", i, step=i)

    workers = [threading.Thread(target=write, args=(worker,)) for worker in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for worker in range(8):
        assert [p.value for p in client.get_metric_history(run_id, f"m{worker}")] == list(range(25))


def test_numbers_that_json_lacks(client, experiment):
    run_id = client.create_run(experiment).info.run_id
    client.log_metric(run_id, "nan", math.nan)
    client.log_metric(run_id, "inf", math.inf)
    client.log_metric(run_id, "tiny", 5e-324)
    data = client.get_run(run_id).data.metrics
    assert math.isnan(data["nan"]) and data["inf"] > 1e308 and data["tiny"] == 5e-324
    found = client.search_runs([experiment], "metrics.nan = 0")
    assert not found


def test_search_filters_orders_and_pages(client, experiment):
    ids = []
    for i in range(25):
        run = client.create_run(experiment, start_time=1000 + i, run_name=f"run {i}", tags={"parity": "even" if i % 2 == 0 else "odd"})
        client.log_batch(run.info.run_id, [Metric("acc", i / 25, 1, 0)], [Param("kind", "tree" if i < 10 else "line")])
        ids.append(run.info.run_id)
    client.set_terminated(ids[0], "KILLED")

    def search(filter="", order=("start_time ASC",), **more):
        return [ids.index(run.info.run_id) for run in client.search_runs([experiment], filter, order_by=list(order), **more)]

    assert search("metrics.acc > 0.9") == [23, 24]
    assert search("params.kind = 'tree' and tags.parity = 'odd'") == [1, 3, 5, 7, 9]
    assert search("attributes.status = 'KILLED'") == [0]
    assert search("run_name LIKE 'run 1_'") == list(range(10, 20))
    assert search("tags.parity != 'odd' AND metrics.acc <= 0.1") == [0, 2]
    assert search(f"run_id IN ('{ids[3]}', '{ids[4]}')") == [3, 4]
    assert search(order=("metrics.acc DESC",), max_results=3) == [24, 23, 22]
    assert search("(metrics.acc > 0.9 OR params.kind = 'tree') AND NOT tags.parity = 'odd'") == [0, 2, 4, 6, 8, 24]
    seen, token = [], None
    while True:
        page = client.search_runs([experiment], order_by=["metrics.acc ASC"], max_results=10, page_token=token)
        seen += [ids.index(run.info.run_id) for run in page]
        token = page.token
        if not token:
            break
    assert seen == list(range(25))
    frame = mlflow.search_runs(filter_string="metrics.acc > 0.9")
    assert list(frame["params.kind"]) == ["line", "line"] and set(frame["metrics.acc"]) == {23 / 25, 24 / 25}


def test_fields_and_total_count_of_a_search(server, client, experiment):
    for i in range(3):
        run = client.create_run(experiment, tags={"t": str(i)})
        client.log_batch(run.info.run_id, [Metric("a", i, 1, 0), Metric("b", i, 1, 0)], [Param("p", "1")])
    url = server.url + "/api/2.0/mlflow/runs/search"
    body = {"experiment_ids": [experiment], "max_results": 2, "fields": ["metrics.a", "tags"], "count_total": True}
    answer = requests.post(url, json=body).json()
    assert answer["total_count"] == 3 and len(answer["runs"]) == 2
    run = answer["runs"][0]
    assert [m["key"] for m in run["data"]["metrics"]] == ["a"] and "params" not in run["data"]
    assert "t" in {tag["key"] for tag in run["data"]["tags"]} and "inputs" not in run
    answer = requests.post(url, json={**body, "fields": ["colour"]})
    assert answer.status_code == 400 and "'fields'" in answer.json()["message"]


def test_experiments(client):
    made = client.create_experiment("of its own", tags={"k": "v"})
    assert client.get_experiment(made).tags == {"k": "v"}
    client.set_experiment_tag(made, "k2", "w")
    client.rename_experiment(made, "renamed")
    assert client.get_experiment_by_name("renamed").experiment_id == made
    assert client.get_experiment_by_name("of its own") is None
    run_id = client.create_run(made).info.run_id
    client.delete_experiment(made)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    assert made in [e.experiment_id for e in client.search_experiments(ViewType.DELETED_ONLY)]
    with pytest.raises(MlflowException, match="Cannot set a deleted experiment"):
        mlflow.set_experiment("renamed")
    client.restore_experiment(made)
    assert client.get_run(run_id).info.lifecycle_stage == "active"
    assert [e.name for e in client.search_experiments(filter_string="tags.k2 = 'w'")] == ["renamed"]


def test_runs_deleted_and_restored(client, experiment):
    run_id = client.create_run(experiment).info.run_id
    client.delete_run(run_id)
    assert not client.search_runs([experiment])
    assert [r.info.run_id for r in client.search_runs([experiment], run_view_type=ViewType.ALL)] == [run_id]
    with pytest.raises(MlflowException, match="must be in the 'active' state"):
        client.log_metric(run_id, "m", 1)
    client.restore_run(run_id)
    client.log_metric(run_id, "m", 1)


def test_datasets(client, experiment):
    frame = pandas.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
    data = mlflow.data.from_pandas(frame, source="here.csv", name="numbers", targets="y")
    with mlflow.start_run() as run:
        mlflow.log_input(data, context="training", tags={"origin": "made"})
    read, = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert read.dataset.name == "numbers" and read.dataset.digest == data.digest
    assert {tag.key: tag.value for tag in read.tags} == {"mlflow.data.context": "training", "origin": "made"}
    assert json.loads(read.dataset.schema)["mlflow_colspec"]
    assert client.search_runs([experiment], "datasets.name = 'numbers' and datasets.context = 'training'")


def test_artifacts(client, experiment, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "deep ü.txt").write_text("deep")
    (tmp_path / "top.json").write_text("{}")
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(tmp_path), "files")
        mlflow.log_text("hello", "note.txt")
        mlflow.log_dict({"a": 1}, "a/b.json")
        mlflow.log_image(numpy.zeros((4, 4, 3), dtype=numpy.uint8), "zero.png")
        mlflow.log_table({"q": ["a"], "n": [1]}, "table.json")
    run_id = run.info.run_id
    assert [f.path for f in client.list_artifacts(run_id)] == ["a", "files", "note.txt", "table.json", "zero.png"]
    assert [(f.path, f.is_dir) for f in client.list_artifacts(run_id, "files")] == [("files/sub", True), ("files/top.json", False)]
    assert [f.file_size for f in client.list_artifacts(run_id, "files/sub")] == [4]
    down = client.download_artifacts(run_id, "files", str(tmp_path))
    assert (tmp_path / "files" / "sub" / "deep ü.txt").read_text() == "deep", down
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/note.txt") == "hello"
    assert mlflow.artifacts.load_dict(run.info.artifact_uri + "/a/b.json") == {"a": 1}
    assert list(mlflow.load_table("table.json", run_ids=[run_id])["q"]) == ["a"]


def test_files_of_runs_and_models_by_name(server, client, experiment):
    run_id = client.create_run(experiment).info.run_id
    client.log_text(run_id, "hello", "sub/note.txt")
    got = requests.get(server.url + "/get-artifact", params={"run_id": run_id, "path": "sub/note.txt"})
    assert got.text == "hello" and "attachment" in got.headers["Content-Disposition"]
    ajax = server.url + "/ajax-api/2.0/mlflow/"
    sent = requests.post(ajax + "upload-artifact", params={"run_uuid": run_id, "path": "up/a.bin"}, data=b"\0\1")
    assert sent.status_code == 200
    assert requests.get(server.url + "/get-artifact", params={"run_id": run_id, "path": "up/a.bin"}).content == b"\0\1"
    for path in ("../../x", "/etc/passwd", "a/%2e%2e/b", "a\\b"):
        for answer in (requests.get(server.url + "/get-artifact", params={"run_id": run_id, "path": path}),
                       requests.post(ajax + "upload-artifact", params={"run_uuid": run_id, "path": path}, data=b"x")):
            assert answer.status_code == 400 and answer.json()["message"].startswith("Invalid path"), (path, answer.text)
    for params in ({"path": "a"}, {"run_uuid": run_id}):
        assert requests.post(ajax + "upload-artifact", params=params, data=b"x").status_code == 400
    assert requests.post(ajax + "upload-artifact", params={"run_uuid": run_id, "path": "big"},
                         data=b"x" * (10 * 2**20 + 1)).status_code == 400
    assert requests.get(server.url + "/get-artifact", params={"run_id": run_id, "path": "none"}).status_code == 404


def fitted():
    x = numpy.arange(20.0).reshape(-1, 1)
    return sklearn.linear_model.LinearRegression().fit(x, 2 * x[:, 0]), x


def test_a_model_is_logged_and_loaded(server, client, experiment):
    model, x = fitted()
    with mlflow.start_run() as run:
        mlflow.log_metric("rmse", 0.25)
        # Requirements are named: to infer them, which autologging does below, takes seconds.
        info = mlflow.sklearn.log_model(model, name="line", input_example=x[:2], params={"fit": "yes"},
                                        pip_requirements=["scikit-learn"])
    assert mlflow.sklearn.load_model(info.model_uri).predict([[3.0]])[0] == pytest.approx(6)
    assert mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/line").predict(numpy.array([[4.0]]))[0] == pytest.approx(8)
    logged = client.get_logged_model(info.model_id)
    assert logged.status == "READY" and logged.source_run_id == run.info.run_id and logged.params["fit"] == "yes"
    assert [o.model_id for o in client.get_run(run.info.run_id).outputs.model_outputs] == [info.model_id]
    client.set_logged_model_tags(info.model_id, {"stage": "new"})
    found = mlflow.search_logged_models([experiment], filter_string="tags.stage = 'new'", output_format="list")
    assert [m.model_id for m in found] == [info.model_id]
    assert {m.key: m.value for m in found[0].metrics} == {"rmse": 0.25}
    client.delete_logged_model_tag(info.model_id, "stage")
    ajax = server.url + f"/ajax-api/2.0/mlflow/logged-models/{info.model_id}/artifacts/"
    names = [f["path"] for f in requests.get(ajax + "directories").json()["files"]]
    assert "MLmodel" in names
    text = requests.get(ajax + "files", params={"artifact_file_path": "MLmodel"})
    assert "sklearn" in text.text and text.headers["X-Content-Type-Options"] == "nosniff"
    client.delete_logged_model(info.model_id)
    with pytest.raises(MlflowException, match="not found"):
        client.get_logged_model(info.model_id)


def test_autologging_of_scikit_learn(client, experiment):
    mlflow.sklearn.autolog()
    try:
        with mlflow.start_run() as run:
            model, x = fitted()
            model.score(x, 2 * x[:, 0])
    finally:
        mlflow.sklearn.autolog(disable=True)
    kept = client.get_run(run.info.run_id)
    assert kept.data.params["fit_intercept"] == "True"
    assert kept.data.metrics["training_r2_score"] == pytest.approx(1)
    assert kept.data.tags["estimator_name"] == "LinearRegression"
    assert kept.inputs.dataset_inputs and kept.outputs.model_outputs
    assert "estimator.html" in [f.path for f in client.list_artifacts(run.info.run_id)]


def test_the_history_of_models_of_older_clients(server, client, experiment):
    run_id = client.create_run(experiment).info.run_id
    url = server.url + "/api/2.0/mlflow/runs/log-model"
    for path in ("one", "two"):
        model = {"artifact_path": path, "run_id": run_id, "utc_time_created": "now", "model_uuid": "u",
                 "flavors": {"python_function": {"loader_module": "x", "config": {"secret": 1}}}, "signature": {}}
        assert requests.post(url, json={"run_id": run_id, "model_json": json.dumps(model)}).json() == {}
    history = json.loads(client.get_run(run_id).data.tags["mlflow.log-model.history"])
    assert [entry["artifact_path"] for entry in history] == ["one", "two"]
    assert history[0]["flavors"] == {"python_function": {"loader_module": "x"}} and "signature" not in history[0]
    # Many at once and longer together than any other tag may be: each is kept.
    def log(i):
        model = {"artifact_path": f"{i}" + "x" * 900, "run_id": run_id, "utc_time_created": "now", "flavors": {}}
        assert requests.post(url, json={"run_id": run_id, "model_json": json.dumps(model)}).status_code == 200

    with concurrent.futures.ThreadPoolExecutor(8) as workers:
        list(workers.map(log, range(24)))
    history = json.loads(client.get_run(run_id).data.tags["mlflow.log-model.history"])
    assert sorted(entry["artifact_path"] for entry in history[2:]) == sorted(f"{i}" + "x" * 900 for i in range(24))
    for text, words in (("{", "Malformed model info"), ("{}", "missing mandatory fields")):
        answer = requests.post(url, json={"run_id": run_id, "model_json": text})
        assert answer.status_code == 400 and words in answer.json()["message"]


def test_routes_for_language_models_and_unknown_ones(server):
    for path in ("2.0/mlflow/traces", "3.0/mlflow/traces/search", "3.0/mlflow/scorers/list", "2.0/mlflow/nothing",
                 "3.0/mlflow/datasets/search", "2.0/mlflow/gateway-proxy"):
        for method in ("GET", "POST"):
            answer = requests.request(method, f"{server.url}/api/{path}", json={})
            assert (answer.status_code, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND"), (method, path)
    wrong = requests.get(server.url + "/api/2.0/mlflow/runs/create")
    assert wrong.status_code == 405 and wrong.headers["Allow"] == "POST" and wrong.json()["error_code"] == "BAD_REQUEST"
    assert requests.get(server.url + "/version").text.count(".") == 2
    assert requests.get(server.url + "/nowhere").status_code == 404


def test_hosts_and_origins(server):
    url = server.url + "/api/2.0/mlflow/experiments/"
    bad = requests.get(url + "get", params={"experiment_id": 0}, headers={"Host": "evil.example.org"})
    assert bad.status_code == 403 and bad.text == "Invalid Host header - possible DNS rebinding attack detected"
    assert requests.get(server.url + "/health", headers={"Host": "evil.example.org"}).status_code == 200
    blocked = requests.post(url + "create", json={"name": "never"}, headers={"Origin": "https://evil.example.org"})
    assert blocked.status_code == 403 and blocked.text == "Cross-origin request blocked"
    asked = requests.options(url + "create", headers={"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST",
                                                      "Access-Control-Request-Headers": "content-type"})
    assert asked.status_code == 204 and asked.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert asked.headers["Access-Control-Allow-Headers"] == "content-type"
    plain = requests.get(url + "get", params={"experiment_id": 0})
    assert plain.headers["X-Frame-Options"] == "SAMEORIGIN" and plain.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in plain.headers


def test_a_signal_drains_and_the_store_is_found_again(new_store, start):
    store = new_store()
    first = start(store)
    made = requests.post(first.url + "/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}).json()["run"]["info"]
    assert first.stop() == 0
    second = start(store, "--durability", "relaxed")
    asked = {"run_id": made["run_id"]}
    assert requests.get(second.url + "/api/2.0/mlflow/runs/get", params=asked).json()["run"]["info"] == made
    assert second.stop(signal.SIGINT) == 130


def test_options(quern, start, tmp_path):
    """Where things lie, and what is refused before anything listens."""
    files, database = tmp_path / "files", tmp_path / "other.db"
    server = start(Store(tmp_path / "store"), "--no-serve-artifacts", "--default-artifact-root", str(files),
                   "--backend-store-uri", f"sqlite:///{database}")
    experiment = requests.get(server.url + "/api/2.0/mlflow/experiments/get", params={"experiment_id": 0}).json()["experiment"]
    assert experiment["artifact_location"] == f"{files}/0" and database.exists()
    run = requests.post(server.url + "/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}).json()["run"]
    folder = files / "0" / run["info"]["run_id"] / "artifacts"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("x")
    listed = requests.get(server.url + "/api/2.0/mlflow/artifacts/list", params={"run_id": run["info"]["run_id"]}).json()
    assert listed == {"root_uri": str(folder), "files": [{"path": "a.txt", "is_dir": False, "file_size": 1}]}
    proxied = requests.put(server.url + "/api/2.0/mlflow-artifacts/artifacts/x", data=b"x")
    assert (proxied.status_code, proxied.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    busy = tmp_path / "busy"
    busy.mkdir()
    (busy / "thesis.txt").write_text("mine")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for options, words in ((["--root", busy], "neither a project, nor a store, nor empty"),
                               (["--root", tmp_path / "n", "--host", "0.0.0.0"], "--allowed-hosts"),
                               (["--root", tmp_path / "n", "--backend-store-uri", "mysql://x"], "--backend-store-uri"),
                               (["--root", tmp_path / "n", "--artifacts-destination", "ftp://x/y"], "--artifacts-destination"),
                               (["--root", tmp_path / "n", "--port", str(taken.getsockname()[1])], "cannot listen")):
            done = subprocess.run([quern, "server", *options], capture_output=True, text=True, timeout=60, env=environment())
            assert done.returncode != 0 and words in done.stderr, (options, done.stderr)
    assert list(busy.iterdir()) == [busy / "thesis.txt"]


def test_a_json_line_tells_where_the_server_is(quern, tmp_path):
    port = free_port()
    process = subprocess.Popen([quern, "server", "--root", tmp_path / "s", "--port", str(port), "--json"],
                               stdout=subprocess.PIPE, text=True, env=environment())
    try:
        told = json.loads(process.stdout.readline())
        url = f"http://127.0.0.1:{port}"
        assert told == {"url": url, "page": url + "/", "state": str(tmp_path / "s" / ".quern")}
        assert requests.get(told["url"] + "/health", timeout=20).text == "OK"
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0
