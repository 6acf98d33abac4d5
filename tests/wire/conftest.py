"""What the suites of the tracking server share: the server on each engine of its database, and MLflow's client."""

import base64
import json
import shutil
import subprocess
import warnings

import pandas as pd
import pytest

from wire.postgres import Postgres, programs
from wire.tracking_servers import Store, pointed_at, quern_server

# Webhooks may go to this machine, and are given up soon.
WEBHOOKS = {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
            "MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES": "2",
            "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": base64.urlsafe_b64encode(bytes(range(32))).decode()}


@pytest.fixture(scope="module")
def project(trained, tmp_path_factory):
    """A copy of it for one module."""
    return shutil.copytree(trained, tmp_path_factory.mktemp("project") / "heart", symlinks=True)


@pytest.fixture(scope="module")
def package(quern, project):
    """The package that is served: the champion's."""
    listed = subprocess.run([quern, "models", "--project", project, "--json"], check=True, capture_output=True, text=True)
    champion, = [v for v in json.loads(listed.stdout)["versions"] if "champion" in v["aliases"]]
    return project / champion["path"]


@pytest.fixture(scope="module")
def rows(package):
    """Its example, as a table."""
    example = json.loads((package / "serving_input_example.json").read_text())
    (form, value), = [(k, v) for k, v in example.items() if k != "params"]
    if form == "dataframe_split":
        return pd.DataFrame(value["data"], columns=value["columns"])
    return pd.DataFrame({name: [row[0] if isinstance(row, list) else row for row in column]
                         for name, column in value.items()})


@pytest.fixture(scope="session")
def postgres():
    if programs() is None:
        pytest.skip("PostgreSQL is not installed: run ./dev setup")
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def new_store(request, tmp_path_factory):
    """Makes empty stores for servers. Whatever uses it runs on every engine."""
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    return lambda: Store(tmp_path_factory.mktemp("server") / "store", server)


@pytest.fixture(scope="module")
def server(quern, new_store):
    """A `quern server` for the tests of one module, on each engine."""
    process = quern_server(quern, new_store(), settings=WEBHOOKS)
    yield process
    process.kill()


@pytest.fixture
def start(quern):
    """Starts servers of the test's own: start(store, *options)."""
    running = []

    def begin(store, *options, settings=WEBHOOKS):
        running.append(quern_server(quern, store, *options, settings=settings))
        return running[-1]

    yield begin
    for process in running:
        process.kill()


@pytest.fixture(scope="module")
def client(server):
    """MLflow's own, and its fluent interface, pointed at the server."""
    import mlflow

    warnings.simplefilter("ignore")
    with pointed_at(server):
        # What an earlier module chose is an experiment of another server.
        mlflow.set_experiment("Default")
        yield mlflow.MlflowClient(server.url, server.url)
