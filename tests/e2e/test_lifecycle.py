"""The whole life cycle, by the program alone: what runs, what does not, and what a disturbance leaves behind."""

import contextlib
import json
import re
import shutil
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
from projects import (call, check_no_crash, edit, last_states, models, plan, ran, run_events, write_small)

PHASES = {"design", "ingest", "validate", "explore", "train", "evaluate", "register", "deploy", "monitor",
          "retrain", "report"}


def test_every_phase_of_the_heart_is_done(heart):
    assert heart.done.returncode == 0, heart.done.stderr
    states = last_states(heart.events)
    assert {step.split(":")[0] for step in states} == PHASES
    assert set(states.values()) == {"done"}
    end = heart.events[-1]
    assert (end["event"], end["exit_code"], end["up_to_date"], end["failures"]) == ("end", 0, 0, [])
    assert end["ran"] == len(states)
    for hospital in ("hungarian", "switzerland", "va"):
        decided = next(event for event in heart.events if event.get("id") == f"retrain:{hospital}"
                       and event.get("state") == "done")
        assert decided["record"]["decision"]["action"]
    assert (heart.folder / ".quern" / "report.html").stat().st_size > 100_000


def test_a_retraining_comes_from_every_snapshot_that_it_learned_from(heart):
    ran = {}
    with contextlib.closing(sqlite3.connect(heart.folder / ".quern" / "quern.db")) as db:
        for run, snapshot in db.execute("SELECT n.id, e.from_id FROM lineage_nodes n JOIN lineage_edges e ON e.to_id = n.id "
                                        "WHERE n.label LIKE 'retraining after %' AND e.from_id LIKE 'snapshot:%'"):
            ran.setdefault(run, set()).add(snapshot.removeprefix("snapshot:").split("@")[0])
    accepted = {event["id"]: [one["name"] for one in event["record"]["candidates"] if one["accepted"]]
                for event in heart.events if event.get("id", "").startswith("retrain:") and event.get("state") == "done"}
    assert accepted == {"retrain:hungarian": ["combined"], "retrain:switzerland": [], "retrain:va": []}
    assert list(ran.values()) == [{"cleveland", "hungarian"}]


def test_a_second_run_does_nothing_and_says_so(quern, heart, record_property):
    lock = (heart.folder / "quern.lock").read_bytes()
    seconds = []
    for _ in range(3):
        begin = time.monotonic()
        done = call(quern, "run", heart.folder)
        seconds.append(time.monotonic() - begin)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("up to date (24 steps")
    record_property("second_run_seconds", min(seconds))
    # The promise is 0.1 s on a quiet machine; a test machine is seldom quiet.
    assert min(seconds) < 0.3
    done, events = run_events(quern, heart.folder)
    assert not ran(events) and events[-1]["ran"] == 0
    assert (heart.folder / "quern.lock").read_bytes() == lock


def test_plan_names_the_reason_and_leaves_alone_what_does_not_depend(quern, heart):
    steps = plan(quern, heart.folder, "--set", "training.seed=9")
    assert (steps["train"]["action"], steps["train"]["reason"]) == ("run", "param:training.seed")
    for step, entry in steps.items():
        if step.split(":")[0] in ("design", "ingest", "validate", "explore"):
            assert (entry["action"], entry["reason"]) == ("reuse", "up to date"), step
    assert steps["evaluate"]["reason"].startswith("upstream:")
    # A plan changes nothing.
    assert {entry["action"] for entry in plan(quern, heart.folder).values()} == {"reuse"}


def test_a_monitoring_parameter_reruns_only_what_reads_it(quern, small_copy):
    done, events = run_events(quern, small_copy, "--set", "monitoring.drift.share=0.9")
    assert done.returncode == 0, done.stderr
    assert "monitor:later" in ran(events)
    assert ran(events) <= {"monitor:later", "report"}


def test_another_number_of_resamples_reruns_all_that_draws_them(quern, small_copy):
    steps = plan(quern, small_copy, "--set", "evaluation.resamples=200")
    assert (steps["train"]["action"], steps["train"]["reason"]) == ("run", "param:evaluation.resamples")
    done, events = run_events(quern, small_copy, "--set", "evaluation.resamples=200")
    assert done.returncode == 0, done.stderr
    assert {"train", "evaluate", "monitor:later"} <= ran(events)


def test_an_unchanged_output_stops_the_wave(quern, small_copy):
    # The same table with its last line break gone: read again, found to be the same.
    data = small_copy / "data.csv"
    data.write_text(data.read_text().rstrip("\n"))
    done, events = run_events(quern, small_copy)
    assert done.returncode == 0, done.stderr
    assert "ingest:base" in ran(events)
    assert ran(events) <= {"ingest:base", "report"}


def test_the_same_seed_gives_the_same_lock_in_another_folder(quern, small_run, tmp_path):
    other = write_small(tmp_path / "elsewhere" / "deeper")
    assert call(quern, "run", other, "--threads", "1").returncode == 0
    assert (other / "quern.lock").read_bytes() == small_run.lock


def test_a_second_cold_run_of_the_example_writes_the_same_lock(quern, heart, tmp_path):
    again = shutil.copytree(heart.folder, tmp_path / "heart", ignore=shutil.ignore_patterns(".quern", "quern.lock"))
    done, _ = run_events(quern, again)
    assert done.returncode == 0, done.stderr
    assert (again / "quern.lock").read_bytes() == (heart.folder / "quern.lock").read_bytes()


def test_the_lock_has_no_times(heart, small_run):
    for text in ((heart.folder / "quern.lock").read_text(), small_run.lock.decode()):
        lock = json.loads(text)
        assert {"project", "program", "steps"} <= set(lock)
        assert not re.search(r"\d{4}-\d\d-\d\d|\d\d:\d\d|\b1\d{9,12}\b", text)
        assert not re.search(r"seconds|time|created", text)


def test_a_failed_gate_keeps_the_model_from_the_patients(quern, tmp_path):
    folder = write_small(tmp_path / "gate")
    edit(folder / "quern.yaml", "project: small\n",
         "project: small\ndesign:\n  key_metrics:\n    - {metric: roc_auc, at_least: 0.999}\n")
    done, events = run_events(quern, folder)
    assert done.returncode == 3, (done.stdout[-500:], done.stderr)
    check_no_crash(done)
    assert events[-1]["exit_code"] == 3
    (version,) = models(quern, folder)
    assert "challenger" in version["aliases"] and "champion" not in version["aliases"]
    states = last_states(events)
    assert (states["deploy"], states["report"]) == ("skipped", "done")
    assert (folder / ".quern" / "report.html").exists()
    # Still so when nothing is left to compute.
    again = call(quern, "run", folder)
    assert again.returncode == 3
    assert "roc_auc" in again.stdout + again.stderr


@pytest.fixture
def failed_check(tmp_path):
    """A project with a check of severity error (the default) that half of the rows break."""
    folder = write_small(tmp_path / "check")
    edit(folder / "quern.yaml", "training:\n",
         "  expectations:\n    - {column: age, between: [30, 60]}\ntraining:\n")
    return folder


def test_a_failed_data_check_ends_with_four(quern, failed_check):
    done = call(quern, "run", failed_check)
    assert done.returncode == 4, (done.stdout, done.stderr)
    check_no_crash(done)
    assert re.search(r"^fail +validate:base .*age is between 30 and 60: 150 of 300", done.stdout, re.M)
    assert re.search(r"^skip +train +a data check of validate:base failed", done.stdout, re.M)
    assert (failed_check / ".quern" / "report.html").exists()
    # Still so when nothing is left to compute.
    again, events = run_events(quern, failed_check)
    assert again.returncode == 4
    assert not ran(events)
    assert any("validate:base: age is between" in failure for failure in events[-1]["failures"])


def test_machines_see_which_step_failed(quern, failed_check):
    _, events = run_events(quern, failed_check)
    assert last_states(events)["validate:base"] == "failed"
    assert json.loads(call(quern, "status", failed_check, "--json").stdout)["state"] == "FAILED"


def test_in_two_parts_it_ends_the_same(quern, small_run, tmp_path):
    """What the second run reads from the store is what the first one had in memory, to the last bit."""
    folder = write_small(tmp_path / "parts")
    assert call(quern, "run", folder, "--until", "validate").returncode == 0
    assert call(quern, "run", folder).returncode == 0
    assert (folder / "quern.lock").read_bytes() == small_run.lock


def start_until(quern, folder, lines):
    """Starts a run and returns it, still running, once it has printed so many lines of events."""
    process = subprocess.Popen([quern, "run", folder, "--json"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    for _ in range(lines):
        process.stdout.readline()
    return process


@pytest.mark.parametrize("moment", [0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0])
def test_killed_at_any_moment_the_next_run_ends_the_same(quern, small_run, tmp_path, moment):
    folder = write_small(tmp_path / "killed")
    # From before the first event to between the last event and the end of the program.
    process = start_until(quern, folder, round(moment * len(small_run.lines)))
    process.kill()
    process.communicate()
    again = call(quern, "run", folder)
    assert again.returncode == 0, again.stderr
    assert (folder / "quern.lock").read_bytes() == small_run.lock
    assert not list(folder.rglob("*.tmp-*"))
    assert len(models(quern, folder)) == 1
    assert call(quern, "run", folder).stdout.startswith("up to date")


def test_killed_time_after_time_it_still_arrives(quern, small_run, tmp_path):
    folder = write_small(tmp_path / "killed")
    for milliseconds in (3, 10, 30, 60, 100, 150, 250, 400):
        process = subprocess.Popen([quern, "run", folder], stdout=subprocess.DEVNULL)
        time.sleep(milliseconds / 1000)
        process.kill()
        process.wait()
    again = call(quern, "run", folder)
    assert again.returncode == 0, again.stderr
    assert (folder / "quern.lock").read_bytes() == small_run.lock


def test_a_second_run_at_the_same_time_names_the_holder(quern, small_run, tmp_path):
    folder = write_small(tmp_path / "shared")
    first = start_until(quern, folder, 2)
    first.send_signal(signal.SIGSTOP)
    try:
        second = call(quern, "run", folder)
        assert second.returncode == 5, (second.stdout, second.stderr)
        assert f"process {first.pid} " in second.stderr
        assert "--wait" in second.stderr
    finally:
        first.send_signal(signal.SIGCONT)
    # One that waits gets its turn; the first must be read meanwhile, or its pipe fills up.
    waiting = subprocess.Popen([quern, "run", folder, "--wait", "60"], stdout=subprocess.PIPE, text=True)
    first.communicate()
    told, _ = waiting.communicate()
    assert (first.returncode, waiting.returncode) == (0, 0)
    assert told.startswith("up to date")
    assert (folder / "quern.lock").read_bytes() == small_run.lock


def test_ctrl_c_ends_cleanly(quern, small_run, tmp_path):
    folder = write_small(tmp_path / "interrupted")
    process = subprocess.Popen([quern, "run", folder, "--json"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        event = json.loads(line)
        if event.get("id") == "train" and event.get("state") == "running":
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    status = json.loads(call(quern, "status", folder, "--json").stdout)
    assert status["state"] == "KILLED"
    assert call(quern, "run", folder).returncode == 0
    assert (folder / "quern.lock").read_bytes() == small_run.lock


# Rows as clients send them: a usual one, one with values missing, one with categories never seen in training.
ROWS = [{"age": 63, "sex": 1, "cp": 1, "trestbps": 145, "chol": 233, "fbs": 1, "restecg": 2, "thalach": 150,
         "exang": 0, "oldpeak": 2.3, "slope": 3, "ca": 0, "thal": 6},
        {"age": 57, "sex": 0, "cp": None, "trestbps": None, "chol": None, "fbs": None, "restecg": 0,
         "thalach": None, "exang": 1, "oldpeak": 0.2, "slope": None, "ca": None, "thal": None},
        {"age": 70, "sex": 7, "cp": 99, "trestbps": 130, "chol": 322, "fbs": 3, "restecg": 8, "thalach": 109,
         "exang": 5, "oldpeak": 2.4, "slope": 12, "ca": 3, "thal": -1}]


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def status_of(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.fixture(scope="module")
def session(quern, heart):
    """The champion's package in ONNX Runtime: (package, session)."""
    onnxruntime = pytest.importorskip("onnxruntime")
    (champion,) = [version for version in models(quern, heart.folder) if "champion" in version["aliases"]]
    return champion["path"], onnxruntime.InferenceSession(champion["path"] / "model.onnx")


def columns_of(session):
    """Input name -> [N, 1] of ROWS, NaN where missing, as the signature of the model takes them."""
    return {spec.name: np.array([[np.nan if row[spec.name] is None else row[spec.name]] for row in ROWS],
                                dtype=float) for spec in session.get_inputs()}


@pytest.fixture
def server(quern, heart, free_port):
    """`quern serve heart@champion`: (process, address)."""
    process = subprocess.Popen([quern, "serve", "heart@champion", "--root", heart.folder, "--port",
                                str(free_port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    address = f"http://127.0.0.1:{free_port}"
    deadline = time.monotonic() + 20
    while status_of(address + "/v2/health/ready") != 200:
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.05)
    yield process, address
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_the_server_answers_as_the_package_does(server, session):
    process, address = server
    package, runtime = session
    columns = columns_of(runtime)
    labels, scores = runtime.run(["label", "probabilities"], columns)
    assert np.isfinite(scores).all()

    mlflow = pytest.importorskip("mlflow")
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({name: values.ravel() for name, values in columns.items()})
    predicted = mlflow.pyfunc.load_model(str(package)).predict(frame)
    np.testing.assert_allclose(predicted["probabilities"], scores, rtol=0, atol=1e-6)

    tensors = [{"name": name, "datatype": "FP64", "shape": [len(ROWS), 1],
                "data": [None if np.isnan(value) else value for value in values.ravel()]}
               for name, values in columns.items()]
    code, answer = post(address + "/v2/models/heart/infer", {"id": "visit", "inputs": tensors})
    assert code == 200, answer
    outputs = {output["name"]: output["data"] for output in answer["outputs"]}
    np.testing.assert_allclose(np.reshape(outputs["probabilities"], scores.shape), scores, rtol=0, atol=1e-6)
    assert outputs["label"] == labels.tolist()

    names = list(ROWS[0])
    code, answer = post(address + "/invocations", {
        "dataframe_split": {"columns": names, "data": [[row[name] for name in names] for row in ROWS]}})
    assert code == 200, answer
    np.testing.assert_allclose(answer["predictions"]["probabilities"], scores, rtol=0, atol=1e-6)

    code, answer = post(address + "/v1/feedback", [{"prediction_id": "visit-0", "label": "1"},
                                                   {"prediction_id": "nobody-0", "label": "1"}])
    assert code == 200 and answer["unknown"] == ["nobody-0"], answer

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_the_server_refuses_what_the_model_cannot_take(server):
    _, address = server
    code, answer = post(address + "/invocations", {"dataframe_records": [{**ROWS[0], "age": "old"}]})
    assert code == 400 and "age" in answer["message"] and "old" in answer["message"]
    without = {name: value for name, value in ROWS[0].items() if name != "age"}
    code, answer = post(address + "/invocations", {"dataframe_records": [without]})
    assert code == 400 and "age" in answer["message"]


def test_serving_a_model_that_is_not_there(quern, heart):
    done = call(quern, "serve", "heart@nobody", "--root", heart.folder)
    assert done.returncode == 2
    assert "nobody" in done.stderr and "quern models" in done.stderr
