"""A tracking server that misbehaves where a test wants it to, and what two servers hold, put side by side."""

import collections
import http.server
import json
import os
import re
import ssl
import subprocess
import threading

import requests
from mlflow import MlflowClient

from projects import TIMEOUT_SECONDS


class Faults(http.server.ThreadingHTTPServer):
    """Passes requests on to a server. `fault(method, path, n)`, n counting the requests of that path from 1, may say
    "lose" (the request is passed on, its answer is not), a status (answered instead), or do something itself."""

    daemon_threads = True

    def __init__(self, url, fault=lambda method, path, n: None, certificate=None):
        super().__init__(("127.0.0.1", 0), Pass)
        self.target, self.fault = url, fault
        self.counts, self.seen, self.lock = collections.Counter(), [], threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.url = f"https://localhost:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that was killed is no news."""


class Pass(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?")[0].removeprefix("/api/2.0/mlflow/")
        with self.server.lock:
            self.server.counts[path] += 1
            self.server.seen.append((self.command, path, dict(self.headers)))
            fault = self.server.fault(self.command, path, self.server.counts[path])
        if isinstance(fault, int):
            self.answer(fault, b'{"error_code": "TEMPORARILY_UNAVAILABLE", "message": "by order of the test"}')
            return
        headers = {name: value for name, value in self.headers.items()
                   if name in ("Content-Type", "Authorization")}
        answer = requests.request(self.command, self.server.target + self.path, data=body, headers=headers,
                                  timeout=TIMEOUT_SECONDS)
        if fault == "lose":
            self.close_connection = True
            return
        self.answer(answer.status_code, answer.content)

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def log_message(self, *arguments):
        pass


def keep_at(folder, url):
    """The project keeps its runs and versions at that server."""
    file = folder / "quern.yaml"
    text = re.sub(r"^tracking:.*\n", "", file.read_text(), flags=re.M)
    file.write_text(text + f"tracking: {{server: '{url}'}}\n")
    return folder


def without_credentials(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return {**kept, **more}


def run(quern, folder, *arguments, **environment):
    return subprocess.run([quern, "run", folder, *arguments], capture_output=True, text=True,
                          timeout=TIMEOUT_SECONDS, env=without_credentials(**environment))


# What is of one run's time and place, not of what was found out.
OF_THE_MOMENT = {"quern.key", "quern.place", "quern.pipeline_run", "mlflow.parentRunId", "mlflow.user"}


def runs_of(url, experiment):
    """Everything about the experiment's active runs but ids, times and places, in a fixed order."""
    client = MlflowClient(url, url)
    found = client.search_runs([client.get_experiment_by_name(experiment).experiment_id], max_results=1000)
    names = {run.info.run_id: run.info.run_name for run in found}
    facts = []
    for run in found:
        metrics = {name: value for name, value in run.data.metrics.items() if name != "fit_seconds"}
        folds = {name: [(point.step, point.value) for point in client.get_metric_history(run.info.run_id, name)]
                 for name in metrics if name.startswith("fold.")}
        inputs = [(use.dataset.name, use.dataset.digest, use.dataset.source_type, use.dataset.profile,
                   os.path.basename(json.loads(use.dataset.source)["uri"]), [(t.key, t.value) for t in use.tags])
                  for use in run.inputs.dataset_inputs]
        facts.append({
            "name": run.info.run_name, "status": run.info.status, "user": run.info.user_id,
            "below": names.get(run.data.tags.get("mlflow.parentRunId")),
            "number": run.data.tags["quern.key"].partition("/")[2],
            "params": run.data.params, "metrics": metrics, "folds": folds, "inputs": sorted(inputs),
            "tags": {name: value for name, value in run.data.tags.items() if name not in OF_THE_MOMENT}})
    return sorted(facts, key=lambda run: (run["below"] or "", run["name"], run["number"]))


def versions_of(url, model):
    client = MlflowClient(url, url)
    facts = []
    for found in client.search_model_versions(f"name = '{model}'"):
        version = client.get_model_version(model, found.version)
        facts.append({"version": int(version.version), "aliases": sorted(version.aliases), "status": version.status,
                      "description": version.description, "tags": version.tags,
                      "run": client.get_run(version.run_id).info.run_name})
    return sorted(facts, key=lambda version: version["version"])
