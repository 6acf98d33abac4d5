"""Keeping a store in order while a server runs on it: `quern gc`, `quern backup` and `quern restore`."""

import json
import pathlib
import signal
import subprocess
import threading
import time
import warnings

import mlflow
import pytest
import requests
from mlflow import MlflowClient
from mlflow.entities import Metric, ViewType
from mlflow.exceptions import MlflowException

from ports import free_port
from wire.tracking_servers import Process, environment


class Kept:
    """A running server and the verbs on its store."""

    def __init__(self, quern, root, options):
        self.quern, self.root, self.options = quern, root, options
        port = free_port()
        self.server = Process([quern, "server", "--root", root, "--port", str(port), *options], port,
                              root.with_suffix(".log"), 20)
        self.client = MlflowClient(self.server.url, self.server.url)

    def run(self, verb, *arguments, code=0):
        done = subprocess.run([self.quern, verb, *arguments, "--root", self.root, *self.options, "--json"],
                              capture_output=True, text=True, env=environment())
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout) if code == 0 else done.stderr

    def files(self):
        root = self.root / ".quern" / "mlflow-artifacts"
        return sorted(str(path.relative_to(root)) for path in root.rglob("*")
                      if path.is_file() and ".quern-tmp" not in path.parts)

    def new_run(self, experiment, points=10):
        run = self.client.create_run(experiment).info.run_id
        self.client.log_batch(run, [Metric("m", step, step, step) for step in range(points)])
        self.client.log_param(run, "p", "1")
        self.client.log_text(run, "hello", "notes/a.txt")
        return run


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request):
    return request.param


@pytest.fixture
def options(engine, request):
    """What the server and the verbs are told of their database."""
    if engine == "sqlite":
        return []
    return ["--backend-store-uri", request.getfixturevalue("postgres").new_database()]


@pytest.fixture
def kept(quern, options, tmp_path):
    warnings.simplefilter("ignore")
    kept = Kept(quern, tmp_path / "store", options)
    yield kept
    kept.server.kill()


def test_what_was_deleted_is_purged_while_the_server_runs(kept):
    client = kept.client
    experiment = client.create_experiment("mine")
    gone, stays, registered = (kept.new_run(experiment) for _ in range(3))
    model = client.create_logged_model(experiment, name="m", source_run_id=stays)
    version = client.create_registered_model("heart") and client.create_model_version(
        "heart", f"runs:/{registered}/notes", run_id=registered)
    for run in (gone, registered):
        client.delete_run(run)
    client.delete_logged_model(model.model_id)

    # By default only what was deleted a month ago goes, and nothing without --yes.
    assert kept.run("gc", "--yes")["purge"]["runs"] == []
    plan = kept.run("gc", "--older-than", "0s")
    assert plan["removed"] is False and plan["purge"]["runs"] == [gone]
    assert plan["purge"]["logged_models"] == [model.model_id]
    assert plan["purge"]["kept"] == [f"run {registered}: version 1 of model 'heart' refers to it; delete the version first"]
    assert client.get_run(gone).info.lifecycle_stage == "deleted"

    done = kept.run("gc", "--older-than", "0d0h", "--yes")
    assert done["purge"]["runs"] == [gone] and done["purge"]["failed"] == [] and done["orphans"] == []
    with pytest.raises(MlflowException, match="not found"):
        client.get_run(gone)
    assert kept.files() == sorted(f"{experiment}/{run}/artifacts/notes/a.txt" for run in (stays, registered))
    assert client.get_run(registered).info.lifecycle_stage == "deleted"

    client.delete_model_version("heart", version.version)
    assert kept.run("gc", "--older-than", "0s", "--run-ids", registered, "--yes")["purge"]["runs"] == [registered]
    assert "there is no deleted run" in kept.run("gc", "--older-than", "0s", "--run-ids", stays, "--yes", code=2)
    client.delete_experiment(experiment)
    assert kept.run("gc", "--older-than", "0s", "--yes")["purge"]["experiments"] == [experiment]
    assert kept.files() == []
    assert client.create_experiment("mine") != experiment
    assert client.search_runs([experiment], run_view_type=ViewType.ALL) == []


def test_orphans_uploads_and_space(kept, engine):
    run = kept.new_run(kept.client.create_experiment("e"), 5000 // 10)
    folder = kept.root / ".quern" / "mlflow-artifacts"
    orphan = folder / "7" / ("a" * 32) / "artifacts"
    orphan.mkdir(parents=True)
    (orphan / "f").write_bytes(bytes(1000))
    (folder / "by hand").mkdir()
    (folder / "by hand" / "f").write_text("x")
    parts = requests.post(f"{kept.server.url}/api/2.0/mlflow-artifacts/mpu/create/1/x",
                          json={"path": "f", "num_parts": 2}).json()
    assert parts["upload_id"]
    report = kept.run("gc")
    assert [(o["path"], o["files"], o["bytes"]) for o in report["orphans"]] == [("7/" + "a" * 32, 1, 1000)]
    # Begun today: somebody may be sending it.
    assert report["uploads"]["count"] == 0
    assert kept.run("gc", "--yes")["orphans"] != [] and orphan.exists()
    kept.run("gc", "--yes", "--orphans")
    assert not orphan.exists() and (folder / "by hand" / "f").exists()
    assert kept.run("gc")["orphans"] == []

    space = kept.run("gc", "--space")
    parts = {item["name"]: item["bytes"] for item in space["space"]}
    assert parts["artifacts"] == len("hello") + 1 and parts["metrics"] > 10_000
    assert space["bytes"] == sum(parts.values())
    assert kept.client.get_run(run).data.metrics == {"m": 499}


def test_a_purge_beside_writers(kept, engine):
    """Writers neither fail nor lose anything, and the file gets smaller."""
    client, experiment = kept.client, kept.client.create_experiment("busy")
    for _ in range(20):
        run = kept.new_run(experiment, 1000)
        for step in range(0, 5000, 1000):
            client.log_batch(run, [Metric("n", i * 0.37, i, i) for i in range(step, step + 1000)])
        client.delete_run(run)
    live = client.create_run(experiment).info.run_id
    stop, written, errors = threading.Event(), [], []

    def write():
        while not stop.is_set():
            try:
                client.log_metric(live, "w", len(written), step=len(written))
                written.append(1)
            except Exception as error:  # noqa: BLE001 - whatever it is, the test fails with it
                errors.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    while len(written) < 20:
        time.sleep(0.01)
    done = kept.run("gc", "--older-than", "0s", "--yes")
    stop.set()
    thread.join()
    assert errors == [] and len(done["purge"]["runs"]) == 20
    if engine == "sqlite":
        assert done["database_bytes"] > 100_000
    assert len(client.get_metric_history(live, "w")) == len(written)


def test_a_server_with_a_retention_purges_by_itself(kept, quern):
    run, young = kept.new_run("0"), kept.new_run("0")
    kept.client.delete_run(run)
    kept.server.stop()
    patient = Kept(quern, kept.root, [*kept.options, "--purge-deleted-after", "1h"])
    patient.client.delete_run(young)
    assert patient.client.get_run(run).info.lifecycle_stage == "deleted"
    patient.server.stop()
    kept = Kept(quern, kept.root, [*kept.options, "--purge-deleted-after", "0s"])
    try:
        deadline = time.monotonic() + 30
        while kept.files():
            assert time.monotonic() < deadline, kept.server.log.read_text()
            time.sleep(0.01)
        with pytest.raises(MlflowException, match="not found"):
            while time.monotonic() < deadline:
                kept.client.get_run(young)
    finally:
        assert kept.server.stop() == 0
    assert "purged 2 runs" in kept.server.log.read_text()


def references(url):
    """Every file that a store's database names, as the server gives it."""
    client = MlflowClient(url, url)
    found = {}
    for experiment in client.search_experiments():
        for run in client.search_runs([experiment.experiment_id], max_results=5000):
            found[run.info.run_id] = (run.data.metrics, run.data.params,
                                      [f.path for f in client.list_artifacts(run.info.run_id, "notes")])
    return found


def test_a_backup_while_writing_and_its_restore(kept, quern, engine, postgres, tmp_path):
    client, experiment = kept.client, kept.client.create_experiment("busy")
    stop, finished, errors = threading.Event(), [], []

    def write():
        while not stop.is_set():
            try:
                finished.append(kept.new_run(experiment, 50))
            except Exception as error:  # noqa: BLE001 - whatever it is, the test fails with it
                errors.append(error)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    while len(finished) < 10:
        time.sleep(0.01)
    before = list(finished)
    report = kept.run("backup", tmp_path / "copy")
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert report["files"] > 10 and report["database"]["engine"] == engine
    # Anyone can check it.
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path / "copy", check=True)
    assert "is there already" in kept.run("backup", tmp_path / "copy", code=2)

    more = ["--backend-store-uri", postgres.new_database()] if engine == "postgresql" else []
    restore = [quern, "restore", tmp_path / "copy", "--root", tmp_path / "again", *more]
    subprocess.run(restore, check=True, capture_output=True, env=environment())
    again = Kept(quern, tmp_path / "again", more)
    try:
        there = references(again.server.url)
        assert set(before) <= set(there)
        for run in before:
            assert there[run] == ({"m": 49}, {"p": "1"}, ["notes/a.txt"])
            file = again.client.download_artifacts(run, "notes/a.txt", str(tmp_path))
            assert pathlib.Path(file).read_text() == "hello"
        assert again.client.get_experiment_by_name("busy").experiment_id == experiment
        assert again.client.create_experiment("next") != experiment
        # Not beneath a running server, nor over what is there.
        for wish, said in (([], "is not empty"), (["--replace"], "stop the server first")):
            done = subprocess.run([*restore, *wish], capture_output=True, text=True, env=environment())
            assert done.returncode != 0 and said in done.stderr, done.stderr
        run = again.new_run(experiment)
    finally:
        again.server.stop()
    done = subprocess.run([*restore, "--replace", "--json"], capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr
    assert pathlib.Path(json.loads(done.stdout)["replaced"]).is_dir()
    again = Kept(quern, tmp_path / "again", more)
    try:
        assert set(references(again.server.url)) == set(there) and run not in there
    finally:
        again.server.stop()


def test_an_interrupted_backup_leaves_nothing(kept, quern, tmp_path):
    folder = kept.root / ".quern" / "mlflow-artifacts" / "large"
    folder.mkdir(parents=True)
    for i in range(40):
        (folder / str(i)).write_bytes(bytes(8 << 20))
    target = tmp_path / "out"
    target.mkdir()
    process = subprocess.Popen([quern, "backup", target / "copy", "--root", kept.root, *kept.options],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    while not any(target.iterdir()) and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in said
    assert list(target.iterdir()) == []


def test_a_damaged_backup_is_named(kept, quern, tmp_path):
    run = kept.new_run("0")
    kept.run("backup", tmp_path / "copy")
    check = [quern, "restore", tmp_path / "copy", "--check"]
    assert subprocess.run(check, env=environment()).returncode == 0
    (tmp_path / "copy" / "artifacts" / "0" / run / "artifacts" / "notes" / "a.txt").write_text("jello")
    done = subprocess.run(check, capture_output=True, text=True, env=environment())
    assert done.returncode != 0 and f"'artifacts/0/{run}/artifacts/notes/a.txt' is changed" in done.stderr
    assert not (tmp_path / "new").exists()


def test_places_by_path_follow_a_restore(quern, tmp_path):
    """Without the artifact calls clients write to folders, whose paths the database holds."""
    kept = Kept(quern, tmp_path / "store", ["--no-serve-artifacts"])
    try:
        run = kept.new_run("0")
        uri = kept.client.get_run(run).info.artifact_uri
        assert str(tmp_path / "store") in uri
        done = subprocess.run([quern, "backup", tmp_path / "copy", "--root", kept.root], env=environment())
        assert done.returncode == 0
    finally:
        kept.server.stop()
    (tmp_path / "store").rename(tmp_path / "lost")
    subprocess.run([quern, "restore", tmp_path / "copy", "--root", tmp_path / "new"], check=True, env=environment())
    again = Kept(quern, tmp_path / "new", ["--no-serve-artifacts"])
    try:
        assert again.client.get_run(run).info.artifact_uri == uri.replace(str(tmp_path / "store"), str(tmp_path / "new"))
        local = mlflow.artifacts.download_artifacts(run_id=run, artifact_path="notes/a.txt", dst_path=str(tmp_path),
                                                    tracking_uri=again.server.url)
        assert pathlib.Path(local).read_text() == "hello"
    finally:
        again.server.stop()
