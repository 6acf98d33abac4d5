"""The life cycle on other targets than two classes, on other splits than random ones, on other files than plain CSV."""

import io
import signal
import subprocess
import time
import types
import urllib.error
import urllib.request

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sklearn")
onnxruntime = pytest.importorskip("onnxruntime")
import task_projects  # noqa: E402
from projects import call, check_no_crash, last_states, models, ran, run_events  # noqa: E402


@pytest.fixture(scope="module")
def lived(quern, tmp_path_factory):
    """Name of a project -> the project, run once: `folder`, `done`, `events`, `records` by step."""
    kept = {}

    def get(name):
        if name not in kept:
            folder = tmp_path_factory.mktemp("tasks") / name
            task_projects.ALL[name](quern, folder)
            done, events = run_events(quern, folder)
            assert done.returncode == 0, (done.stdout[-800:], done.stderr)
            check_no_crash(done)
            kept[name] = types.SimpleNamespace(folder=folder, done=done, events=events,
                                               records=task_projects.records(events))
        return kept[name]
    return get


every = pytest.mark.parametrize("name", task_projects.ALL)


@every
def test_it_ends_well_and_a_second_run_reuses_all(quern, lived, name):
    project = lived(name)
    assert set(last_states(project.events).values()) == {"done"}
    assert (project.folder / ".quern" / "report.html").stat().st_size > 100_000
    again, events = run_events(quern, project.folder)
    assert again.returncode == 0 and not ran(events), ran(events)


def some_rows(project):
    """Rows as they come from outside: raw columns alone, one of them with nothing in it."""
    source = project.records["ingest:main"]
    rows = task_projects.source_rows(project.folder, source)[:25].copy()
    features = [column["name"] for column in project.records["train"]["columns"]]
    rows = rows[features]
    rows[features[0]] = rows[features[0]].astype(object).where(rows.index > 2, None)
    return rows


def predict(quern, project, rows, tmp_path):
    """`quern predict` by the champion, as a table."""
    rows.to_csv(tmp_path / "rows.csv", index=False)
    name = project.records["register"]["name"]
    done = call(quern, "predict", f"{name}@champion", tmp_path / "rows.csv", "-o", tmp_path / "out.csv",
                "--root", project.folder)
    assert done.returncode == 0, done.stderr
    return pd.read_csv(tmp_path / "out.csv")


@every
def test_the_package_answers_in_onnxruntime_as_predict_does(quern, lived, tmp_path, name):
    project = lived(name)
    rows = some_rows(project)
    ours = predict(quern, project, rows, tmp_path)
    (champion,) = [v for v in models(quern, project.folder) if "champion" in v["aliases"]]
    session = onnxruntime.InferenceSession(champion["path"] / "model.onnx")
    feeds = {}
    for spec in session.get_inputs():
        column = rows[spec.name]
        values = column.fillna("").to_numpy(object) if spec.type == "tensor(string)" else column.to_numpy(float)
        feeds[spec.name] = values.reshape(-1, 1)
    theirs = dict(zip([o.name for o in session.get_outputs()], session.run(None, feeds)))
    if project.records["train"]["task"] == "regression":
        np.testing.assert_allclose(theirs["prediction"].ravel(), ours["prediction"], rtol=1e-6)
        return
    scores = ours[[f"score_{label}" for label in project.records["train"]["classes"]]]
    np.testing.assert_allclose(theirs["probabilities"], scores, rtol=0, atol=1e-6)
    assert theirs["label"].ravel().tolist() == ours["prediction"].tolist()


def post_csv(url, text):
    request = urllib.request.Request(url, text.encode(), {"Content-Type": "text/csv"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return pd.read_json(io.BytesIO(answer.read()), typ="series")["predictions"]


def wait_ready(process, address):
    deadline = time.monotonic() + 20
    while True:
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        try:
            with urllib.request.urlopen(address + "/v2/health/ready", timeout=5):
                return
        except (urllib.error.HTTPError, OSError):
            time.sleep(0.02)


@every
def test_the_server_answers_as_predict_does(quern, lived, tmp_path, free_port, name):
    project = lived(name)
    rows = some_rows(project)
    ours = predict(quern, project, rows, tmp_path)
    process = subprocess.Popen([quern, "serve", f"{project.records['register']['name']}@champion", "--root",
                                project.folder, "--port", str(free_port)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = f"http://127.0.0.1:{free_port}"
        wait_ready(process, address)
        answer = post_csv(address + "/invocations", rows.to_csv(index=False))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        assert process.returncode == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if project.records["train"]["task"] == "regression":
        np.testing.assert_allclose(np.ravel(answer["prediction"]), ours["prediction"], rtol=1e-6)
        return
    scores = ours[[f"score_{label}" for label in project.records["train"]["classes"]]]
    np.testing.assert_allclose(answer["probabilities"], scores, rtol=0, atol=1e-6)
    assert answer["label"] == ours["prediction"].tolist()


def held_out(project, metric):
    return project.records["evaluate"]["metrics"][metric]["value"]


def test_text_classes(lived):
    project = lived("wine")
    trained = project.records["train"]
    assert (trained["task"], trained["metric"]) == ("multiclass", "log_loss")
    assert trained["classes"] == ["class_0", "class_1", "class_2"]
    assert trained["positive"] is None
    assert held_out(project, "accuracy") > 0.9
    assert held_out(project, "log_loss") < 0.3
    matrix = project.records["evaluate"]["confusion"]["matrix"]
    assert np.shape(matrix) == (3, 3) and np.sum(matrix) == trained["holdout_rows"]


def test_classes_that_are_numbers_stay_numbers(quern, lived, tmp_path):
    project = lived("numbered")
    assert project.records["train"]["classes"] == ["2.5", "10", "30"]
    assert held_out(project, "accuracy") > 0.9
    answers = predict(quern, project, some_rows(project), tmp_path)["prediction"]
    assert set(answers) <= {2.5, 10, 30} and len(set(answers)) > 1


def test_a_number_is_predicted(lived):
    project = lived("diabetes")
    trained = project.records["train"]
    assert (trained["task"], trained["metric"], trained["classes"]) == ("regression", "rmse", [])
    assert held_out(project, "r2") > 0.3
    evaluated = project.records["evaluate"]
    assert "confusion" not in evaluated and len(evaluated["residuals"]) == trained["holdout_rows"]
    # What the metrics say of the listed pairs is what they are.
    pairs = np.array(evaluated["residuals"])
    assert held_out(project, "rmse") == pytest.approx(np.sqrt(np.mean((pairs[:, 0] - pairs[:, 1]) ** 2)))


def test_declared_markers_are_missing_values(lived):
    project = lived("marked")
    explored = {column["name"]: column for column in project.records["explore:main"]["columns"]}
    for column in ("mean_area", "mean_texture", "mean_radius"):
        assert explored[column]["type"] == "number"
        assert 0.05 < explored[column]["missing_share"] < 0.15
        assert explored[column]["min"] > 0
    assert explored["ward"]["distinct"] == 2 and explored["ward"]["missing"] > 100
    assert project.records["train"]["classes"] == ["benign", "malignant"]
    assert held_out(project, "roc_auc") > 0.95


def sides(project):
    """The ingested training rows as (kept for training, held out)."""
    rows = task_projects.source_rows(project.folder, project.records["ingest:main"])
    holdout = project.records["train"]["holdout"]
    return rows.drop(index=holdout), rows.loc[holdout]


def test_no_group_stands_on_both_sides(lived):
    project = lived("grouped")
    train, test = sides(project)
    assert not set(train["patient"]) & set(test["patient"])
    split = project.records["train"]["split"]
    assert (split["by"], split["column"]) == ("group", "patient")
    assert [part["name"] for part in split["parts"]] == ["hold-out"] + [f"fold {k}" for k in range(1, 6)]
    assert [part["shared_groups"] for part in split["parts"]] == [0] * 6
    assert split["parts"][0]["test_rows"] == len(test)
    assert "patient" not in [column["name"] for column in project.records["train"]["columns"]]


def test_candidates_of_a_retraining_do_not_know_the_groups_that_judge(lived):
    project = lived("grouped")
    retrained = project.records["retrain:later"]
    assert retrained["trigger"]["state"] == "fired"
    combined = next(c for c in retrained["candidates"] if c["name"] == "combined")
    kept, _ = sides(project)
    later = task_projects.source_rows(project.folder, project.records["ingest:later"])
    # Patients of the judged rows are in the first training rows too; those rows must be gone.
    assert combined["rows"] < len(kept) + len(later) - retrained["holdout_rows"]
    assert retrained["holdout_rows"] == pytest.approx(0.4 * len(later), abs=10)


def test_time_order_is_kept(lived):
    project = lived("timed")
    train, test = sides(project)
    assert train["visit"].max() <= test["visit"].min()
    split = project.records["train"]["split"]
    assert (split["by"], split["column"]) == ("time", "visit")
    assert len(split["parts"]) == 6
    for part in split["parts"]:
        assert part["train_until"] <= part["test_from"]
    # The window grows: each fold trains on more than the one before it.
    assert np.all(np.diff([part["train_rows"] for part in split["parts"][1:]]) > 0)


def test_labels_of_several_classes_arrive_late_or_never(quern, lived):
    project = lived("wine_stream")
    unlabelled, partly, later = (project.records["monitor:" + batch] for batch in ("unlabelled", "partly", "later"))
    assert (unlabelled["labels"]["joined"], unlabelled["concept_drift"]["state"]) == (0, "no_labels")
    assert unlabelled["performance"]["metrics"] == {} and "log_loss" in unlabelled["performance"]["expected"]
    assert (partly["labels"]["rows"], partly["labels"]["joined"]) == (22, 22)
    assert partly["labels"]["unknown_classes"] == [{"label": "class_9", "rows": 2}]
    assert partly["concept_drift"]["state"] == "yes" and "class_9" in partly["concept_drift"]["reason"]
    assert partly["performance"]["metrics"]["accuracy"]["value"] > 0.8
    assert later["labels"]["coverage"] == 1 and later["labels"]["unknown_classes"] == []
    assert later["performance"]["metrics"]["accuracy"]["value"] > 0.7


def test_a_retraining_that_promotes_is_served_to_the_next(quern, lived):
    project = lived("wine_stream")
    assert project.records["retrain:unlabelled"]["trigger"]["state"] == "not_fired"
    # Fired, but on fewer rows than may decide.
    partly = project.records["retrain:partly"]
    assert (partly["trigger"]["state"], partly["decision"]["action"]) == ("fired", "keep")
    assert 0 < partly["holdout_rows"] < 30 and "fewer than 30 rows" in partly["decision"]["reason"]
    later = project.records["retrain:later"]
    assert later["decision"]["action"] == "promote", later["decision"]
    assert later["deployment"]["parity"]["ok"]
    versions = {v["version"]: v["aliases"] for v in models(quern, project.folder)}
    assert versions == {1: ["challenger"], 2: ["champion"]}


def test_a_regression_is_retrained_where_the_outcome_moved(lived):
    project = lived("diabetes_stream")
    same, moved = project.records["monitor:same"], project.records["monitor:moved"]
    assert same["labels"]["joined"] == 80 and moved["labels"]["joined"] == 142
    assert same["concept_drift"]["state"] != "yes" and moved["concept_drift"]["state"] == "yes"
    assert moved["performance"]["metrics"]["rmse"]["value"] > 2 * same["performance"]["metrics"]["rmse"]["value"]
    kept = project.records["retrain:same"]
    assert (kept["trigger"]["state"], kept["decision"]["action"]) == ("not_fired", "keep")
    promoted = project.records["retrain:moved"]
    assert promoted["decision"]["action"] == "promote", promoted["decision"]
    winner = next(c for c in promoted["candidates"] if c["version"] == promoted["decision"]["version"])
    assert winner["value"]["value"] < promoted["before"]["value"]["value"]


YAML = """\
project: wrong
data:
  sources: {main: {csv: main.csv}}
  target: {name: y, expr: target%s}
  group: place
training:
  models: {dummy: {}}
"""


@pytest.mark.parametrize("old, new, at, told", [
    ("  models: {dummy: {}}", "  models: {logistic: {}}", "7:12", "logistic does not do regression"),
    ("  models: {dummy: {}}", "  threshold: 0.3", "7:14", "threshold decides between two classes"),
    ("  models: {dummy: {}}", "  class_weight: balanced", "7:17", "class_weight weighs classes"),
    ("  models: {dummy: {}}", "  tune: {metric: roc_auc}", "7:18", "metric 'roc_auc' does not fit"),
    ("training:", "design: {key_metrics: [{metric: recall, at_least: 0.5}]}\ntraining:", "6:33",
     "metric 'recall' cannot be measured on a regression target"),
    ("  group: place", "  group: plce", "5:10", "data.group names column 'plce'"),
    ("  group: place", "  group: place\n  time: day", "5:10", "cannot both split the rows"),
    ("  group: place\ntraining:", "  time: day\ntraining:\n  cross_validation: {repeats: 2}", "7:31",
     "repeats is 2, but rows are split by data.time 'day'"),
    ("expr: target", "expr: place - place", "4:27", "only: '0' in every row"),
])
@pytest.mark.parametrize("declared", ["", ", task: regression"])
def test_what_does_not_fit_the_target_is_an_error_at_its_place(quern, tmp_path, old, new, at, told, declared):
    frame = pd.DataFrame({"x": range(60), "place": [k % 7 for k in range(60)],
                          "day": pd.date_range("2024-01-01", periods=60), "target": [k * 1.5 for k in range(60)]})
    frame.to_csv(tmp_path / "main.csv", index=False)
    assert YAML.count(old) == 1
    (tmp_path / "quern.yaml").write_text(YAML.replace(old, new) % declared)
    done = call(quern, "run", tmp_path, "--until", "evaluate")
    check_no_crash(done)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert done.stderr.startswith(f"error: {tmp_path}/quern.yaml:{at}: "), done.stderr
    assert told in done.stderr and "help: " in done.stderr
