"""A `quern server` and a real `mlflow server`, started on free ports and stopped again."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

import requests

from ports import free_port


class Process:
    """A server that answers /health once it is ready."""

    def __init__(self, command, port, log, seconds, settings=None):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = pathlib.Path(log)
        with open(self.log, "w") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT,
                                            start_new_session=True, env={**environment(), **(settings or {})})
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if requests.get(self.url + "/health", timeout=5).status_code == 200:
                    return
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(0.02)
        self.kill()
        raise AssertionError("the server did not become ready: " + self.log.read_text())

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def kill(self):
        """Of the whole group: MLflow's server leaves its workers behind when it ends by itself."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


class Store:
    """Where a server keeps what it knows: a folder and, given a PostgreSQL server, a database of that."""

    def __init__(self, root, postgres=None):
        self.root = pathlib.Path(root)
        self.postgres = postgres
        self.uri = postgres.new_database() if postgres else None

    @property
    def options(self):
        return ["--root", self.root, *(["--backend-store-uri", self.uri] if self.uri else [])]

    def content(self):
        """All that the database holds, as bytes; no server may run."""
        if self.postgres:
            return self.postgres.run("pg_dump", "--dbname", self.uri)
        return (self.root / ".quern" / "quern.db").read_bytes()


def environment():
    """Without settings of the caller's own that would change what is tested."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return {**kept, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


def quern_server(quern, store, *options, settings=None):
    """`store`: a Store, or the folder of one on SQLite."""
    store = store if isinstance(store, Store) else Store(store)
    port = free_port()
    command = [quern, "server", *store.options, "--port", str(port), *options]
    return Process(command, port, store.root.with_suffix(".log"), 20, settings)


@contextlib.contextmanager
def pointed_at(server):
    """MLflow's fluent interface asks this server meanwhile."""
    import mlflow

    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before[0])
        mlflow.set_registry_uri(before[1])


def mlflow_server(folder):
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
               "--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
               "--artifacts-destination", f"{folder}/artifacts"]
    # Its runners of background jobs are a dozen processes that no test asks.
    return Process(command, port, folder / "mlflow.log", 120, {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"})
