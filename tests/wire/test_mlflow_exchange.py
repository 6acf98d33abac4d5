"""`quern import mlflow` and `quern export mlflow` against stores that MLflow itself made and reads."""

import contextlib
import http.server
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import ssl
import subprocess
import threading
import time
import warnings

import mlflow
import pytest
import requests
from wire.certificates import Authority
from wire.mlflow_things import client_of, everything, fill, log_more
from wire.tracking_servers import environment, mlflow_server, quern_server


@pytest.fixture(autouse=True, scope="module")
def file_stores():
    """MLflow's client may read and write folders."""
    before = dict(os.environ)
    os.environ.update(MLFLOW_ALLOW_FILE_STORE="true", MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR="false")
    warnings.simplefilter("ignore")
    yield
    os.environ.clear()
    os.environ.update(before)
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder as MLflow wrote it, and what MLflow reads in it."""
    folder = tmp_path_factory.mktemp("made")
    uri = f"file://{folder}/mlruns"
    ids = fill(uri, str(folder / "elsewhere" / "placed"))
    return folder / "mlruns", ids, everything(uri, folder / "files")


def run(quern, *arguments, code=0, **options):
    done = subprocess.run([quern, *map(str, arguments)], capture_output=True, text=True, env=environment(), **options)
    assert done.returncode == code, done.stdout[-2000:] + done.stderr[-2000:]
    return done


def transfer(quern, *arguments, code=0):
    done = run(quern, *arguments, "--json", code=code)
    return json.loads(done.stdout)


@contextlib.contextmanager
def served(quern, root, *options):
    server = quern_server(quern, root, *options)
    try:
        yield server.url
    finally:
        server.kill()


def counts(report):
    kinds = ("experiments", "runs", "logged_models", "registered_models", "versions", "files")
    return {kind: tuple(report[kind][how] for how in ("added", "updated", "there")) for kind in kinds}


def compare(found, wanted):
    """Part by part, so that a difference is short."""
    for part, things in wanted.items():
        assert sorted(found[part]) == sorted(things), part
        for name, thing in things.items():
            if not isinstance(thing, dict):
                assert found[part][name] == thing, (part, name)
                continue
            for field, value in thing.items():
                assert found[part][name][field] == value, (part, name, field)


def test_a_folder_comes_in_whole(quern, made, tmp_path):
    folder, ids, wanted = made
    root = tmp_path / "store"
    report = transfer(quern, "import", "mlflow", folder, "--root", root)
    assert counts(report) == {"experiments": (4, 0, 0), "runs": (5, 0, 0), "logged_models": (2, 0, 0),
                              "registered_models": (2, 0, 0), "versions": (3, 0, 0), "files": (3, 0, 0)}
    assert report["problems"] == [] and report["unreached"] == [] and report["complete"]
    assert report["points"] == 1500 + 3 + 2 + 2 + 2 - 1 + 1
    with served(quern, root) as url:
        compare(everything(url, tmp_path / "files"), wanted)
        client = client_of(url)
        assert client.get_run(ids["run"]).info.artifact_uri.startswith("mlflow-artifacts:/")
        # The number of a version that was deleted is not given again.
        assert int(client.create_model_version("heart", f"runs:/{ids['run']}/notes", ids["run"]).version) == 4
        place = client.get_model_version_download_uri("heart", "2")
        assert place == f"mlflow-artifacts:/{ids['alpha']}/{ids['run']}/artifacts/notes"
        local = mlflow.artifacts.download_artifacts(artifact_uri="models:/heart/2", dst_path=str(tmp_path / "loaded"))
        assert (pathlib.Path(local) / "a b.txt").read_text() == "hello"
        restores_what_went_with_it(client)


def restores_what_went_with_it(client):
    """An experiment that came deleted, with its run."""
    dead = client.get_experiment_by_name("dead").experiment_id
    client.restore_experiment(dead)
    assert [run.info.run_name for run in client.search_runs([dead])] == ["in the dead"]


def test_again_adds_nothing(quern, made, tmp_path):
    folder, ids, wanted = made
    root = tmp_path / "store"
    transfer(quern, "import", "mlflow", folder, "--root", root)
    before = snapshot(root)
    again = transfer(quern, "import", "mlflow", folder, "--root", root)
    assert counts(again) == {"experiments": (0, 0, 4), "runs": (0, 0, 5), "logged_models": (0, 0, 2),
                             "registered_models": (0, 0, 2), "versions": (0, 0, 3), "files": (0, 0, 3)}
    assert snapshot(root) == before


def snapshot(root):
    """Every row of the store."""
    with contextlib.closing(sqlite3.connect(root / ".quern" / "quern.db")) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {table: sorted(map(repr, db.execute(f"SELECT * FROM {table}"))) for table in tables}


def test_what_went_on_since_is_brought_up_to_date(quern, tmp_path):
    uri = f"file://{tmp_path}/mlruns"
    ids = fill(uri)
    root = tmp_path / "store"
    transfer(quern, "import", "mlflow", tmp_path / "mlruns", "--root", root)
    log_more(uri, ids["going"])
    wanted = everything(uri, tmp_path / "f1")
    # While a server works on the same store.
    with served(quern, root) as url:
        report = transfer(quern, "import", "mlflow", tmp_path / "mlruns", "--root", root)
        assert report["runs"] == {"added": 0, "updated": 1, "there": 4}
        compare(everything(url, tmp_path / "f2"), wanted)


def test_out_again_loses_nothing(quern, made, tmp_path):
    folder, ids, wanted = made
    root, out = tmp_path / "store", tmp_path / "out dir" / "mlruns"
    transfer(quern, "import", "mlflow", folder, "--root", root)
    out.parent.mkdir()
    report = transfer(quern, "export", "mlflow", out, "--root", root)
    assert report["problems"] == [] and report["runs"]["added"] == 5 and report["files"]["added"] == 3
    found = everything(f"file://{out}", tmp_path / "files")
    compare(found, wanted)
    # And in once more, from what was written.
    transfer(quern, "import", "mlflow", out, "--root", tmp_path / "second")
    transfer(quern, "export", "mlflow", tmp_path / "again", "--root", tmp_path / "second")
    compare(everything(f"file://{tmp_path}/again", tmp_path / "f3"), wanted)
    # MLflow goes on with it: restores, logs, registers.
    client = client_of(f"file://{out}")
    client.restore_experiment(next(e for e, v in wanted["experiments"].items() if v[0] == "dead"))
    client.log_metric(ids["going"], "more", 1.0)
    assert int(client.create_model_version("heart", "s3://bucket/m").version) == 4
    assert client.get_model_version_by_alias("heart", "champion").version == 1


def test_a_place_that_holds_something_is_not_written_to(quern, made, tmp_path):
    root = tmp_path / "store"
    transfer(quern, "import", "mlflow", made[0], "--root", root)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    done = run(quern, "export", "mlflow", tmp_path / "full", "--root", root, code=2)
    assert "is not empty: it holds 'x'" in done.stderr
    assert os.listdir(tmp_path / "full") == ["x"]
    done = run(quern, "export", "mlflow", tmp_path / "out", "--root", tmp_path / "nowhere", code=2)
    assert "no store" in done.stderr and not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """An mlflow.db whose artifacts are folders."""
    folder = tmp_path_factory.mktemp("database")
    before = os.getcwd()
    os.chdir(folder)
    try:
        uri = f"sqlite:///{folder}/mlflow.db"
        ids = fill(uri, str(folder / "elsewhere" / "placed"))
        return folder, ids, everything(uri, folder / "files")
    finally:
        os.chdir(before)


def test_a_database_comes_in_whole(quern, database, tmp_path):
    folder, ids, wanted = database
    root = tmp_path / "store"
    digest = (folder / "mlflow.db").read_bytes()
    dry = transfer(quern, "import", "mlflow", folder / "mlflow.db", "--root", root, "--dry-run")
    assert not root.exists()
    report = transfer(quern, "import", "mlflow", f"sqlite:///{folder}/mlflow.db", "--root", root)
    assert counts(dry) == counts(report) and dry["dry_run"] and report["points"] == dry["points"]
    assert report["problems"] == [] and report["unreached"] == []
    again = transfer(quern, "import", "mlflow", folder / "mlflow.db", "--root", root)
    assert all(how[:2] == (0, 0) for how in counts(again).values())
    with served(quern, root) as url:
        compare(everything(url, tmp_path / "files"), wanted)
        restores_what_went_with_it(client_of(url))
    assert (folder / "mlflow.db").read_bytes() == digest


def test_a_database_of_another_schema(quern, database, tmp_path):
    other = tmp_path / "other.db"
    shutil.copy(database[0] / "mlflow.db", other)
    with contextlib.closing(sqlite3.connect(other)) as db:
        db.execute("ALTER TABLE metrics RENAME COLUMN is_nan TO nan_flag")
        db.execute("UPDATE alembic_version SET version_num = 'ffff00000000'")
        db.commit()
    done = run(quern, "import", "mlflow", other, "--root", tmp_path / "store", code=2)
    assert "schema ffff00000000" in done.stderr and "metrics.is_nan" in done.stderr
    # An older one without what was added since.
    with contextlib.closing(sqlite3.connect(other)) as db:
        db.execute("ALTER TABLE metrics RENAME COLUMN nan_flag TO is_nan")
        for table in ("logged_model_metrics", "logged_model_params", "logged_model_tags", "logged_models", "inputs",
                      "input_tags", "registered_model_aliases", "experiment_tags"):
            db.execute(f"DROP TABLE {table}")
        db.execute("ALTER TABLE runs DROP COLUMN deleted_time")
        db.execute("ALTER TABLE model_versions DROP COLUMN storage_location")
        db.commit()
    report = transfer(quern, "import", "mlflow", other, "--root", tmp_path / "old", "--no-artifacts")
    assert report["runs"]["added"] == 5 and report["logged_models"]["added"] == 0 and report["problems"] == []


# A schema of the 2.x series each: its first, the one with datasets, its last; and the first with logged models.
@pytest.mark.parametrize("revision", ["97727af70f4d", "7f2a7d5fae7d", "acf3f17fdcc7", "400f98739977"])
def test_databases_of_earlier_series(quern, tmp_path, revision):
    """Made by MLflow's own migrations."""
    import alembic.command
    import sqlalchemy
    from mlflow.store.db.utils import _get_alembic_config
    from mlflow.store.tracking.dbmodels.initial_models import Base

    uri = f"sqlite:///{tmp_path}/old.db"
    engine = sqlalchemy.create_engine(uri)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        config = _get_alembic_config(uri)
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, revision)
    engine.dispose()
    with contextlib.closing(sqlite3.connect(tmp_path / "old.db")) as db:
        db.execute("INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, "
                   "last_update_time) VALUES (1, 'old', '/x/1', 'active', 5, 6)")
        db.execute("INSERT INTO runs (run_uuid, name, user_id, status, start_time, lifecycle_stage, artifact_uri, "
                   "experiment_id) VALUES ('abc', '', 'ann', 'FINISHED', 7, 'active', '/x/1/abc/artifacts', 1)")
        db.execute("INSERT INTO tags VALUES ('mlflow.runName', 'named', 'abc')")
        db.execute("INSERT INTO params VALUES ('p', '1', 'abc')")
        db.execute("INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ('m', 0.5, 1, 'abc', 2, 0)")
        db.execute("INSERT INTO registered_models (name, creation_time) VALUES ('reg', 8)")
        db.execute("INSERT INTO model_versions (name, version, creation_time, source, run_id, status, current_stage) "
                   "VALUES ('reg', 1, 9, 's3://b/m', 'abc', 'READY', 'Production')")
        db.commit()
    report = transfer(quern, "import", "mlflow", tmp_path / "old.db", "--root", tmp_path / "store", "--no-artifacts")
    assert report["problems"] == []
    with served(quern, tmp_path / "store") as url:
        client = client_of(url)
        run = client.get_run("abc")
        assert run.info.run_name == "named" and run.data.metrics == {"m": 0.5} and run.data.params == {"p": "1"}
        assert client.get_experiment_by_name("old").creation_time == 5
        assert client.get_model_version("reg", "1").current_stage == "Production"


def test_damage_in_a_database(quern, database, tmp_path):
    bad = tmp_path / "bad.db"
    shutil.copy(database[0] / "mlflow.db", bad)
    with contextlib.closing(sqlite3.connect(bad)) as db:
        db.execute("UPDATE runs SET run_uuid = '../../x' WHERE name = 'child'")
        db.execute("UPDATE runs SET experiment_id = 77 WHERE name = 'going'")
        db.execute("INSERT INTO params VALUES ('../up', 'x', (SELECT run_uuid FROM runs WHERE name = 'gone'))")
        db.commit()
    done = run(quern, "import", "mlflow", bad, "--root", tmp_path / "store", "--no-artifacts", "--json", code=2)
    report = json.loads(done.stdout)
    text = " ".join(problem["message"] for problem in report["problems"])
    assert len(report["problems"]) == 3
    assert "'../../x' is no id of a run" in text and "experiment '77'" in text and "'../up'" in text
    assert report["runs"]["added"] == 3 and report["complete"]


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    server = mlflow_server(folder)
    ids = fill(server.url)
    yield server.url, ids, everything(server.url, folder / "files")
    server.kill()


def test_a_running_server_comes_in_whole(quern, live, tmp_path):
    url, ids, wanted = live
    root = tmp_path / "store"
    report = transfer(quern, "import", "mlflow", url, "--root", root)
    assert report["problems"] == [] and report["unreached"] == [] and report["files"]["added"] == 3
    with served(quern, root) as here:
        compare(everything(here, tmp_path / "files"), wanted)
        # A server of our own is a source as well.
        second = transfer(quern, "import", "mlflow", here, "--root", tmp_path / "second")
        assert second["problems"] == [] and second["runs"]["added"] == 5 and second["files"]["added"] == 3
    again = transfer(quern, "import", "mlflow", url, "--root", root)
    assert all(how[:2] == (0, 0) for how in counts(again).values())


def test_one_experiment(quern, live, made, tmp_path):
    for source, ids in ((live[0], live[1]), (made[0], made[1])):
        root = tmp_path / f"store{ids['run'][:6]}"
        report = transfer(quern, "import", "mlflow", source, "--root", root, "--experiment", "dead")
        assert report["experiments"]["added"] == 1 and report["runs"]["added"] == 1
        assert report["registered_models"]["added"] == 0
        done = run(quern, "import", "mlflow", source, "--root", root, "--experiment", "alpa", code=2)
        assert "no experiment 'alpa'" in done.stderr and "did you mean 'alpha'" in done.stderr


def test_a_server_that_does_not_answer(quern, tmp_path, free_port):
    done = run(quern, "import", "mlflow", f"http://127.0.0.1:{free_port}", "--root", tmp_path / "store", code=1)
    assert f"127.0.0.1:{free_port}" in done.stderr
    done = run(quern, "import", "mlflow", "https://127.0.0.1:1", "--root", tmp_path / "store", code=1)
    assert "https://127.0.0.1:1" in done.stderr


class Tls(http.server.BaseHTTPRequestHandler):
    """Passes on what is read from a server, behind TLS."""

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.authorizations.add(self.headers.get("Authorization"))
        answer = requests.request(self.command, self.server.target + self.path.removeprefix("/behind"), data=body,
                                  headers={"Content-Type": "application/json"}, timeout=60)
        self.send_response(answer.status_code)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_POST = do_GET

    def log_message(self, *arguments):
        pass


def test_a_server_behind_tls(quern, live, tmp_path):
    url, _, wanted = live
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.sign("server"))
    front = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tls)
    front.target, front.authorizations = url, set()
    front.socket = context.wrap_socket(front.socket, server_side=True)
    threading.Thread(target=front.serve_forever, daemon=True).start()
    try:
        command = [quern, "import", "mlflow", f"https://127.0.0.1:{front.server_address[1]}/behind", "--root", tmp_path / "store",
                   "--json"]
        refused = subprocess.run(command, capture_output=True, text=True, env=environment())
        assert refused.returncode != 0 and "MLFLOW_TRACKING_SERVER_CERT_PATH" in refused.stderr, refused.stderr
        trusting = environment() | {"MLFLOW_TRACKING_SERVER_CERT_PATH": str(authority.bundle), "MLFLOW_TRACKING_TOKEN": "secret"}
        done = subprocess.run(command, capture_output=True, text=True, env=trusting)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert report["problems"] == [] and report["files"]["added"] == 3
        assert front.authorizations == {"Bearer secret"}
    finally:
        front.shutdown()
    with served(quern, tmp_path / "store") as here:
        compare(everything(here, tmp_path / "files"), wanted)


def test_what_is_no_source(quern, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.db").write_text("this is no database, though it is long enough to be one" * 20)
    with contextlib.closing(sqlite3.connect(tmp_path / "other.db")) as db:
        db.execute("CREATE TABLE x (y)")
    for source, words in (("nowhere", "there is no"), ("empty", "no folder of MLflow's"), ("text.db", "not a database"),
                          ("other.db", "no database of MLflow's"), ("mysql://h/db", "of a kind that is not read")):
        name = source if "://" in source else tmp_path / source
        done = run(quern, "import", "mlflow", name, "--root", tmp_path / "store", code=None or 2)
        assert words in done.stderr, done.stderr
    done = run(quern, "import", "mlflow", tmp_path, "--root", tmp_path / "store", code=2)
    assert "no folder of MLflow's" in done.stderr


def copied(made, tmp_path):
    """The folder again, where its artifacts are no longer where they are said to be."""
    folder = tmp_path / "moved" / "mlruns"
    shutil.copytree(made[0], folder)
    return folder, folder / made[1]["alpha"], made[1]


def test_damage_in_a_folder_is_named_and_the_rest_comes_in(quern, made, tmp_path):
    folder, alpha, ids = copied(made, tmp_path)
    (alpha / ids["run"] / "metrics" / "few").write_text("5 -0.1 -2\n4 1e300 three\n4\n4 0.0 3\n")
    other = next(p for p in alpha.iterdir() if p.name not in (ids["run"], "models", "tags", "datasets") and p.is_dir())
    (other / "meta.yaml").write_text("run_id: x\n  broken: [\n")
    strange = alpha / "evil"
    strange.mkdir()
    (strange / "meta.yaml").write_text("run_id: ../../x\nexperiment_id: '1'\n")
    (folder / ids["placed"] / "meta.yaml").unlink()
    (alpha / ids["run"] / "params" / "binary").write_bytes(b"\xff\xfe")
    done = run(quern, "import", "mlflow", folder, "--root", tmp_path / "store", code=2)
    for words in (f"few:2: '4 1e300 three'", "few:3: '4'", f"{other.name}/meta.yaml:2", "'../../x' differs",
                  "has no meta.yaml", "binary: the file is no UTF-8"):
        assert words in done.stderr, words + done.stderr[-3000:]
    with served(quern, tmp_path / "store") as url:
        client = client_of(url)
        assert len(client.get_metric_history(ids["run"], "few")) == 2
        assert len(client.get_metric_history(ids["run"], "val/loss")) == 1500
        assert client.get_run(ids["run"]).data.params["lr"] == "0.1"


def test_artifacts_of_a_folder_that_was_moved(quern, made, tmp_path):
    folder, alpha, ids = copied(made, tmp_path)
    shutil.move(made[0], tmp_path / "aside")
    try:
        report = transfer(quern, "import", "mlflow", folder, "--root", tmp_path / "store")
    finally:
        shutil.move(tmp_path / "aside", made[0])
    assert report["files"]["added"] == 3 and report["unreached"] == []


def test_artifacts_that_cannot_be_reached_are_listed(quern, made, tmp_path):
    folder, alpha, ids = copied(made, tmp_path)
    for meta in (folder / ids["placed"]).rglob("meta.yaml"):
        meta.write_text(meta.read_text().replace(str(made[0].parent / "elsewhere"), "/nowhere/at/all"))
    for meta in alpha.glob("*/meta.yaml"):
        meta.write_text(meta.read_text().replace(f"artifact_uri: file://{made[0]}", "artifact_uri: s3://bucket/runs"))
    (alpha / ids["run"] / "artifacts" / "up").symlink_to("/etc/hostname")
    for name in ("artifacts",):
        shutil.rmtree(folder / ids["placed"] / ids["going"] / name)
    report = transfer(quern, "import", "mlflow", folder, "--root", tmp_path / "store")
    assert any("'/nowhere/at/all/" in text for text in report["unreached"]), report["unreached"]
    assert any("s3://bucket" in text for text in report["notes"]), report["notes"]
    assert report["runs"]["added"] == 5
    with served(quern, tmp_path / "store") as url:
        assert client_of(url).get_run(ids["run"]).info.artifact_uri.startswith("s3://bucket/runs/")


def test_names_and_ids_that_are_taken(quern, made, tmp_path):
    root = tmp_path / "store"
    with served(quern, root) as url:
        client = client_of(url)
        there = client.create_experiment("alpha")
        client.create_registered_model("heart")
        client.create_model_version("heart", "s3://bucket/other")
    done = run(quern, "import", "mlflow", made[0], "--root", root, "--json", code=2)
    report = json.loads(done.stdout)
    assert any(f"is here already, with the id {there}" in note for note in report["notes"])
    assert "version 1 of the registered model 'heart' is another one here" in done.stderr
    assert report["experiments"] == {"added": 2, "updated": 0, "there": 2}
    with served(quern, root) as url:
        assert client_of(url).get_run(made[1]["run"]).info.experiment_id == there
    # Another name under the same id.
    second = tmp_path / "second"
    transfer(quern, "import", "mlflow", made[0], "--root", second, "--experiment", "alpha")
    with served(quern, second) as url:
        client_of(url).rename_experiment(made[1]["alpha"], "renamed")
    (tmp_path / "renamed").mkdir()
    report = transfer(quern, "import", "mlflow", made[0], "--root", second, "--experiment", "alpha")
    assert any("which it had, is that of another experiment" in note for note in report["notes"])
    assert report["runs"]["added"] == 0


def test_without_artifacts_and_then_with(quern, made, tmp_path):
    folder, ids, wanted = made
    root = tmp_path / "store"
    report = transfer(quern, "import", "mlflow", folder, "--root", root, "--no-artifacts")
    assert report["files"]["added"] == 0
    with served(quern, root) as url:
        assert client_of(url).get_run(ids["run"]).info.artifact_uri.startswith("file://")
        assert client_of(url).get_experiment(ids["alpha"]).artifact_location.startswith("file://")
    report = transfer(quern, "import", "mlflow", folder, "--root", root)
    assert report["files"]["added"] == 3 and report["runs"]["added"] == 0
    with served(quern, root) as url:
        assert client_of(url).get_run(ids["run"]).info.artifact_uri.startswith("mlflow-artifacts:/")
        assert client_of(url).get_experiment(ids["alpha"]).artifact_location == f"mlflow-artifacts:/{ids['alpha']}"


def test_an_import_that_is_killed_goes_on(quern, tmp_path):
    """Killed again and again at different moments, it ends as one that was not."""
    client = client_of(f"file://{tmp_path}/mlruns")
    experiment = client.create_experiment("many")
    for i in range(40):
        run_id = client.create_run(experiment).info.run_id
        (tmp_path / "mlruns" / experiment / run_id / "metrics" / "m").write_text(
            "".join(f"{step} {step * i} {step}\n" for step in range(3000)))
        (tmp_path / "mlruns" / experiment / run_id / "artifacts" / "big").write_bytes(os.urandom(300_000))
    transfer(quern, "import", "mlflow", tmp_path / "mlruns", "--root", tmp_path / "whole")
    root = tmp_path / "store"
    killed = 0
    for attempt in range(30):
        process = subprocess.Popen([quern, "import", "mlflow", tmp_path / "mlruns", "--root", root],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=0.02 * (attempt + 1))
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
    assert killed > 0
    report = transfer(quern, "import", "mlflow", tmp_path / "mlruns", "--root", root)
    assert report["problems"] == []
    first, second = snapshot(tmp_path / "whole"), snapshot(root)
    for table in ("experiments", "metric_series", "metric_chunks", "run_tags"):
        assert first[table] == second[table], table
    for path in (tmp_path / "whole" / ".quern" / "mlflow-artifacts").rglob("big"):
        twin = root / ".quern" / "mlflow-artifacts" / path.relative_to(tmp_path / "whole" / ".quern" / "mlflow-artifacts")
        assert twin.read_bytes() == path.read_bytes()


def test_an_interrupted_import_says_so(quern, tmp_path):
    client = client_of(f"file://{tmp_path}/mlruns")
    experiment = client.create_experiment("many")
    for _ in range(30):
        run_id = client.create_run(experiment).info.run_id
        (tmp_path / "mlruns" / experiment / run_id / "artifacts" / "big").write_bytes(os.urandom(2_000_000))
    process = subprocess.Popen([quern, "import", "mlflow", tmp_path / "mlruns", "--root", tmp_path / "store"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    artifacts = tmp_path / "store" / ".quern" / "mlflow-artifacts" / experiment
    while not artifacts.exists() and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in errors


def test_postgres(quern, made, postgres, tmp_path):
    folder, ids, wanted = made
    options = ("--root", tmp_path / "store", "--backend-store-uri", postgres)
    report = transfer(quern, "import", "mlflow", folder, *options)
    assert report["problems"] == [] and report["runs"]["added"] == 5
    again = transfer(quern, "import", "mlflow", folder, *options)
    assert all(how[:2] == (0, 0) for how in counts(again).values())
    with served(quern, tmp_path / "store", "--backend-store-uri", postgres) as url:
        compare(everything(url, tmp_path / "files"), wanted)
        client_of(url).create_experiment("after")
    transfer(quern, "export", "mlflow", tmp_path / "out", *options, "--experiment", "alpha")
    found = everything(f"file://{tmp_path}/out", tmp_path / "f2")
    assert found["runs"][ids["run"]] == wanted["runs"][ids["run"]]


@pytest.fixture
def postgres(tmp_path):
    """A PostgreSQL server of the test's own, as a URI."""
    programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("no PostgreSQL on this machine")
    from ports import free_port
    user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    home = pathlib.Path("/tmp") / f"quern-exchange-{os.getpid()}"
    home.mkdir(mode=0o777)
    os.chmod(home, 0o777)
    data, port = home / "data", free_port()
    subprocess.run([*user, programs[-1] / "initdb", "-D", data, "-A", "trust", "-U", "quern", "-E", "UTF8",
                    "--no-sync"], check=True, capture_output=True, cwd="/")
    settings = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -F"
    subprocess.run([*user, programs[-1] / "pg_ctl", "-D", data, "-w", "-o", settings, "-l", home / "log", "start"],
                   check=True, capture_output=True, cwd="/")
    yield f"postgresql://quern@127.0.0.1:{port}/postgres"
    subprocess.run([*user, programs[-1] / "pg_ctl", "-D", data, "-m", "immediate", "stop"], capture_output=True,
                   cwd="/")
    shutil.rmtree(home, ignore_errors=True)
