"""A `quern server` and a real `mlflow server`, started on free ports and stopped again."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import requests


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Process:
    """A server that answers /health once it is ready."""

    def __init__(self, command, port, log, seconds):
        self.url = f"http://127.0.0.1:{port}"
        self.log = pathlib.Path(log)
        with open(self.log, "w") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT,
                                            start_new_session=True, env=environment())
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
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
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def environment():
    """Without settings of the caller's own that would change what is tested."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return {**kept, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


def quern_server(quern, root, *options):
    port = free_port()
    command = [quern, "server", "--root", root, "--port", str(port), *options]
    return Process(command, port, pathlib.Path(root).with_suffix(".log"), 20)


def mlflow_server(folder):
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
               "--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
               "--artifacts-destination", f"{folder}/artifacts"]
    return Process(command, port, folder / "mlflow.log", 120)
