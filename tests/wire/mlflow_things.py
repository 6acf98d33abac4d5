"""Fills a store of MLflow's with one of everything, and reads everything back, by MLflow's own client."""

import math
import pathlib

import mlflow
from mlflow import MlflowClient
from mlflow.entities import (Dataset, DatasetInput, InputTag, LoggedModelInput, LoggedModelOutput, Metric, Param,
                             RunTag, ViewType)

LONG = "ü" * 5000
STEPS = 1500


def client_of(uri):
    """MLflow's stores ask the global settings too."""
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    return MlflowClient(uri, uri)


def fill(uri, location=None):
    """`location`: of the artifacts of an experiment that has a place of its own. Ids of what tests look at."""
    client = client_of(uri)
    alpha = client.create_experiment("alpha", tags={"team/x": "blue\nline", "note": LONG[:400]})
    placed = client.create_experiment("placed", artifact_location=location) if location else alpha
    run = client.create_run(alpha, run_name="one", start_time=1_700_000_000_000,
                            tags={"mlflow.user": "ann", "k/v": "quote \" and \\ and '", "u": "ü\r\nb\u2028c 😀"})
    run_id = run.info.run_id
    client.log_batch(run_id, metrics=[Metric("val/loss", 1 / (s + 1), 1000 + s, s) for s in range(1000)])
    client.log_batch(run_id, metrics=[Metric("val/loss", 1 / (s + 1), 1000 + s, s) for s in range(1000, STEPS)])
    client.log_batch(run_id, metrics=[Metric("few", -0.1, 5, -2), Metric("few", 1e300, 4, 3), Metric("few", 0.0, 4, 3)])
    client.log_metric(run_id, "nan", math.nan, timestamp=7, step=1)
    client.log_metric(run_id, "nan", 2.5, timestamp=8, step=2)
    client.log_metric(run_id, "inf", math.inf, timestamp=9)
    client.log_metric(run_id, "inf", -math.inf, timestamp=9, step=1)
    client.log_batch(run_id, params=[Param("lr", "0.1"), Param("empty", ""), Param("deep/key", "a: [b]\n"),
                                     Param("long", LONG)])
    client.log_inputs(run_id, [
        DatasetInput(Dataset("cleveland", "dig1", "local", "{\"uri\": \"x.csv\"}", "{\"a\": 1}", "{\"n\": 3}"),
                     [InputTag("mlflow.data.context", "train"), InputTag("k", "v")]),
        DatasetInput(Dataset("bare", "dig2", "http", "src"), [])])
    client.log_text(run_id, "hello", "notes/a b.txt")
    client.log_text(run_id, "", "empty.txt")
    model = client.create_logged_model(alpha, name="forest", source_run_id=run_id, tags={"t": "1"},
                                       params={"depth": "3"}, model_type="sklearn")
    client.log_metric(run_id, "acc", 0.5, timestamp=10, step=0, model_id=model.model_id,
                      dataset_name="cleveland", dataset_digest="dig1")
    client.log_metric(run_id, "acc", 0.75, timestamp=11, step=0, model_id=model.model_id)
    client.log_inputs(run_id, models=[LoggedModelInput(model.model_id)])
    client.log_outputs(run_id, models=[LoggedModelOutput(model.model_id, step=3)])
    client.finalize_logged_model(model.model_id, "READY")
    pending = client.create_logged_model(alpha, name="pending")
    client.set_terminated(run_id, "FINISHED", end_time=1_700_000_100_000)
    child = client.create_run(alpha, tags={"mlflow.parentRunId": run_id, "mlflow.runName": "child"})
    client.set_terminated(child.info.run_id, "FAILED")
    going = client.create_run(placed, run_name="going")
    client.log_text(going.info.run_id, "far", "far.txt")
    gone = client.create_run(alpha, run_name="gone")
    client.log_param(gone.info.run_id, "p", "1")
    client.delete_run(gone.info.run_id)
    dead = client.create_experiment("dead")
    client.create_run(dead, run_name="in the dead")
    client.log_param(client.search_runs([dead])[0].info.run_id, "kept", "yes")
    client.delete_experiment(dead)

    client.create_registered_model("heart", tags={"q": "1", "w/x": "y"}, description="of the heart")
    first = client.create_model_version("heart", f"models:/{model.model_id}", run_id, tags={"vt": "1"},
                                        description="the first", run_link="http://there",
                                        model_id=model.model_id)
    client.create_model_version("heart", f"{run.info.artifact_uri}/notes", run_id)
    third = client.create_model_version("heart", f"runs:/{run_id}/notes", run_id)
    client.delete_model_version("heart", third.version)
    client.set_registered_model_alias("heart", "champion", first.version)
    client.transition_model_version_stage("heart", first.version, "Staging")
    client.create_registered_model("bare")
    return {"alpha": alpha, "run": run_id, "model": model.model_id, "pending": pending.model_id,
            "going": going.info.run_id, "placed": placed}


def log_more(uri, run_id):
    """Goes on with a run that was going when it was imported."""
    client = client_of(uri)
    client.log_batch(run_id, metrics=[Metric("late", 1.0, 1, 1)], params=[Param("late", "1")], tags=[RunTag("late", "1")])
    client.set_terminated(run_id, "FINISHED", end_time=1_800_000_000_000)


def number(value):
    return str(float(value))


def points(client, run_id, key):
    found = []
    token = None
    while True:
        page = client._tracking_client.store.get_metric_history(run_id, key, max_results=1000, page_token=token)
        found += [(m.timestamp, m.step, number(m.value)) for m in page]
        token = page.token
        if not token:
            return sorted(set(found))


def files(client, run_id, folder, path=""):
    """The content of a run's artifacts, by path."""
    found = {}
    for entry in client.list_artifacts(run_id, path or None):
        if entry.is_dir:
            found.update(files(client, run_id, folder, entry.path))
        else:
            got = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=entry.path, dst_path=str(folder))
            found[entry.path] = pathlib.Path(got).read_bytes()
    return found


def run_of(client, run, folder):
    info = run.info
    inputs = sorted((i.dataset.name, i.dataset.digest, i.dataset.source_type, i.dataset.source,
                     i.dataset.schema, i.dataset.profile, sorted((t.key, t.value) for t in i.tags))
                    for i in run.inputs.dataset_inputs)
    return {
        "info": (info.run_name, info.experiment_id, info.user_id, info.status, info.start_time, info.end_time,
                 info.lifecycle_stage),
        "params": run.data.params, "tags": run.data.tags,
        "last": {key: number(value) for key, value in run.data.metrics.items()},
        "metrics": {key: points(client, info.run_id, key) for key in run.data.metrics},
        "inputs": inputs,
        "models": sorted(m.model_id for m in run.inputs.model_inputs or []),
        "outputs": sorted((m.model_id, m.step) for m in run.outputs.model_outputs or []) if run.outputs else [],
        "files": files(client, info.run_id, folder),
    }


def model_of(model):
    return {
        "info": (model.name, model.experiment_id, model.source_run_id or "", str(model.status), model.model_type or "",
                 model.creation_timestamp, model.last_updated_timestamp),
        "params": model.params, "tags": model.tags,
        "metrics": sorted((m.key, number(m.value), m.step, m.timestamp, m.dataset_name or "", m.dataset_digest or "",
                           m.run_id) for m in model.metrics or []),
    }


def version_of(version):
    # Where the files are differs from store to store.
    source = version.source.rsplit("/artifacts", 1)[-1]
    return (int(version.version), version.current_stage, version.description or "", source, version.run_id or "",
            version.run_link or "", version.status, version.creation_timestamp, version.last_updated_timestamp,
            sorted(version.tags.items()), sorted(version.aliases))


def everything(uri, folder):
    """All that MLflow's client tells of a store, in a form that can be compared."""
    client = client_of(uri)
    found = {"experiments": {}, "runs": {}, "models": {}, "registered": {}}
    experiments = client.search_experiments(ViewType.ALL)
    for e in experiments:
        found["experiments"][e.experiment_id] = (e.name, e.lifecycle_stage, e.creation_time, e.last_update_time, e.tags)
        for run in client.search_runs([e.experiment_id], run_view_type=ViewType.ALL):
            whole = client.get_run(run.info.run_id)
            place = pathlib.Path(folder) / run.info.run_id
            place.mkdir(parents=True, exist_ok=True)
            found["runs"][run.info.run_id] = run_of(client, whole, place)
    active = [e.experiment_id for e in experiments if e.lifecycle_stage == "active"]
    for model in client.search_logged_models(active):
        found["models"][model.model_id] = model_of(model)
    for model in client.search_registered_models():
        versions = client.search_model_versions(f"name = '{model.name}'")
        versions = [v for v in versions if v.current_stage != "Deleted_Internal"]
        found["registered"][model.name] = {
            "info": (model.description or "", model.creation_timestamp, model.last_updated_timestamp, model.tags,
                     {alias: int(version) for alias, version in model.aliases.items()}),
            "versions": sorted(version_of(client.get_model_version(model.name, v.version)) for v in versions)}
    return found
