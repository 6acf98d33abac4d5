#!/usr/bin/env python3
"""Writes the sample documents beside this file. See README.md: they are for the page alone."""
import json
from pathlib import Path

import numpy as np

import sample_data as data
import sample_later as later
import sample_model as model
import sample_tasks as tasks

HERE = Path(__file__).resolve().parent

DESIGN = {
    "project": "heart", "added_value": "Find coronary artery disease at admission, before angiography.",
    "roles": [{"role": "product owner", "who": "Cardiology, Dr. Sample"}, {"role": "data scientist", "who": None}],
    "requirements": [
        {"id": "bedside", "text": "Answers at the bedside without a network",
         "require": {"metric": "serving.p99_ms", "op": "<=", "value": 50}},
        {"id": "parity", "text": "The served answer is the evaluated answer",
         "require": {"metric": "serving.max_difference", "op": "<=", "value": 1e-6}},
        {"id": "consent", "text": "Patients have agreed to the use of their data", "require": None}],
    "key_metrics": [{"metric": "roc_auc", "op": ">=", "value": 0.85}, {"metric": "recall", "op": ">=", "value": 0.80}],
    "hypothesis": {"text": "gradient_boosting beats logistic by 0.01 roc_auc", "challenger": "gradient_boosting",
                   "baseline": "logistic", "margin": 0.01, "metric": "roc_auc"},
    "open": [{"key": "design.cost_of_a_miss", "question": "What does it cost to miss a diseased patient, compared "
              "with a false alarm?"},
             {"key": "design.who_acts", "question": "Who acts on a prediction, and within what time?"}]}


def steps(batches):
    names = [("design", "design")]
    names += [(f"{p}.{h}", "data") for h in data.HOSPITALS for p in ("ingest", "validate", "explore")]
    names += [("train", "training"), ("evaluate", "training"), ("register", "deployment"), ("deploy", "deployment")]
    for batch in batches:
        names += [(f"monitor.{batch}", "monitoring"), (f"retrain.{batch}", "retraining")]
    names += [("report", "report")]
    seconds = {"train": 6.2, "evaluate": 1.31, "deploy": 0.84}
    out = [{"id": n, "phase": p, "state": "cached" if n == "ingest.cleveland" else "done",
            "seconds": seconds.get(n, 0.02 + 0.013 * i % 0.31), "reason": "the output of the last run is up to date"
            if n == "ingest.cleveland" else "never ran"} for i, (n, p) in enumerate(names)]
    return out


def heart():
    frames = {h: data.load(h) for h in data.HOSPITALS}
    record, fitted, (x_train, y_train, x_test, y_test) = model.train(frames["cleveland"])
    evaluation, scores = model.evaluate(record["selected"], fitted, x_test, y_test)
    champion, version, batches = fitted[record["selected"]], 1, data.HOSPITALS[1:]
    monitors, retrainings, deployments, versions = [], [], [], []
    for batch in batches:
        seen = later.monitor(batch, frames[batch], x_train, scores, champion, version)
        decided, champion, new = later.retrain(batch, frames[batch], x_train, y_train, champion, version, seen)
        if new != version:
            deployments.append(model.deploy(new, decided["holdout_rows"], 1.9 + 0.2 * new))
        version = new
        versions.append(version)
        monitors.append(seen)
        retrainings.append(decided)
    first = model.deploy(1, len(y_test), 1.87)
    gates = [g for g in evaluation["gates"] if g["kind"] == "key_metric"]
    return {"project": "heart", "program_version": "0.1.0-sample", "generated_at": "2025-11-24T17:05:11Z",
            "run_id": "sample-0001", "state": "done", "design": DESIGN,
            "ingest": [data.ingest(h, f) for h, f in frames.items()],
            "validate": [data.validate(h, f) for h, f in frames.items()],
            "explore": [data.explore(h, f) for h, f in frames.items()],
            "train": record, "evaluate": evaluation,
            "register": {"name": "heart", "version": 1, "digest": "5a" * 32, "path": ".quern/artifacts/models/heart/1",
                         "aliases": ["challenger", "champion"], "promoted": True, "gates": gates,
                         "reason": "every gate that can be judged before deployment holds"},
            "deploy": first, "monitor": monitors, "retrain": retrainings, "deployments": deployments,
            "steps": steps(batches), "lineage": later.lineage(batches, versions)}


def stopped(document):
    """The run met a data check of severity error and went no further."""
    checks = json.loads(json.dumps(document["validate"][2]))
    failed = next(c for c in checks["checks"] if c["name"] == "chol_between")
    failed["severity"] = "error"
    checks["success"] = False
    return {"project": "heart", "program_version": "0.1.0-sample", "generated_at": "2025-11-24T17:05:11Z",
            "run_id": "sample-0002", "state": "failed", "design": DESIGN, "ingest": [document["ingest"][2]],
            "validate": [checks], "explore": [document["explore"][2]], "train": None, "evaluate": None,
            "register": None, "deploy": None, "monitor": [], "retrain": [], "deployments": [],
            "steps": [{"id": "validate.switzerland", "phase": "data", "state": "failed", "seconds": 0.03,
                       "reason": "a check of severity error failed"},
                      {"id": "train", "phase": "training", "state": "skipped", "seconds": None,
                       "reason": "validate.switzerland failed"}], "lineage": None}


def write(name, document):
    text = json.dumps(data.clean(document), ensure_ascii=False, separators=(",", ":"))
    (HERE / name).write_text(text + "\n", encoding="utf-8")
    print(f"{name}: {len(text) / 1000:.0f} kB")


if __name__ == "__main__":
    np.seterr(all="ignore")
    document = heart()
    write("report.json", document)
    write("stopped.json", stopped(document))
    write("multiclass.json", tasks.multiclass())
    write("regression.json", tasks.regression())
