"""`quern server` with its artifacts in a bucket: MLflow's own client, upkeep, and HTTPS."""

import fcntl
import json
import pathlib
import subprocess

import mlflow
import numpy
import pytest
import requests
import sklearn.linear_model
from mlflow import MlflowClient
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from ports import free_port
from wire.buckets import ObjectStore
from wire.certificates import Authority
from wire.tracking_servers import Process, environment

BUCKET = "quern-bucket"
DESTINATION = f"s3://{BUCKET}/shared/artifacts"


def serve(quern, root, settings, destination=DESTINATION):
    port = free_port()
    return Process([quern, "server", "--root", root, "--port", str(port), "--artifacts-destination", destination], port,
                   root.with_suffix(".log"), 20, settings)


@pytest.fixture(scope="module")
def objects():
    store = ObjectStore()
    store.make(BUCKET)
    yield store
    store.close()


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("bucket") / "store"


@pytest.fixture(scope="module")
def server(quern, objects, root):
    process = serve(quern, root, objects.environment)
    yield process
    process.kill()


@pytest.fixture(scope="module")
def client(server):
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    yield MlflowClient(server.url, server.url)
    mlflow.set_tracking_uri(before[0])
    mlflow.set_registry_uri(before[1])


def test_files_up_listed_down_and_gone(client, objects, tmp_path):
    run = client.create_run("0").info.run_id
    (tmp_path / "folder" / "sub").mkdir(parents=True)
    (tmp_path / "folder" / "a ü.txt").write_text("hello")
    (tmp_path / "folder" / "sub" / "empty").write_bytes(b"")
    client.log_artifacts(run, str(tmp_path / "folder"), "to")
    client.log_dict(run, {"a": 1}, "d.json")
    assert [(f.path, f.is_dir) for f in client.list_artifacts(run)] == [("d.json", False), ("to", True)]
    assert [(f.path, f.file_size) for f in client.list_artifacts(run, "to")] == [("to/a ü.txt", 5), ("to/sub", None)]
    assert objects.keys(BUCKET, f"shared/artifacts/0/{run}/") == [
        f"shared/artifacts/0/{run}/artifacts/{name}" for name in ("d.json", "to/a ü.txt", "to/sub/empty")]
    local = pathlib.Path(client.download_artifacts(run, "", str(tmp_path)))
    assert (local / "to" / "a ü.txt").read_text() == "hello" and (local / "to" / "sub" / "empty").stat().st_size == 0
    get_artifact_repository(client.get_run(run).info.artifact_uri).delete_artifacts("to")
    assert [f.path for f in client.list_artifacts(run)] == ["d.json"]


def test_large_files_in_parts_and_ranges(client, server, objects, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", str(5 << 20))
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(5 << 20))
    run = client.create_run("0").info.run_id
    data = numpy.random.default_rng(1).bytes(37 << 20)
    (tmp_path / "large").write_bytes(data)
    client.log_artifact(run, str(tmp_path / "large"))
    kept = objects.client.get_object(Bucket=BUCKET, Key=f"shared/artifacts/0/{run}/artifacts/large")
    assert kept["Body"].read() == data
    # As the store joined it from parts of 16 MB.
    assert kept["ETag"].strip('"').endswith("-3")
    url = f"{server.url}/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/large"
    part = requests.get(url, headers={"Range": "bytes=20000000-20000099"})
    assert part.status_code == 206 and part.content == data[20_000_000:20_000_100]
    assert part.headers["Content-Range"] == f"bytes 20000000-20000099/{len(data)}"
    (tmp_path / "down").mkdir()
    assert pathlib.Path(client.download_artifacts(run, "large", str(tmp_path / "down"))).read_bytes() == data
    # A client that stops half-way leaves nothing.
    with pytest.raises(requests.RequestException):
        requests.put(url + "2", data=broken_off())
    assert objects.keys(BUCKET, f"shared/artifacts/0/{run}/artifacts/large2") == []


def broken_off():
    yield bytes(20 << 20)
    raise requests.ConnectionError("broken off")


def test_models_live_in_the_bucket(client, objects):
    experiment = client.create_experiment("models")
    model = sklearn.linear_model.LinearRegression().fit([[0], [1]], [0, 2])
    with mlflow.start_run(experiment_id=experiment):
        mlflow.sklearn.log_model(model, name="line", registered_model_name="line", input_example=[[1.0]])
    client.set_registered_model_alias("line", "best", 1)
    assert mlflow.pyfunc.load_model("models:/line@best").predict([[3.0]]) == pytest.approx([6])
    assert any(key.endswith("/artifacts/MLmodel") for key in objects.keys(BUCKET, "shared/artifacts/"))


def test_upkeep_knows_the_bucket(quern, client, objects, root, tmp_path):
    """What the server was told of the bucket need not be said again."""
    def run(verb, *arguments):
        done = subprocess.run([quern, verb, *arguments, "--json"], capture_output=True, text=True,
                              env={**environment(), **objects.environment})
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    experiment = client.create_experiment("purged")
    gone = client.create_run(experiment).info.run_id
    stays = client.create_run(experiment).info.run_id
    for one in (gone, stays):
        client.log_text(one, "text", "f")
    client.delete_run(gone)
    objects.client.put_object(Bucket=BUCKET, Key=f"shared/artifacts/9/{'b' * 32}/artifacts/f", Body=b"123")
    objects.client.put_object(Bucket=BUCKET, Key="shared/other", Body=b"not the store's")
    begun = objects.client.create_multipart_upload(Bucket=BUCKET, Key="shared/artifacts/half")
    plan = run("gc", "--root", root, "--older-than", "0s")
    assert plan["purge"]["runs"] == [gone]
    assert [orphan["path"] for orphan in plan["orphans"]] == ["9/" + "b" * 32]
    # The object store of the tests says that all uploads began in 2010.
    assert plan["uploads"]["count"] == 1 and begun["UploadId"]
    run("gc", "--root", root, "--older-than", "0s", "--yes", "--orphans")
    keys = objects.keys(BUCKET)
    assert not any(gone in key or "b" * 32 in key for key in keys)
    assert f"shared/artifacts/{experiment}/{stays}/artifacts/f" in keys and "shared/other" in keys
    assert objects.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []

    report = run("backup", tmp_path / "copy", "--root", root)
    assert report["artifacts"] and (tmp_path / "copy" / "artifacts" / experiment / stays / "artifacts" / "f").read_text() == "text"
    run("restore", tmp_path / "copy", "--root", tmp_path / "new", "--artifacts-destination", f"s3://{BUCKET}/restored")
    assert objects.client.get_object(Bucket=BUCKET, Key=f"restored/{experiment}/{stays}/artifacts/f")["Body"].read() == b"text"
    # Beside, in a folder.
    run("restore", tmp_path / "copy", "--root", tmp_path / "folder")
    assert (tmp_path / "folder" / ".quern" / "mlflow-artifacts" / experiment / stays / "artifacts" / "f").is_file()


def test_an_import_goes_into_the_bucket_that_the_server_has(quern, client, objects, root, tmp_path):
    folder = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    experiment = folder.create_experiment("from elsewhere", artifact_location=str(tmp_path / "artifacts"))
    run = folder.create_run(experiment).info.run_id
    folder.log_text(run, "brought", "f")
    command = [quern, "import", "mlflow", f"sqlite:///{tmp_path}/mlflow.db", "--root", root]
    settings = {**environment(), **objects.environment}
    # Files come before rows: a purge would take them for orphans.
    with open(root / ".quern" / "upkeep.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(command, capture_output=True, text=True, env=settings)
        assert done.returncode == 5 and "the import has to wait" in done.stderr
    done = subprocess.run(command, capture_output=True, text=True, env=settings)
    assert done.returncode == 0, done.stdout + done.stderr
    here = client.get_experiment_by_name("from elsewhere").experiment_id
    assert objects.keys(BUCKET, f"shared/artifacts/{here}/") == [f"shared/artifacts/{here}/{run}/artifacts/f"]
    assert pathlib.Path(client.download_artifacts(run, "f", str(tmp_path))).read_text() == "brought"


def test_a_bucket_without_credentials_is_refused_at_the_start(quern, tmp_path):
    done = subprocess.run([quern, "server", "--root", tmp_path / "s", "--artifacts-destination", DESTINATION],
                          capture_output=True, text=True, timeout=30,
                          env={k: v for k, v in environment().items() if not k.startswith("AWS_")})
    assert done.returncode == 2 and "AWS_ACCESS_KEY_ID" in done.stderr


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def test_https_with_an_authority_of_ones_own(quern, authority, tmp_path):
    objects = ObjectStore(authority.sign("objects"), authority.bundle)
    try:
        objects.make(BUCKET)
        server = serve(quern, tmp_path / "trusting", objects.environment)
        client = MlflowClient(server.url, server.url)
        run = client.create_run("0").info.run_id
        client.log_text(run, "sealed", "f")
        assert objects.keys(BUCKET) == [f"shared/artifacts/0/{run}/artifacts/f"]
        with open(client.download_artifacts(run, "f", str(tmp_path))) as file:
            assert file.read() == "sealed"
        server.stop()

        # Who is not told of the authority does not believe it, and sends nothing.
        without = {**objects.environment, "AWS_CA_BUNDLE": ""}
        for settings, works in (({}, False), ({"MLFLOW_S3_IGNORE_TLS": "true"}, True)):
            server = serve(quern, tmp_path / f"other{works}", {**without, **settings})
            answer = requests.put(f"{server.url}/api/2.0/mlflow-artifacts/artifacts/x{works}", data=b"1")
            assert answer.status_code == (200 if works else 503)
            server.stop()
            assert ("certificate" in server.log.read_text()) is not works
        assert objects.keys(BUCKET, "shared/artifacts/x") == ["shared/artifacts/xTrue"]
    finally:
        objects.close()


def test_without_its_object_store_the_server_answers_503(quern, tmp_path):
    objects = ObjectStore()
    objects.make(BUCKET)
    server = serve(quern, tmp_path / "s", objects.environment)
    try:
        objects.close()
        url = f"{server.url}/api/2.0/mlflow-artifacts/artifacts/f"
        answer = requests.put(url, data=b"1")
        assert answer.status_code == 503 and "127.0.0.1" not in answer.text
        assert requests.get(f"{server.url}/health").status_code == 200
    finally:
        server.kill()
