"""Writes tests/parity/data/search_filters.json: what MLflow's own SQL stores answer to filters and orders.

Run from the root of the repository: .deps/venv/bin/python tests/parity/search_filters.py
No server is needed: the stores work on a temporary SQLite file. Filters that MLflow refuses and Quern takes
(OR, parentheses, IN for tags, blanks alone, ...) are not here, nor those that MLflow takes by accident (a missing AND).
"""

import itertools
import json
import math
import os
import pathlib
import tempfile
import uuid
from unittest import mock

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:1"  # nothing here needs it, and no file is made for it

from mlflow.entities import (
    Dataset,
    DatasetInput,
    ExperimentTag,
    InputTag,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
    Metric,
    Param,
    RunStatus,
    RunTag,
    ViewType,
)
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from mlflow.exceptions import MlflowException
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as Tracking

OUT = pathlib.Path(__file__).resolve().parent / "data" / "search_filters.json"
ROOT = "mlflow-artifacts:/root"
NAN, INF = math.nan, math.inf

# name, user, status, start, end, metrics {key: [(value, step), ...]}, params, tags, datasets [(name, digest, context)]
RUNS = [
    ("alpha", "ann", "FINISHED", 1000, 1500, {"loss": [(0.9, 0), (0.5, 1)], "val/acc": [(0.7, 0)]},
     {"lr": "0.1", "optimizer": "adam"}, {"team": "red", "mlflow.user": "ann"}, [("iris", "d1", "training")]),
    ("beta", "bob", "FINISHED", 2000, 2100, {"loss": [(0.5, 0)], "val/acc": [(0.8, 0)]},
     {"lr": "0.01", "optimizer": "Adam"}, {"team": "Red", "mlflow.user": "bob"}, [("iris", "d2", "test")]),
    ("gamma", "ann", "FAILED", 3000, 3001, {"loss": [(NAN, 0)]}, {"lr": "0.1"}, {"team": "blue"}, []),
    ("delta", "bob", "RUNNING", 4000, None, {}, {"optimizer": "sgd"}, {"note": "50%_off"}, []),
    ("epsilon", "cy", "KILLED", 5000, 9000, {"loss": [(INF, 0)], "val/acc": [(-1.5, 3)]}, {}, {"note": "50x off"},
     [("wine", "d3", "training"), ("iris", "d1", "test")]),
    ("zeta", "cy", "SCHEDULED", 5000, None, {"loss": [(-INF, 0)]}, {"lr": "1e-3"}, {"note": "a*b[c]?"}, []),
    ("Eta", "ann", "FINISHED", 5000, 5000, {"loss": [(0, 0)], "val/acc": [(0.8, 7), (0.6, 9)]},
     {"lr": ""}, {"note": "it's", "team": "red"}, [("Iris", "D9", "eval")]),
    ("theta run", "dee", "FINISHED", 6000, 7000, {"loss": [(0.25, 1), (0.75, 1)]}, {"a b": "x", "optimizer": "adamw"},
     {"team": "müller", "a.b.c": "dots"}, []),
]

RUN_FILTERS = [
    "", "metrics.loss > 0.4", "metric.loss >= 0.5", "metrics.loss < 0.5", "metrics.loss <= 0.5", "metrics.loss = 0.5",
    "metrics.loss != 0.5", "metrics.loss = 0", "metrics.loss > -1", "metrics.loss > -1.5e-1", "metrics.loss < 1e3",
    "metrics.loss > .3", "metrics.`val/acc` > 0.65", 'metrics."val/acc" <= 0.8', "`metrics`.`loss` = 0.75",
    "metrics.nothing != 1", "metrics.loss>0.4 and metrics.`val/acc`>0.75", "metrics.loss > 0.4 AND params.lr = '0.1'",
    "metrics.loss > 'a'", "metrics.loss LIKE 1", "metrics.loss = loss", "metrics.loss > +1",
    "params.lr = '0.1'", "param.lr = \"0.1\"", "parameter.lr != '0.1'", "parameters.lr = ''", "params.optimizer LIKE 'adam%'",
    "params.optimizer like 'Adam'", "params.optimizer ILIKE 'ADAM'", "params.optimizer ilike 'a_am%'", "params.`a b` = 'x'",
    'params."a b" = "x"', "params.lr = 0.1", "params.lr = abc", "params.lr > '0'", "params.nothing != 'x'",
    "params.lr IS NULL", "params.lr is not null", "params.optimizer IS NOT NULL AND metrics.loss > 0.4",
    "tags.team = 'red'", "tag.team != 'red'", "tags.team ILIKE 'r%'", "tags.team LIKE 'R%'", "tags.mlflow.user = 'ann'",
    "tags.`mlflow.user` = 'bob'", "tags.a.b.c = 'dots'", "tags.team = 'müller'", "tags.note LIKE '50%_off'", "tags.note LIKE '50__off'",
    "tags.note LIKE '%*b[c]?'", "tags.note LIKE 'a?b%'", "tags.note LIKE '%'", "tags.note = \"it's\"", "tags.team IS NULL",
    "tags.note IS NOT NULL", "tags.mlflow.runName = 'alpha'",
    "run_name = 'beta'", "attributes.run_name ILIKE '%eta'", "attribute.`run name` = 'theta run'", "run.`Run Name` != 'alpha'",
    "status = 'FINISHED'", "attr.status != 'FINISHED'", "status = 'finished'", "attributes.status LIKE 'F%'", "user_id = 'ann'",
    "user_id ILIKE 'A%'", "artifact_uri LIKE 'mlflow-artifacts:%'", "start_time > 4000", "start_time >= 4000 AND start_time < 6000",
    "attributes.start_time = 5000", "created != 5000", "Created <= 2000", "end_time > 2000", "end_time != 1500", "start_time > 1999.5",
    "start_time > '5'", "start_time LIKE '5'", "run_id = '{0}'", "run_id IN ('{0}', '{3}')", "run_id NOT IN ('{0}', '{3}')",
    "attributes.run_id in ('{5}')", "run_id IN ()", "run_id IN (1)", "run_id LIKE '{7}'", "status > 'A'", "statu = 'x'",
    "dataset.name = 'iris'", "datasets.name != 'iris'", "dataset.name ILIKE 'IRIS'", "dataset.name LIKE 'i%' AND dataset.context = 'test'",
    "dataset.digest IN ('d1', 'd3')", "dataset.name NOT IN ('iris')", "dataset.context = 'training'", "dataset.nothing = 'x'",
    "metrics.loss", "metrics.loss >", "> 1", "metrics.loss == 1",
    "metrics.loss > 1;", "metrics.loss > 1 -- x", "metrix.loss > 1", "metrics.val/acc > 1", "Metrics.loss > 1", "params.lr = 'x",
    "tags.team == 'red'", "tags.team <> 'red'",
]

RUN_ORDERS = [
    ["metrics.loss"], ["metrics.loss ASC"], ["metrics.loss DESC"], ["metric.`val/acc` desc"], ["metrics.`val/acc`", "metrics.loss DESC"],
    ["params.lr"], ["params.lr DESC"], ["param.optimizer ASC", "attributes.start_time"], ["tags.team DESC"], ["tag.note"],
    ["start_time"], ["start_time ASC"], ["attribute.start_time DESC"], ["created"], ["end_time"], ["end_time DESC"], ["status", "run_name"],
    ["attributes.status DESC", "metrics.loss"], ["user_id DESC", "start_time ASC"], ["run_id DESC"], ["metrics.nothing DESC"],
    ["tags.`mlflow.runName` DESC"], ["params.\"a b\""], ["metrics.loss", "metrics.loss"], ["start_time", "created DESC"],
    ["metrics.loss, metrics.acc"], ["metrics.loss up"], ["nothing"], ["dataset.name"], ["metrics.loss ASC DESC"], [""],
]

# name, created, updated, tags
EXPERIMENTS = [("one", 100, 900, {"k": "a"}), ("Two", 200, 800, {"k": "b", "owner": "ann"}), ("three", 200, 700, {}), ("four_x", 300, 600, {})]
EXPERIMENT_CASES = [
    ("", []), ("name = 'one'", []), ("attribute.name != 'one'", []), ("name LIKE 't%'", []), ("name ILIKE 't%'", []), ("name LIKE '%_x'", []),
    ("creation_time >= 200", []), ("creation_time = 200 AND name ILIKE 'T%'", []), ("last_update_time < 800", []), ("tags.k = 'a'", []),
    ("tag.k != 'a'", []), ("tags.owner IS NULL", []), ("tags.owner IS NOT NULL", []), ("experiment_id = '2'", []),
    ("experiment_id IN ('1', '3')", []), ("experiment_id = 'x'", []), ("nothing = 'x'", []), ("metrics.a > 1", []), ("name > 'a'", []),
    ("", ["name"]), ("", ["name DESC"]), ("", ["creation_time"]), ("", ["creation_time DESC"]), ("", ["last_update_time ASC"]),
    ("", ["experiment_id"]), ("", ["attribute.experiment_id DESC"]), ("", ["tags.k"]), ("", ["nothing"]),
]

# name, updated, tags
MODELS = [("a-model", 300, {"stage": "x"}), ("B-model", 200, {"stage": "y", "mlflow.prompt.is_prompt": "false"}), ("c_model", 100, {}),
          ("prompt", 400, {"mlflow.prompt.is_prompt": "true", "stage": "x"})]
MODEL_CASES = [
    ("", []), ("name = 'a-model'", []), ("name != 'a-model'", []), ("name LIKE 'b%'", []), ("name ILIKE 'b%'", []), ("tags.stage = 'x'", []),
    ("tag.stage != 'x'", []), ("tags.`mlflow.prompt.is_prompt` = 'true'", []), ("tags.`mlflow.prompt.is_prompt` != 'true'", []),
    ("tags.`mlflow.prompt.is_prompt` = 'false'", []), ("name LIKE 'p%' AND tags.mlflow.prompt.is_prompt = 'true'", []),
    ("nothing = 'x'", []), ("name > 'a'", []), ("params.x = 'a'", []),
    ("", ["name DESC"]), ("", ["last_updated_timestamp"]), ("", ["timestamp DESC"]), ("", ["name", "name"]), ("", ["tags.stage"]),
]

# name, version, run, source, created, updated, tags
VERSIONS = [("a-model", "r1", "s3://a/1", 10, 50, {"k": "v"}), ("a-model", "r2", "s3://a/2", 20, 40, {}),
            ("B-model", "r1", "s3://b/1", 30, 50, {"k": "w"}), ("prompt", "", "dummy", 40, 60, {"mlflow.prompt.is_prompt": "true"}),
            ("c_model", "", "dbfs:/c", 50, 10, {})]
VERSION_CASES = [
    ("", []), ("name = 'a-model'", []), ("name LIKE 'a%'", []), ("name ILIKE 'b%'", []), ("version_number > 1", []), ("version_number = '1'", []),
    ("version_number != 2", []), ("run_id = 'r1'", []), ("run_id IN ('r1', 'r2')", []), ("run_id != 'r1'", []), ("source_path LIKE 's3://a/%'", []),
    ("source_path = 'dbfs:/c'", []), ("tags.k = 'v'", []), ("tags.k != 'v'", []), ("tags.`mlflow.prompt.is_prompt` = 'true'", []),
    ("nothing = 1", []), ("version_number LIKE '1'", []), ("version_number = 'x'", []), ("name = 1", []),
    ("", ["name"]), ("", ["name DESC", "version_number"]), ("", ["version_number DESC"]), ("", ["creation_timestamp"]),
    ("", ["last_updated_timestamp ASC"]), ("", ["tags.k"]),
]

# name, status, type, created, params, tags, metrics [(key, value, step, time, dataset, digest)]
LOGGED = [
    ("m1", "READY", "clf", 10, {"depth": "3"}, {"t": "a"}, [("acc", 0.5, 0, 1, "train", "x1"), ("acc", 0.9, 1, 2, "test", "x2")]),
    ("m2", "PENDING", "reg", 20, {"depth": "4"}, {"t": "b"}, [("acc", 0.7, 0, 1, "train", "x1")]),
    ("m3", "FAILED", "clf", 20, {}, {}, [("acc", 0.95, 0, 5, "train", "x9"), ("acc", 0.1, 0, 6, "train", "x9"), ("f1", 0.2, 0, 1, None, None)]),
    ("M4", "READY", "", 30, {"depth": "3"}, {"t": "A"}, []),
]
TRAIN, TRAIN_X1 = {"dataset_name": "train"}, {"dataset_name": "train", "dataset_digest": "x1"}
LOGGED_CASES = [
    ("", [], []), ("name = 'm1'", [], []), ("name != 'm1'", [], []), ("name LIKE 'm%'", [], []), ("name ILIKE 'M%'", [], []),
    ("name IN ('m1', 'm3')", [], []), ("name NOT IN ('m1', 'm3')", [], []), ("attributes.model_type = 'clf'", [], []),
    ("creation_time >= 20", [], []), ("creation_timestamp = 10", [], []), ("params.depth = '3'", [], []), ("params.depth = 3", [], []),
    ("tags.t LIKE 'a'", [], []), ("metrics.acc > 0.8", [], []), ("metrics.acc < 0.6", [], []), ("metrics.acc > 0.8", [TRAIN], []),
    ("metrics.acc > 0.4", [TRAIN_X1], []), ("", [TRAIN], []), ("", [TRAIN_X1], []), ("metrics.acc != 0.7", [], []), ("metrics.nothing > 0", [], []),
    ("metrics.acc > 0.4 AND params.depth = '3'", [], []), ("name > 'a'", [], []), ("metrics.acc LIKE 'x'", [], []),
    ("", [], [{"field_name": "name"}]), ("", [], [{"field_name": "name", "ascending": False}]), ("", [], [{"field_name": "creation_time"}]),
    ("", [], [{"field_name": "metrics.acc"}]), ("", [], [{"field_name": "metrics.acc", "ascending": False}]),
    ("", [], [{"field_name": "metrics.acc", **TRAIN}]), ("", [], [{"field_name": "metrics.acc", "ascending": False, **TRAIN_X1}]),
    ("", [], [{"field_name": "model_type"}, {"field_name": "name"}]), ("", [], [{"field_name": "params.depth"}]), ("", [], [{"field_name": "nothing"}]),
]


def answer(search):
    try:
        return search()
    except MlflowException:
        return "error"


def scattered_ids():
    """uuid4 as MLflow uses it, but the same in every run of this script and not in order."""
    for i in itertools.count(1):
        yield uuid.UUID(int=(i * 0x9E3779B97F4A7C15F39CC0605CEDC835) % (1 << 128), version=4)


def number(value):
    return "NaN" if math.isnan(value) else math.copysign(1.7976931348623157e308, value) if math.isinf(value) else float(value)


def runs(store):
    experiment = store.create_experiment("runs")
    made = []
    for name, user, status, start, end, metrics, params, tags, datasets in RUNS:
        run = store.create_run(experiment, user, start, [RunTag(k, v) for k, v in tags.items()], name)
        run_id = run.info.run_id
        points = [Metric(k, float(v), 1, step) for k, series in metrics.items() for v, step in series]
        store.log_batch(run_id, points, [Param(k, v) for k, v in params.items()], [])
        store.log_inputs(run_id, [DatasetInput(Dataset(n, d, "local", "here"), [InputTag("mlflow.data.context", c)])
                                  for n, d, c in datasets])
        if status != "RUNNING":
            store.update_run_info(run_id, RunStatus.from_string(status), end, None)
        run = store.get_run(run_id)
        made.append({
            "run_id": run_id, "name": name, "user_id": user, "status": status, "start_time": start, "end_time": end,
            "artifact_uri": run.info.artifact_uri, "params": run.data.params, "tags": run.data.tags,
            "metrics": {m.key: {"last": number(m.value), "points": len(metrics[m.key])} for m in run._data._metric_objs},
            "datasets": [{"name": n, "digest": d, "context": c} for n, d, c in datasets]})

    def search(text, order):
        found = store.search_runs([experiment], text, ViewType.ALL, order_by=order)
        return [run.info.run_name for run in found]

    ids = [run["run_id"] for run in made]
    # Braces of format: {0} is the first run's id.
    cases = [(f.format(*ids), []) for f in RUN_FILTERS] + [("", o) for o in RUN_ORDERS]
    cases += [("metrics.loss > 0.3", ["metrics.loss DESC"]), ("tags.note LIKE '%'", ["tags.note DESC"])]
    return {"rows": made, "cases": [{"filter": f, "order_by": o, "expect": answer(lambda f=f, o=o: search(f, o))} for f, o in cases]}


def stamp(store, table, where, **columns):
    """Times are the server's own: set them, so that cases can name them."""
    import sqlalchemy
    with store.engine.begin() as connection:
        sets = ", ".join(f"{c} = :{c}" for c in columns)
        connection.execute(sqlalchemy.text(f"UPDATE {table} SET {sets} WHERE {where}"), columns)


def experiments(store):
    rows = []
    for name, created, updated, tags in EXPERIMENTS:
        made = store.create_experiment(name, tags=[ExperimentTag(k, v) for k, v in tags.items()])
        stamp(store, "experiments", f"experiment_id = {made}", creation_time=created, last_update_time=updated)
        rows.append({"id": int(made), "name": name, "created": created, "updated": updated, "tags": tags})
    store.delete_experiment("0")
    cases = [{"filter": f, "order_by": o, "expect": answer(
        lambda f=f, o=o: [e.name for e in store.search_experiments(filter_string=f, order_by=o)])} for f, o in EXPERIMENT_CASES]
    return {"rows": rows, "cases": cases}


def registry(store):
    for name, updated, tags in MODELS:
        store.create_registered_model(name, [RegisteredModelTag(k, v) for k, v in tags.items()])
    versions = []
    for name, run, source, created, updated, tags in VERSIONS:
        made = store.create_model_version(name, source, run, [ModelVersionTag(k, v) for k, v in tags.items()])
        stamp(store, "model_versions", f"name = '{name}' AND version = {made.version}", creation_time=created, last_updated_time=updated)
        versions.append({"name": name, "version": int(made.version), "run_id": run, "source": source, "created": created,
                         "updated": updated, "tags": tags})
    models = []
    for name, updated, tags in MODELS:
        stamp(store, "registered_models", f"name = '{name}'", creation_time=updated, last_updated_time=updated)
        models.append({"name": name, "created": updated, "updated": updated, "tags": tags})
    model_cases = [{"filter": f, "order_by": o, "expect": answer(
        lambda f=f, o=o: [m.name for m in store.search_registered_models(f, 100, o)])} for f, o in MODEL_CASES]
    version_cases = [{"filter": f, "order_by": o, "expect": answer(
        lambda f=f, o=o: [f"{v.name}/{v.version}" for v in store.search_model_versions(f, 100, o)])} for f, o in VERSION_CASES]
    return {"rows": models, "cases": model_cases}, {"rows": versions, "cases": version_cases}


def logged_models(store):
    experiment = store.create_experiment("logged")
    run_id = store.create_run(experiment, "ann", 1, [], "run").info.run_id
    rows = []
    for name, status, kind, created, params, tags, metrics in LOGGED:
        model = store.create_logged_model(experiment, name, run_id, [LoggedModelTag(k, v) for k, v in tags.items()],
                                          [LoggedModelParameter(k, v) for k, v in params.items()], kind)
        if status != "PENDING":
            store.finalize_logged_model(model.model_id, LoggedModelStatus(status))
        stamp(store, "logged_models", f"model_id = '{model.model_id}'", creation_timestamp_ms=created)
        for key, value, step, time, dataset, digest in metrics:
            store.log_metric(run_id, Metric(key, value, time, step, model.model_id, dataset, digest, run_id))
        rows.append({"model_id": model.model_id, "name": name, "status": status, "model_type": kind, "created": created, "params": params,
                     "tags": tags, "metrics": [dict(zip(("key", "value", "step", "time", "dataset", "digest"), m)) for m in metrics]})
    cases = [{"filter": f, "datasets": d, "order_by": o, "expect": answer(
        lambda f=f, d=d, o=o: [m.name for m in store.search_logged_models([experiment], f, d, order_by=o)])} for f, d, o in LOGGED_CASES]
    return {"rows": rows, "cases": cases}


def main():
    ids = scattered_ids()
    with tempfile.TemporaryDirectory() as folder, mock.patch("uuid.uuid4", lambda: next(ids)):
        store = Tracking(f"sqlite:///{folder}/mlflow.db", ROOT)
        out = {"experiments": experiments(store), "runs": runs(store), "logged_models": logged_models(store)}
        out["registered_models"], out["model_versions"] = registry(Registry(f"sqlite:///{folder}/mlflow.db"))
    lines = []
    for entity, data in out.items():
        parts = [f' "{part}": [\n  ' + ",\n  ".join(json.dumps(item, ensure_ascii=False) for item in data[part]) + "\n ]"
                 for part in ("rows", "cases")]
        lines.append(f'"{entity}": {{\n' + ",\n".join(parts) + "\n}")
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    for entity, data in out.items():
        errors = sum(case["expect"] == "error" for case in data["cases"])
        print(entity, len(data["rows"]), "rows,", len(data["cases"]), "cases,", errors, "errors")


if __name__ == "__main__":
    main()
