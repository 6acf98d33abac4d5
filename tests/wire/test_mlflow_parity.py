"""The same raw requests to `quern server` and to a real `mlflow server` get the same answers.

Ids, times, random names and page tokens are made equal first. Where the answers differ on purpose,
DEVIATIONS says how and why.
"""

import json
import re

import pytest
import requests

from wire.tracking_servers import mlflow_server

PAGES = {"next_page_token"}
TIMES = {"creation_time", "last_update_time", "creation_timestamp_ms", "last_updated_timestamp_ms"}
# What only the newest servers say.
NEWER = {"sqlstate", "error_class", "workspace", "features_enabled", "multipart_uploads_enabled",
         "multipart_downloads_enabled", "presigned_upload_run_id_supported", "presigned_upload_model_id_supported"}
JSON = {"Content-Type": "application/json"}


class Step:
    """One request, its body as JSON or `raw`; `keep` names parts of the answer that later steps use as {name}."""

    def __init__(self, verb, path, args=None, keep=None, headers=None, raw=None, prefix="/api/2.0/mlflow"):
        self.verb, self.path, self.args, self.keep = verb, path, args, keep or {}
        self.headers, self.raw, self.prefix = headers, raw, prefix

    def send(self, url, known):
        def fill(value):
            if isinstance(value, str):
                for name, text in known.items():
                    value = value.replace("{" + name + "}", text)
                return value
            if isinstance(value, list):
                return [fill(item) for item in value]
            if isinstance(value, dict):
                return {key: fill(item) for key, item in value.items()}
            return value

        target = url + self.prefix + fill(self.path)
        if self.raw is not None:
            return requests.request(self.verb, target, data=fill(self.raw) if isinstance(self.raw, str) else self.raw,
                                    headers=self.headers if self.headers is not None else JSON, timeout=60)
        if self.verb == "GET":
            return requests.get(target, params=fill(self.args), timeout=60)
        return requests.request(self.verb, target, json=fill(self.args or {}), timeout=60)


def find(answer, path):
    for part in path.split("."):
        answer = answer[int(part)] if part.isdigit() else answer[part]
    return answer


def normal(value, known, key=""):
    """The answer with what cannot be equal made equal."""
    if isinstance(value, dict):
        done = {name: normal(item, known, name) for name, item in value.items() if name not in NEWER}
        if value.get("key") == "mlflow.runName":
            done["value"] = "NAME"
        if value.get("key") == "mlflow.log-model.history":
            done["value"] = json.loads(value["value"])
        return done
    if isinstance(value, list):
        done = [normal(item, known) for item in value]
        if key in ("tags", "params", "metrics") and all("key" in item for item in done):
            done.sort(key=lambda item: json.dumps(item, sort_keys=True))
        return done
    if value != value:
        return "bare NaN"
    if key in TIMES:
        return "TIME"
    if key in PAGES:
        return "TOKEN"
    if key == "run_name" and re.fullmatch(r"[a-z]+-[a-z]+-[0-9]+", str(value)):
        return "NAME"
    if isinstance(value, str):
        for name, text in sorted(known.items(), key=lambda pair: -len(pair[1])):
            if len(text) > 8:
                value = value.replace(text, "{" + name + "}")
    return value


def run(name, **more):
    return Step("POST", "/runs/create", {"experiment_id": "{e1}", "start_time": 1000, "user_id": "u", **more},
                keep={name: "run.info.run_id"})


def metric(key, value, time=1, step=0):
    return {"key": key, "value": value, "timestamp": time, "step": step}


def log_metric(**args):
    return Step("POST", "/runs/log-metric", args)


def search(filter="", order_by=(), **more):
    return Step("POST", "/runs/search", {"experiment_ids": ["{e1}"], "filter": filter, "order_by": list(order_by), **more})


LONG = "x" * 251
TAG = {"key": "t", "value": "v"}
DATASET = {"name": "d", "digest": "abc", "source_type": "local", "source": "s"}

STEPS = {
    # Experiments.
    "make experiment": Step("POST", "/experiments/create", {"name": "e1", "tags": [TAG]}, keep={"e1": "experiment_id"}),
    "make it again": Step("POST", "/experiments/create", {"name": "e1"}),
    "make without name": Step("POST", "/experiments/create", {}),
    "make with empty name": Step("POST", "/experiments/create", {"name": ""}),
    "make with number as name": Step("POST", "/experiments/create", {"name": 12}),
    "make with long name": Step("POST", "/experiments/create", {"name": "n" * 501}),
    "make with tags as text": Step("POST", "/experiments/create", {"name": "e3", "tags": "t"}),
    "make with fragment": Step("POST", "/experiments/create", {"name": "e4", "artifact_location": "s3://b/p#f"}),
    "make second": Step("POST", "/experiments/create", {"name": "e2"}, keep={"e2": "experiment_id"}),
    "get": Step("GET", "/experiments/get", {"experiment_id": "{e1}"}),
    "get default": Step("GET", "/experiments/get", {"experiment_id": "0"}),
    "get unknown": Step("GET", "/experiments/get", {"experiment_id": "77"}),
    "get without id": Step("GET", "/experiments/get", {}),
    "get with letters": Step("GET", "/experiments/get", {"experiment_id": "abc"}),
    "get by name": Step("GET", "/experiments/get-by-name", {"experiment_name": "e1"}),
    "get by unknown name": Step("GET", "/experiments/get-by-name", {"experiment_name": "zz"}),
    "set experiment tag": Step("POST", "/experiments/set-experiment-tag", {"experiment_id": "{e1}", "key": "k", "value": "1"}),
    "set tag without key": Step("POST", "/experiments/set-experiment-tag", {"experiment_id": "{e1}", "value": "1"}),
    "set tag of unknown": Step("POST", "/experiments/set-experiment-tag", {"experiment_id": "77", "key": "k", "value": "1"}),
    "set long tag": Step("POST", "/experiments/set-experiment-tag", {"experiment_id": "{e1}", "key": "k", "value": "v" * 20001}),
    "delete experiment tag": Step("POST", "/experiments/delete-experiment-tag", {"experiment_id": "{e1}", "key": "k"}),
    "delete missing experiment tag": Step("POST", "/experiments/delete-experiment-tag", {"experiment_id": "{e1}", "key": "k"}),
    "search experiments": Step("POST", "/experiments/search", {"max_results": 10, "order_by": ["name ASC"]}),
    "search experiments by GET": Step("GET", "/experiments/search", {"max_results": 10, "filter": "name LIKE 'e%'", "order_by": "name DESC"}),
    "search experiments by tag": Step("POST", "/experiments/search", {"max_results": 10, "filter": "tags.t = 'v'"}),
    "search without max_results": Step("POST", "/experiments/search", {}),
    "search zero": Step("POST", "/experiments/search", {"max_results": 0}),
    "search too many": Step("POST", "/experiments/search", {"max_results": 50001}),
    "search one": Step("POST", "/experiments/search", {"max_results": 1, "order_by": ["name ASC"]}, keep={"page": "next_page_token"}),
    "search next": Step("POST", "/experiments/search", {"max_results": 1, "order_by": ["name ASC"], "page_token": "{page}"}),
    "search bad view": Step("POST", "/experiments/search", {"max_results": 5, "view_type": "SOME"}),
    "rename": Step("POST", "/experiments/update", {"experiment_id": "{e2}", "new_name": "e2b"}),
    "rename without name": Step("POST", "/experiments/update", {"experiment_id": "{e2}"}),
    "rename to taken": Step("POST", "/experiments/update", {"experiment_id": "{e2}", "new_name": "e1"}),
    "delete": Step("POST", "/experiments/delete", {"experiment_id": "{e2}"}),
    "delete again": Step("POST", "/experiments/delete", {"experiment_id": "{e2}"}),
    "rename deleted": Step("POST", "/experiments/update", {"experiment_id": "{e2}", "new_name": "e9"}),
    "make deleted again": Step("POST", "/experiments/create", {"name": "e2b"}),
    "run in deleted": Step("POST", "/runs/create", {"experiment_id": "{e2}"}),
    "search deleted": Step("POST", "/experiments/search", {"max_results": 10, "view_type": "DELETED_ONLY"}),
    "restore": Step("POST", "/experiments/restore", {"experiment_id": "{e2}"}),
    "restore active": Step("POST", "/experiments/restore", {"experiment_id": "{e2}"}),
    "delete unknown": Step("POST", "/experiments/delete", {"experiment_id": "77"}),
    # Bodies.
    "no content type": Step("POST", "/experiments/create", raw='{"name": "x"}', headers={}),
    "text": Step("POST", "/experiments/create", raw='{"name": "x"}', headers={"Content-Type": "text/plain"}),
    "with charset": Step("POST", "/experiments/create", raw='{"name": "charset"}', headers={"Content-Type": "application/json; charset=utf-8"}),
    "no JSON": Step("POST", "/experiments/create", raw="{name: x"),
    "twice encoded": Step("POST", "/experiments/create", raw=json.dumps(json.dumps({"name": "twice"}))),
    "no body": Step("POST", "/experiments/create", raw=""),
    "null": Step("POST", "/experiments/create", raw="null"),
    "unknown fields": Step("POST", "/experiments/create", {"name": "unknown", "colour": {"a": [1]}}),
    # Runs.
    "run": run("r1", run_name="first", tags=[TAG]),
    "second run": run("r2", run_name="second", start_time="2000"),
    "third run": run("r3", start_time=3000.0),
    "run elsewhere": Step("POST", "/runs/create", {"experiment_id": "0", "start_time": 1}, keep={"r4": "run.info.run_id"}),
    "two names": run("no", run_name="a", tags=[{"key": "mlflow.runName", "value": "b"}]),
    "run in unknown": Step("POST", "/runs/create", {"experiment_id": "77"}),
    "run with bad time": Step("POST", "/runs/create", {"experiment_id": "{e1}", "start_time": "soon"}),
    "get run": Step("GET", "/runs/get", {"run_id": "{r1}"}),
    "get run by old name": Step("GET", "/runs/get", {"run_uuid": "{r1}", "run_id": "{r1}"}),
    "get unknown run": Step("GET", "/runs/get", {"run_id": "0" * 32}),
    "get no run": Step("GET", "/runs/get", {}),
    "update run": Step("POST", "/runs/update", {"run_id": "{r2}", "status": "FINISHED", "end_time": 5000}),
    "rename run": Step("POST", "/runs/update", {"run_id": "{r2}", "run_name": "renamed"}),
    "update by number": Step("POST", "/runs/update", {"run_id": "{r3}", "status": 4, "end_time": "6000"}),
    "update to nonsense": Step("POST", "/runs/update", {"run_id": "{r3}", "status": "DONE"}),
    "update unknown": Step("POST", "/runs/update", {"run_id": "0" * 32, "status": "FAILED"}),
    "see renamed": Step("GET", "/runs/get", {"run_id": "{r2}"}),
    # Parameters.
    "param": Step("POST", "/runs/log-parameter", {"run_id": "{r1}", "key": "a", "value": "1"}),
    "param again": Step("POST", "/runs/log-parameter", {"run_id": "{r1}", "key": "a", "value": "1"}),
    "param changed": Step("POST", "/runs/log-parameter", {"run_id": "{r1}", "key": "a", "value": "2"}),
    "param empty": Step("POST", "/runs/log-parameter", {"run_id": "{r1}", "key": "empty", "value": ""}),
    "param without value": Step("POST", "/runs/log-parameter", {"run_id": "{r1}", "key": "none"}),
    "param without key": Step("POST", "/runs/log-parameter", {"run_id": "{r1}", "value": "1"}),
    "param bad name": Step("POST", "/runs/log-parameter", {"run_id": "{r1}", "key": "a?b", "value": "1"}),
    "param path name": Step("POST", "/runs/log-parameter", {"run_id": "{r1}", "key": "../x", "value": "1"}),
    "param long name": Step("POST", "/runs/log-parameter", {"run_id": "{r1}", "key": LONG, "value": "1"}),
    "param number": Step("POST", "/runs/log-parameter", {"run_id": "{r1}", "key": "n", "value": 1}),
    "param of unknown": Step("POST", "/runs/log-parameter", {"run_id": "0" * 32, "key": "n", "value": "1"}),
    "param long value": Step("POST", "/runs/log-parameter", {"run_id": "{r1}", "key": "long", "value": "v" * 6001}),
    # Metrics.
    "metric": log_metric(run_id="{r1}", **metric("m", 0.5, 10, 1)),
    "metric int": log_metric(run_id="{r1}", **metric("m", 1, 20, 2)),
    "metric text": log_metric(run_id="{r1}", **metric("m", "2.5", "30", "3")),
    "metric repeat": log_metric(run_id="{r1}", **metric("m", 0.5, 10, 1)),
    "metric negative step": log_metric(run_id="{r1}", **metric("neg", 1, 1, -5)),
    "metric NaN": log_metric(run_id="{r1}", **metric("nan", "NaN")),
    "metric infinite": log_metric(run_id="{r1}", **metric("inf", "Infinity")),
    "metric raw NaN": Step("POST", "/runs/log-metric", raw='{"run_id":"{r4}","key":"rawnan","value":NaN,"timestamp":5}'),
    "metric huge": Step("POST", "/runs/log-metric", raw='{"run_id":"{r4}","key":"huge","value":1e400,"timestamp":5}'),
    "metric without value": log_metric(run_id="{r1}", key="m", timestamp=1),
    "metric without time": log_metric(run_id="{r1}", key="m", value=1),
    "metric without key": log_metric(run_id="{r1}", value=1, timestamp=1),
    "metric without run": log_metric(key="m", value=1, timestamp=1),
    "metric bad value": log_metric(run_id="{r1}", key="m", value="high", timestamp=1),
    "metric bad step": log_metric(run_id="{r1}", key="m", value=1, timestamp=1, step="two"),
    "metric early": log_metric(run_id="{r1}", **metric("n", 1, -1)),
    "metric bad name": log_metric(run_id="{r1}", **metric("a?b", 1)),
    "metric path name": log_metric(run_id="{r1}", **metric("a//b", 1)),
    "metric long name": log_metric(run_id="{r1}", **metric(LONG, 1)),
    # Tags.
    "tag": Step("POST", "/runs/set-tag", {"run_id": "{r1}", "key": "t", "value": "w"}),
    "tag bad name": Step("POST", "/runs/set-tag", {"run_id": "{r1}", "key": "a?b", "value": "w"}),
    "tag long name": Step("POST", "/runs/set-tag", {"run_id": "{r1}", "key": LONG, "value": "w"}),
    "tag renames": Step("POST", "/runs/set-tag", {"run_id": "{r3}", "key": "mlflow.runName", "value": "by tag"}),
    "see name by tag": Step("GET", "/runs/get", {"run_id": "{r3}"}),
    "delete tag": Step("POST", "/runs/delete-tag", {"run_id": "{r1}", "key": "t"}),
    "delete missing tag": Step("POST", "/runs/delete-tag", {"run_id": "{r1}", "key": "t"}),
    # Batches.
    "batch": Step("POST", "/runs/log-batch", {"run_id": "{r2}", "metrics": [metric("b", 1, 1, i) for i in range(5)] + [metric("c", 9)],
                                              "params": [{"key": "p", "value": "1"}, {"key": "q", "value": "x"}],
                                              "tags": [{"key": "team", "value": "blue"}]}),
    "batch empty": Step("POST", "/runs/log-batch", {"run_id": "{r2}"}),
    "batch changed": Step("POST", "/runs/log-batch", {"run_id": "{r2}", "params": [{"key": "p", "value": "2"}], "metrics": [metric("lost", 1)]}),
    "batch twice": Step("POST", "/runs/log-batch", {"run_id": "{r2}", "params": [{"key": "z", "value": "1"}, {"key": "z", "value": "2"}]}),
    "batch without key": Step("POST", "/runs/log-batch", {"run_id": "{r2}", "params": [{"value": "1"}]}),
    "batch without value": Step("POST", "/runs/log-batch", {"run_id": "{r2}", "metrics": [{"key": "m", "timestamp": 1}]}),
    "batch bad name": Step("POST", "/runs/log-batch", {"run_id": "{r2}", "metrics": [metric("ok", 1), metric("a?b", 1)]}),
    "batch bad param": Step("POST", "/runs/log-batch", {"run_id": "{r2}", "params": [{"key": "a?b", "value": "1"}]}),
    "batch early": Step("POST", "/runs/log-batch", {"run_id": "{r2}", "metrics": [metric("n", 1, -1)]}),
    "batch 1001 metrics": Step("POST", "/runs/log-batch", {"run_id": "{r2}", "metrics": [metric("m", i) for i in range(1001)]}),
    "batch 101 params": Step("POST", "/runs/log-batch", {"run_id": "{r2}", "params": [{"key": f"p{i}", "value": "1"} for i in range(101)]}),
    "batch 101 tags": Step("POST", "/runs/log-batch", {"run_id": "{r2}", "tags": [{"key": f"p{i}", "value": "1"} for i in range(101)]}),
    "batch 1001 in all": Step("POST", "/runs/log-batch", {"run_id": "{r2}", "metrics": [metric("m", i) for i in range(1000)], "tags": [TAG]}),
    "batch of unknown": Step("POST", "/runs/log-batch", {"run_id": "0" * 32, "tags": [TAG]}),
    "see batch": Step("GET", "/runs/get", {"run_id": "{r2}"}),
    # History.
    "history": Step("GET", "/metrics/get-history", {"run_id": "{r1}", "metric_key": "m", "max_results": 100}),
    "history page": Step("GET", "/metrics/get-history", {"run_id": "{r2}", "metric_key": "b", "max_results": 2}, keep={"h": "next_page_token"}),
    "history next": Step("GET", "/metrics/get-history", {"run_id": "{r2}", "metric_key": "b", "max_results": 2, "page_token": "{h}"}),
    "history unlimited": Step("GET", "/metrics/get-history", {"run_id": "{r2}", "metric_key": "b"}),
    "history zero": Step("GET", "/metrics/get-history", {"run_id": "{r2}", "metric_key": "b", "max_results": 0}),
    "history of unknown metric": Step("GET", "/metrics/get-history", {"run_id": "{r1}", "metric_key": "none", "max_results": 5}),
    "history of unknown run": Step("GET", "/metrics/get-history", {"run_id": "0" * 32, "metric_key": "m", "max_results": 5}),
    "history without key": Step("GET", "/metrics/get-history", {"run_id": "{r1}"}),
    "history NaN": Step("GET", "/metrics/get-history", {"run_id": "{r1}", "metric_key": "nan", "max_results": 5}),
    "history infinite": Step("GET", "/metrics/get-history", {"run_id": "{r1}", "metric_key": "inf", "max_results": 5}),
    "history raw NaN": Step("GET", "/metrics/get-history", {"run_id": "{r4}", "metric_key": "rawnan", "max_results": 5}),
    "bulk": Step("GET", "/metrics/get-history-bulk", {"run_id": ["{r2}"], "metric_key": "b"}, prefix="/ajax-api/2.0/mlflow"),
    "bulk NaN": Step("GET", "/metrics/get-history-bulk", {"run_id": ["{r1}"], "metric_key": "nan"}, prefix="/ajax-api/2.0/mlflow"),
    "bulk some": Step("GET", "/metrics/get-history-bulk", {"run_id": ["{r2}"], "metric_key": "b", "max_results": 3}, prefix="/ajax-api/2.0/mlflow"),
    "bulk without run": Step("GET", "/metrics/get-history-bulk", {"metric_key": "b"}, prefix="/ajax-api/2.0/mlflow"),
    "bulk without key": Step("GET", "/metrics/get-history-bulk", {"run_id": "{r2}"}, prefix="/ajax-api/2.0/mlflow"),
    "bulk of 101": Step("GET", "/metrics/get-history-bulk", {"run_id": ["a"] * 101, "metric_key": "b"}, prefix="/ajax-api/2.0/mlflow"),
    "interval": Step("GET", "/metrics/get-history-bulk-interval", {"run_ids": ["{r2}"], "metric_key": "b", "max_results": 3}, prefix="/ajax-api/2.0/mlflow"),
    "interval all": Step("GET", "/metrics/get-history-bulk-interval", {"run_ids": ["{r1}", "{r2}"], "metric_key": "b"}),
    "interval range": Step("GET", "/metrics/get-history-bulk-interval", {"run_ids": ["{r2}"], "metric_key": "b", "start_step": 1, "end_step": 3}),
    "interval one end": Step("GET", "/metrics/get-history-bulk-interval", {"run_ids": ["{r2}"], "metric_key": "b", "start_step": 1}),
    "interval backwards": Step("GET", "/metrics/get-history-bulk-interval", {"run_ids": ["{r2}"], "metric_key": "b", "start_step": 3, "end_step": 1}),
    "interval 2501": Step("GET", "/metrics/get-history-bulk-interval", {"run_ids": ["{r2}"], "metric_key": "b", "max_results": 2501}),
    "interval of none": Step("GET", "/metrics/get-history-bulk-interval", {"metric_key": "b"}),
    # Inputs and outputs.
    "inputs": Step("POST", "/runs/log-inputs", {"run_id": "{r2}", "datasets": [
        {"tags": [{"key": "mlflow.data.context", "value": "training"}], "dataset": {**DATASET, "schema": "{}", "profile": "{}"}}]}),
    "inputs again": Step("POST", "/runs/log-inputs", {"run_id": "{r2}", "datasets": [{"dataset": DATASET}]}),
    "inputs long name": Step("POST", "/runs/log-inputs", {"run_id": "{r2}", "datasets": [{"dataset": {**DATASET, "name": "n" * 501}}]}),
    "inputs of unknown": Step("POST", "/runs/log-inputs", {"run_id": "0" * 32, "datasets": [{"dataset": DATASET}]}),
    "see inputs": Step("GET", "/runs/get", {"run_id": "{r2}"}),
    "datasets": Step("POST", "/experiments/search-datasets", {"experiment_ids": ["{e1}"]}, prefix="/ajax-api/2.0/mlflow"),
    "datasets of none": Step("POST", "/experiments/search-datasets", {}, prefix="/ajax-api/2.0/mlflow"),
    "datasets of 21": Step("POST", "/experiments/search-datasets", {"experiment_ids": [str(i) for i in range(21)]}, prefix="/ajax-api/2.0/mlflow"),
    # Logged models.
    "model": Step("POST", "/logged-models", {"experiment_id": "{e1}", "name": "mod", "model_type": "agent", "source_run_id": "{r2}",
                                             "params": [{"key": "lr", "value": "0.1"}], "tags": [TAG]}, keep={"m1": "model.info.model_id"}),
    "model without experiment": Step("POST", "/logged-models", {"name": "mod"}),
    "model bad name": Step("POST", "/logged-models", {"experiment_id": "{e1}", "name": "a/b"}),
    "get model": Step("GET", "/logged-models/{m1}"),
    "get unknown model": Step("GET", "/logged-models/m-x"),
    "finish model": Step("PATCH", "/logged-models/{m1}", {"model_id": "{m1}", "status": "LOGGED_MODEL_READY"}),
    "model tags": Step("PATCH", "/logged-models/{m1}/tags", {"tags": [{"key": "stage", "value": "x"}]}),
    "model params": Step("POST", "/logged-models/{m1}/params", {"model_id": "{m1}", "params": [{"key": "depth", "value": "3"}]}),
    "delete model tag": Step("DELETE", "/logged-models/{m1}/tags/stage"),
    "delete missing model tag": Step("DELETE", "/logged-models/{m1}/tags/stage"),
    "metric of model": Step("POST", "/runs/log-batch", {"run_id": "{r2}", "metrics": [
        {**metric("acc", 0.75), "model_id": "{m1}", "dataset_name": "d", "dataset_digest": "abc"}]}),
    "see model": Step("GET", "/logged-models/{m1}"),
    "outputs": Step("POST", "/runs/outputs", {"run_id": "{r2}", "models": [{"model_id": "{m1}", "step": 2}]}),
    "outputs missing": Step("POST", "/runs/outputs", {"run_id": "{r2}"}),
    "see outputs": Step("GET", "/runs/get", {"run_id": "{r2}"}),
    "search models": Step("POST", "/logged-models/search", {"experiment_ids": ["{e1}"], "filter": "params.lr = '0.1'"}),
    "search models by metric": Step("POST", "/logged-models/search", {"experiment_ids": ["{e1}"], "filter": "metrics.acc > 0.5",
                                                                      "order_by": [{"field_name": "metrics.acc", "ascending": False}]}),
    "search models of none": Step("POST", "/logged-models/search", {}),
    "model files": Step("GET", "/logged-models/{m1}/artifacts/directories"),
    "delete model": Step("DELETE", "/logged-models/{m1}"),
    "get deleted model": Step("GET", "/logged-models/{m1}"),
    "get deleted model all the same": Step("GET", "/logged-models/{m1}", {"allow_deleted": "True"}),
    "get deleted model in doubt": Step("GET", "/logged-models/{m1}", {"allow_deleted": "perhaps"}),
    # Models of older clients.
    "run of old models": Step("POST", "/runs/create", {"experiment_id": "0", "start_time": 1}, keep={"r5": "run.info.run_id"}),
    **{f"old model {i}": Step("POST", "/runs/log-model", {"run_id": "{r5}", "model_json": json.dumps(
        {"artifact_path": f"{i}" + "p" * 3000, "run_id": "r", "utc_time_created": "now", "flavors": {"f": {"a": 1, "config": {}}}})})
       for i in range(4)},
    "see old models": Step("GET", "/runs/get", {"run_id": "{r5}"}),
    # Tags without a key.
    "experiment tag without key": Step("POST", "/experiments/create", {"name": "untagged", "tags": [{"value": "v"}]}),
    "model tag without key": Step("POST", "/registered-models/create", {"name": "untagged", "tags": [{"value": "v"}]}),
    "batch tag without key": Step("POST", "/runs/log-batch", {"run_id": "{r3}", "tags": [TAG, {"value": "v"}]}),
    "run tag without key": Step("POST", "/runs/create", {"experiment_id": "0", "tags": [{"value": "v"}]}),
    # Search of runs.
    "all runs": search(),
    "by metric": search("metrics.b > 0.5"),
    "by param": search("params.p = '1' and tags.team LIKE 'b%'"),
    "by status": search("attributes.status = 'FINISHED'"),
    "by name": search("run_name ILIKE 'FIRST'"),
    "by dataset": search("datasets.name = 'd'"),
    "ordered": search(order_by=["metrics.b DESC", "start_time ASC"]),
    "by start": search(order_by=["start_time ASC"], max_results=2),
    "only ids": search(max_results=1, order_by=["attributes.start_time ASC"]),
    "too many": search(max_results=50001),
    "none": search(max_results=0),
    "negative": search(max_results=-1),
    "bad order": search(order_by=["start_time ASC, run_id"]),
    "bad filter": search("metrics.b >"),
    "bad entity": search("colour.b = 1"),
    "filter no text": Step("POST", "/runs/search", {"experiment_ids": ["{e1}"], "filter": 7}),
    "experiments no list": Step("POST", "/runs/search", {"experiment_ids": "{e1}"}),
    "no experiments": Step("POST", "/runs/search", {}),
    # Artifacts.
    "no files": Step("GET", "/artifacts/list", {"run_id": "{r1}"}),
    "put file": Step("PUT", "/{e1}/{r1}/artifacts/sub/a.txt", raw="hello", prefix="/api/2.0/mlflow-artifacts/artifacts", headers={}),
    "files": Step("GET", "/artifacts/list", {"run_id": "{r1}"}),
    "files below": Step("GET", "/artifacts/list", {"run_id": "{r1}", "path": "sub"}),
    "files outside": Step("GET", "/artifacts/list", {"run_id": "{r1}", "path": "../.."}),
    "files of unknown": Step("GET", "/artifacts/list", {"run_id": "0" * 32}),
    # Deleted runs.
    "delete run": Step("POST", "/runs/delete", {"run_id": "{r1}"}),
    "get deleted": Step("GET", "/runs/get", {"run_id": "{r1}"}),
    "log to deleted": log_metric(run_id="{r1}", **metric("m", 1)),
    "param of deleted": Step("POST", "/runs/log-parameter", {"run_id": "{r1}", "key": "k", "value": "1"}),
    "tag of deleted": Step("POST", "/runs/set-tag", {"run_id": "{r1}", "key": "k", "value": "1"}),
    "search active": search(order_by=["start_time ASC"]),
    "search only deleted": search(run_view_type="DELETED_ONLY"),
    "restore run": Step("POST", "/runs/restore", {"run_id": "{r1}"}),
    "delete unknown run": Step("POST", "/runs/delete", {"run_id": "0" * 32}),
    # Others.
    "health": Step("GET", "/health", prefix=""),
    "server info": Step("GET", "/server-info", prefix="/api/3.0/mlflow"),
}

# Steps whose answers differ on purpose: the status and error code here, and why.
DEVIATIONS = {
    "get with letters": (404, "RESOURCE_DOES_NOT_EXIST", "an id that no experiment has; older servers answer 500"),
    "search bad view": (400, "INVALID_PARAMETER_VALUE", "a misspelt view is an error, not the default"),
    "rename to taken": (400, "RESOURCE_ALREADY_EXISTS", "MLflow shows the SQL statement that failed"),
    "rename deleted": (400, "INVALID_STATE", "MLflow answers 500, which its client repeats for minutes"),
    "update to nonsense": (400, "INVALID_PARAMETER_VALUE", "MLflow ignores the status and says it is done"),
    "history raw NaN": (200, None, "NaN is kept; MLflow keeps 0 at time 0"),
    "history of unknown run": (404, "RESOURCE_DOES_NOT_EXIST", "MLflow answers with an empty history"),
    "interval": (200, None, "newer servers choose the steps between the first and the last otherwise"),
    "get deleted model in doubt": (400, "INVALID_PARAMETER_VALUE", "MLflow takes all but 'true' for no"),
    "experiment tag without key": (400, "INVALID_PARAMETER_VALUE", "says which; MLflow refuses it as a name of a file"),
    "model tag without key": (400, "INVALID_PARAMETER_VALUE", "says which; MLflow refuses it as a name of a file"),
    "run tag without key": (400, "INVALID_PARAMETER_VALUE", "MLflow keeps it under an empty name"),
    "bad filter": (400, "INVALID_PARAMETER_VALUE", "says where in the filter"),
    "bad entity": (400, "INVALID_PARAMETER_VALUE", "says where in the filter"),
    "put file": (200, None, "the body is {}, as older servers have it"),
}


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """The answers of MLflow."""
    process = mlflow_server(tmp_path_factory.mktemp("mlflow"))
    yield play(process)
    process.kill()


def play(server):
    known, answers = {}, {}
    for name, step in STEPS.items():
        response = step.send(server.url, known)
        try:
            body = response.json()
        except ValueError:
            body = response.text
        for kept, path in step.keep.items():
            try:
                known[kept] = str(find(body, path))
            except (KeyError, TypeError):
                known[kept] = "absent"
        answers[name] = (response.status_code, normal(body, known))
    return answers


def agrees(ours, theirs):
    """Equal, but that a message may end in a hint of ours, and that theirs may show SQL."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(agrees(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(agrees, ours, theirs))
    if isinstance(ours, str) and isinstance(theirs, str):
        return ours.startswith(theirs.split(" Error: (sqlite3")[0])
    return ours == theirs


@pytest.fixture(scope="module")
def ours(server):
    return play(server)


def test_answers_are_those_of_mlflow(ours, theirs):
    wrong = [f"{name}\n  mlflow: {json.dumps(theirs[name])}\n  quern:  {json.dumps(ours[name])}"
             for name in STEPS if name not in DEVIATIONS and not agrees(list(ours[name]), list(theirs[name]))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", DEVIATIONS)
def test_deviations_are_those_that_are_listed(ours, name):
    status, code, why = DEVIATIONS[name]
    assert ours[name][0] == status, (ours[name], why)
    assert (ours[name][1] or {}).get("error_code") == code, (ours[name], why)


def test_raw_numbers_are_kept(server):
    """What JSON has no number for, and what no double holds."""
    url = server.url + "/api/2.0/mlflow"
    run_id = requests.post(url + "/runs/create", json={"experiment_id": "0"}).json()["run"]["info"]["run_id"]
    for key, value, shown in (("a", "NaN", "NaN"), ("b", "-Infinity", -1.7976931348623157e308), ("c", "1e400", 1.7976931348623157e308)):
        body = f'{{"run_id":"{run_id}","key":"{key}","value":{value},"timestamp":5}}'
        assert requests.post(url + "/runs/log-metric", data=body, headers=JSON).status_code == 200
        history = requests.get(url + "/metrics/get-history", params={"run_id": run_id, "metric_key": key}).json()
        assert history["metrics"] == [{"key": key, "value": shown, "timestamp": 5, "step": 0}]
