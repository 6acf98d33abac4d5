"""Projects on the tables that scikit-learn brings: a kind of target, of split, of file and of stream each."""

import json

import numpy as np
import pandas as pd
from projects import call
from sklearn import datasets

LINEAR = {"multiclass": "{dummy: {}, logistic: {}}", "binary": "{dummy: {}, logistic: {}}",
          "regression": "{dummy: {}, linear: {}}"}


def table(name):
    """A bundled table, its rows in an order that says nothing; the column `target` is the outcome."""
    load = getattr(datasets, "load_" + name)
    bunch = load(as_frame=True, scaled=False) if name == "diabetes" else load(as_frame=True)
    frame = bunch.frame.sample(frac=1, random_state=0).reset_index(drop=True)
    if name == "wine":
        frame["target"] = [bunch.target_names[k] for k in frame["target"]]
    if name == "breast_cancer":
        frame = frame[[c for c in frame if c.startswith("mean")] + ["target"]]
    return frame.rename(columns=lambda column: column.replace(" ", "_").replace("/", "_"))


def init(quern, folder, frame, file, target):
    """`quern init` from a table written as `file`; the folder's name is the project's."""
    path = folder.parent / file
    frame.to_parquet(path) if file.endswith(".parquet") else frame.to_csv(path, index=False)
    done = call(quern, "init", folder, "--data", path, "--target", target)
    assert done.returncode == 0, done.stderr
    # A person would not tune for a first look either.
    yaml = folder / "quern.yaml"
    yaml.write_text(yaml.read_text().replace("trials: 12", "trials: 3"))


def write(folder, frames, target, task, data="", rest="", suffix=".csv"):
    """A hand-written project: `frames` by source name, the first to learn from, the others arriving later."""
    folder.mkdir(parents=True)
    names = list(frames)
    for name, frame in frames.items():
        frame.to_csv(folder / (name + suffix), index=False)
    sources = "".join(f"    {name}: {{csv: {name}{suffix}}}\n" for name in names)
    (folder / "quern.yaml").write_text(
        f"project: {folder.name}\ndata:\n  sources:\n{sources}  train: [{names[0]}]\n"
        f"  target: {target}\n{data}"
        f"training:\n  models: {LINEAR[task]}\n"
        + (f"monitoring: {{stream: [{', '.join(names[1:])}]}}\n" if names[1:] else "") + rest)


def wine(quern, folder):
    init(quern, folder, table("wine"), "wine.csv", "target")


def numbered(quern, folder):
    """Classes that are numbers, and neither whole nor 0, 1, 2: what they are has to be declared."""
    frame = table("wine")
    frame["target"] = frame["target"].map({"class_0": 10, "class_1": 2.5, "class_2": 30})
    write(folder, {"main": frame}, "{expr: target, task: multiclass}", "multiclass", suffix=".csv.gz")


def diabetes(quern, folder):
    init(quern, folder, table("diabetes"), "diabetes.parquet", "target")


def marked(quern, folder):
    """Missing values written as -999, `unknown` and `.`; the class is a word that has to be computed."""
    frame = table("breast_cancer").astype(object)
    rng = np.random.default_rng(1)
    frame["ward"] = rng.choice(["north", "south", "unknown"], len(frame))
    for column, marker in (("mean_area", "-999"), ("mean_texture", "."), ("mean_radius", "unknown")):
        frame.loc[rng.random(len(frame)) < 0.1, column] = marker
    write(folder, {"main": frame}, "CASE WHEN target = 1 THEN 'benign' ELSE 'malignant' END", "binary",
          "  defaults: {missing: ['-999', unknown, '.']}\n")


def grouped(quern, folder):
    """Several rows a patient: a patient is on one side of every split, of the batch's too."""
    frame = table("breast_cancer")
    frame["patient"] = [f"p{k}" for k in np.random.default_rng(2).integers(0, 120, len(frame))]
    later = frame[400:].copy()
    later["mean_area"] *= 1.4
    write(folder, {"main": frame[:400], "later": later}, "target", "binary", "  group: patient\n",
          "retraining: {when: [drift, labels], min_labels: 50, holdout: 0.4}\n")


def timed(quern, folder):
    frame = table("breast_cancer")
    days = np.random.default_rng(3).integers(0, 900, len(frame))
    frame["visit"] = pd.Timestamp("2021-03-01") + pd.to_timedelta(days, unit="D")
    write(folder, {"main": frame}, "target", "binary", "  time: visit\n")


def wine_stream(quern, folder):
    """Three batches: without the outcome's column, with some labels and a new class, with all labels."""
    frame = table("wine")
    unlabelled = frame[90:110].drop(columns="target")
    partly = frame[110:140].copy()
    partly.loc[partly.index[:8], "target"] = None
    partly.loc[partly.index[8:10], "target"] = "class_9"
    later = frame[80:178].copy()
    later["alcohol"] += 1
    later["proline"] *= 1.5
    write(folder, {"main": frame[:80], "unlabelled": unlabelled, "partly": partly, "later": later}, "target",
          "multiclass", rest="retraining: {when: [labels], min_labels: 15, data: [combined], margin: 0.5}\n")


def diabetes_stream(quern, folder):
    """A first batch like the training rows, and one where the outcome lies elsewhere: only that one retrains."""
    frame = table("diabetes")
    same, moved = frame[200:300].copy(), frame[300:].copy()
    same.loc[same.index[:20], "target"] = None
    moved["target"] = 2 * moved["target"] + 150
    write(folder, {"main": frame[:200], "same": same, "moved": moved}, "target", "regression",
          rest="retraining: {when: [performance], accept: superior, tolerance: 0.2}\n")


ALL = {make.__name__: make for make in
       (wine, numbered, diabetes, marked, grouped, timed, wine_stream, diabetes_stream)}


def records(events):
    """Step -> its record, of the steps that ended well."""
    return {event["id"]: event["record"] for event in events
            if event["event"] == "step" and event["state"] == "done" and "record" in event}


def source_rows(folder, record):
    """The rows as they were ingested, in the order that the record's row numbers speak of."""
    return pd.read_parquet(folder / ".quern" / record["snapshot"])


def json_rows(frame):
    return json.loads(frame.to_json(orient="records"))
