"""A project whose runs and versions are kept at a tracking server: the same as without one, whatever goes wrong on the way."""

import json
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import time

import mlflow
import pandas
import pytest
import requests
from mlflow import MlflowClient

from ports import free_port
from projects import call, check_no_crash, edit, models, write_small
from remote_tools import Faults, keep_at, run, runs_of, versions_of, without_credentials
from wire.tracking_servers import Store, mlflow_server, quern_server

ROOT = pathlib.Path(__file__).resolve().parents[2]

@pytest.fixture(scope="module")
def server(quern, tmp_path_factory):
    process = quern_server(quern, Store(tmp_path_factory.mktemp("far") / "store"))
    yield process
    process.kill()


@pytest.fixture
def own_server(quern, tmp_path):
    process = quern_server(quern, Store(tmp_path / "store"))
    yield process
    process.kill()


@pytest.fixture(scope="module")
def local_small(quern, small_run, tmp_path_factory):
    """A server over the state folder of the small project that ran without one."""
    folder = shutil.copytree(small_run.folder, tmp_path_factory.mktemp("near") / "small")
    process = quern_server(quern, Store(folder))
    yield process
    process.kill()


def check_same(near, far, name):
    here, there = runs_of(near, name), runs_of(far, name)
    assert [run["name"] for run in here] == [run["name"] for run in there]
    for one, other in zip(here, there):
        assert one == other
    assert versions_of(near, name) == versions_of(far, name)


def test_the_heart_is_the_same_here_and_at_a_server(quern, heart, server, tmp_path):
    near = shutil.copytree(heart.folder, tmp_path / "near")
    far = keep_at(shutil.copytree(ROOT / "examples" / "heart", tmp_path / "far",
                                  ignore=shutil.ignore_patterns(".quern")), server.url)
    done = run(quern, far)
    assert done.returncode == 0, done.stderr
    local = quern_server(quern, Store(near))
    try:
        check_same(local.url, server.url, "heart")
    finally:
        local.kill()
    client = MlflowClient(server.url, server.url)
    assert len(client.search_runs([client.get_experiment_by_name("heart").experiment_id])) > 40
    assert client.get_model_version_by_alias("heart", "champion").version == "2"
    assert f"runs and versions: {server.url}" in done.stdout
    assert f"runs and versions: {server.url}" in call(quern, "status", far).stdout
    # Nothing of it is in the project's own store, all else is.
    assert not models_here(far)
    assert (far / ".quern" / "tables" / "cleveland").is_dir()
    # What came out is the same, to the last digit.
    outputs = [{step: entry["output"] for step, entry in json.loads((folder / "quern.lock").read_text())["steps"].items()}
               for folder in (near, far)]
    assert outputs[0] == outputs[1]
    # And what MLflow's client loads from the server is the model.
    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    champion = mlflow.pyfunc.load_model("models:/heart@champion")
    example = json.loads((models(quern, far)[0]["path"] / "input_example.json").read_text())
    rows = pandas.DataFrame({name: [value for [value] in column] for name, column in example.items()})
    assert set(champion.predict(rows)) == {"label", "probabilities"}


def models_here(folder):
    """How many versions and runs are in the project's own database."""
    with sqlite3.connect(folder / ".quern" / "quern.db") as database:
        return database.execute("SELECT count(*) FROM model_versions").fetchone()[0] \
            + database.execute("SELECT count(*) FROM runs").fetchone()[0]


def test_a_second_run_asks_nobody(quern, server, tmp_path):
    proxy = Faults(server.url)
    folder = keep_at(write_small(tmp_path / "small"), proxy.url)
    edit(folder / "quern.yaml", "project: small", "project: twice")
    assert run(quern, folder).returncode == 0
    proxy.seen.clear()
    seconds = []
    for _ in range(3):
        begin = time.monotonic()
        done = run(quern, folder)
        seconds.append(time.monotonic() - begin)
        assert done.returncode == 0 and done.stdout.startswith("up to date"), (done.stdout, done.stderr)
    assert not proxy.seen
    assert min(seconds) < 0.3  # the promise is 0.1 s on a quiet machine


def every_first_answer_is_lost(method, path, n):
    return "lose" if method == "POST" and n == 1 else None


def busy_at_first(method, path, n):
    return 503 if n == 1 else None


@pytest.mark.parametrize("fault", [every_first_answer_is_lost, busy_at_first])
def test_what_gets_lost_on_the_way_is_sent_again_and_made_once(quern, own_server, local_small, tmp_path, fault):
    proxy = Faults(own_server.url, fault)
    folder = keep_at(write_small(tmp_path / "small"), proxy.url)
    done = run(quern, folder)
    assert done.returncode == 0, done.stderr
    check_same(local_small.url, own_server.url, "small")


def test_killed_at_any_moment_it_ends_the_same(quern, own_server, local_small, tmp_path):
    """Killed at the n-th request of each kind, which still arrives, and run again."""
    kills = [("runs/create", 1), ("runs/create", 2), ("runs/log-batch", 1), ("runs/update", 1), ("runs/log-inputs", 1),
             ("runs/update", 1), ("registered-models/create", 1), ("model-versions/create", 1), ("model-versions/set-tag", 1),
             ("registered-models/alias", 2)]
    running = []

    def fault(method, path, n):
        if not kills or method != "POST" or (path, n) != kills[0]:
            return None
        kills.pop(0)
        running[-1].kill()
        return "lose"

    proxy = Faults(own_server.url, fault)
    folder = keep_at(write_small(tmp_path / "small"), proxy.url)
    while kills:
        left = len(kills)
        proxy.counts.clear()
        running.append(subprocess.Popen([quern, "run", folder], env=without_credentials(), text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
        out = running[-1].communicate(timeout=120)[0]
        assert (len(kills), running[-1].returncode) == (left - 1, -signal.SIGKILL), (kills, out)
    done = run(quern, folder)
    assert done.returncode == 0, done.stderr
    check_same(local_small.url, own_server.url, "small")


def test_what_a_killed_training_left_open_is_closed_by_the_next(quern, own_server, tmp_path):
    running = []

    def fault(method, path, n):
        if running and (path, n) == ("runs/log-batch", 1):
            running.pop().kill()
            return "lose"
        return None

    proxy = Faults(own_server.url, fault)
    folder = keep_at(write_small(tmp_path / "small"), proxy.url)
    process = subprocess.Popen([quern, "run", folder], env=without_credentials(), stdout=subprocess.PIPE)
    running.append(process)
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    states = [one["status"] for one in runs_of(own_server.url, "small")]
    assert states == ["RUNNING", "RUNNING"]
    # Another training: what was left is not its own.
    done = run(quern, folder, "--set", "training.seed=4")
    assert done.returncode == 0, done.stderr
    states = [one["status"] for one in runs_of(own_server.url, "small")]
    assert sorted(states) == ["FINISHED"] * 3 + ["KILLED"] * 2
    # And the first one again: what was cut off is made anew, nothing twice.
    assert run(quern, folder).returncode == 0
    runs = runs_of(own_server.url, "small")
    assert [one["status"] for one in runs] == ["FINISHED"] * 6


def test_a_server_that_is_away_is_found_before_any_work(quern, tmp_path):
    url = f"http://127.0.0.1:{free_port()}"
    folder = keep_at(write_small(tmp_path / "small"), url)
    done = run(quern, folder)
    assert done.returncode == 1
    check_no_crash_but_one(done)
    assert f"quern.yaml:13:20: cannot reach the tracking server {url}" in done.stderr
    assert "help: is it running?" in done.stderr
    assert "ingest" not in done.stdout
    # What needs no server goes on without it.
    assert run(quern, folder, "--until", "explore").returncode == 0
    assert call(quern, "plan", folder).returncode == 0


def check_no_crash_but_one(done):
    """As check_no_crash; 1 is what a server that is away ends with."""
    done.returncode = 0
    check_no_crash(done)


def test_credentials_are_sent_and_never_shown(quern, own_server, tmp_path):
    proxy = Faults(own_server.url)
    folder = keep_at(write_small(tmp_path / "small"), proxy.url)
    assert run(quern, folder, MLFLOW_TRACKING_TOKEN="hush-token").returncode == 0
    assert {headers.get("Authorization") for _, _, headers in proxy.seen} == {"Bearer hush-token"}
    proxy.seen.clear()
    assert run(quern, folder, "--force", "register", MLFLOW_TRACKING_TOKEN="hush-token", MLFLOW_TRACKING_USERNAME="ada",
               MLFLOW_TRACKING_PASSWORD="hush-word").returncode == 0
    assert {headers.get("Authorization") for _, _, headers in proxy.seen} == {"Basic YWRhOmh1c2gtd29yZA=="}
    proxy.fault = lambda method, path, n: 403
    refused = run(quern, folder, "--force", "register", MLFLOW_TRACKING_TOKEN="hush-token")
    assert refused.returncode == 2
    assert "answered 403" in refused.stderr and "MLFLOW_TRACKING_TOKEN" in refused.stderr
    for file in [*folder.rglob("*.json"), *folder.rglob("*.log"), *folder.rglob("*.db*"), *folder.rglob("*.html")]:
        assert b"hush" not in file.read_bytes(), file
    assert "hush" not in refused.stdout + refused.stderr
    broken = run(quern, folder, "--force", "register", MLFLOW_TRACKING_TOKEN="hush\ntoken")
    assert broken.returncode == 2 and "MLFLOW_TRACKING_TOKEN" in broken.stderr and "hush" not in broken.stderr
    named = keep_at(folder, "http://ada:hush@127.0.0.1:1")
    said = run(quern, named)
    assert said.returncode == 2 and "hush" not in said.stdout + said.stderr


def test_over_tls_with_a_certificate_of_ones_own(quern, own_server, tmp_path):
    pem = tmp_path / "server.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", pem, "-out", tmp_path / "ca.pem"],
                   check=True, capture_output=True)
    pem.write_text(pem.read_text() + (tmp_path / "ca.pem").read_text())
    proxy = Faults(own_server.url, certificate=pem)
    folder = keep_at(write_small(tmp_path / "small"), proxy.url)
    done = run(quern, folder)
    assert done.returncode == 2 and "certificate" in done.stderr and "MLFLOW_TRACKING_SERVER_CERT_PATH" in done.stderr
    done = run(quern, folder, MLFLOW_TRACKING_SERVER_CERT_PATH=str(tmp_path / "ca.pem"))
    assert done.returncode == 0, done.stderr
    assert len(runs_of(own_server.url, "small")) == 3
    assert [version["aliases"] for version in versions_of(own_server.url, "small")] == [["challenger", "champion"]]


def test_interrupted_while_the_server_is_away_it_ends_at_once(quern, own_server, local_small, tmp_path):
    away = []
    proxy = Faults(own_server.url, lambda method, path, n: 503 if path == "runs/log-batch" and not away else None)
    folder = keep_at(write_small(tmp_path / "small"), proxy.url)
    process = subprocess.Popen([quern, "run", folder], env=without_credentials(), text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    while proxy.counts["runs/log-batch"] < 2:
        time.sleep(0.02)
        assert process.poll() is None, process.stdout.read()
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    out = process.communicate(timeout=60)[0]
    assert process.returncode == 130, out
    assert time.monotonic() - begin < 3
    away.append(False)
    done = run(quern, folder)
    assert done.returncode == 0, done.stderr
    check_same(local_small.url, own_server.url, "small")


def test_another_checkout_finds_the_champion_and_predicts_by_it(quern, own_server, tmp_path):
    first = keep_at(write_small(tmp_path / "first"), own_server.url)
    assert run(quern, first).returncode == 0
    second = keep_at(write_small(tmp_path / "second"), own_server.url)
    listed = json.loads(call(quern, "models", "--project", second, "--json").stdout)["versions"]
    assert [(version["version"], version["aliases"]) for version in listed] == [(1, ["challenger", "champion"])]
    assert listed[0]["path"].startswith("mlflow-artifacts:/")
    assert not (second / ".quern").exists()
    top = json.loads(call(quern, "runs", "--project", second, "--json").stdout)["runs"]
    assert [one["name"] for one in top] == ["train"]
    best = json.loads(call(quern, "runs", "--project", second, "--json", "--all", "--filter", "params.model = 'logistic'",
                           "--order-by", "metrics.roc_auc DESC", "--limit", "1").stdout)["runs"]
    shown = json.loads(call(quern, "runs", "--project", second, best[0]["run_id"][:10]).stdout)
    assert shown["metrics"] == best[0]["metrics"] and shown["parent_id"] == top[0]["run_id"]
    answers = [call(quern, "predict", "small@champion", folder / "later.csv", "--root", folder) for folder in (first, second)]
    assert answers[1].returncode == 0, answers[1].stderr
    assert answers[0].stdout == answers[1].stdout
    # The same training, done again by somebody else, is the same runs and the same version.
    before = runs_of(own_server.url, "small")
    done = run(quern, second)
    assert done.returncode == 0, done.stderr
    assert runs_of(own_server.url, "small") == before
    assert len(versions_of(own_server.url, "small")) == 1
    moved = call(quern, "models", "small/1", "--project", second, "--set-alias", "blessed", "--reason", "by hand")
    assert moved.returncode == 0, moved.stderr
    version = MlflowClient(own_server.url, own_server.url).get_model_version_by_alias("small", "blessed")
    assert version.tags["quern.alias.blessed"] == "by hand"


def test_a_package_that_was_changed_at_the_server_is_not_used(quern, own_server, tmp_path):
    first = keep_at(write_small(tmp_path / "first"), own_server.url)
    assert run(quern, first).returncode == 0
    source = MlflowClient(own_server.url, own_server.url).get_model_version("small", "1").source.removeprefix("mlflow-artifacts:/")
    target = f"{own_server.url}/api/2.0/mlflow-artifacts/artifacts/{source}/quern.json"
    changed = requests.get(target, timeout=10).text.replace('"threshold"', '"threshald"', 1)
    assert requests.put(target, data=changed, timeout=10).status_code == 200
    second = keep_at(write_small(tmp_path / "second"), own_server.url)
    done = call(quern, "predict", "small@champion", second / "later.csv", "--root", second)
    assert done.returncode == 2, done.stderr
    assert "version 1 of model 'small'" in done.stderr
    assert not [*(second / ".quern" / "artifacts" / "models").iterdir()]


def test_a_registry_that_lost_the_version_is_told_of(quern, own_server, tmp_path):
    folder = keep_at(write_small(tmp_path / "small"), own_server.url)
    assert run(quern, folder).returncode == 0
    MlflowClient(own_server.url, own_server.url).delete_registered_model("small")
    done = run(quern, folder, "--force", "explore")
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert "no version 1 of model 'small'" in done.stderr
    assert "--force train,register,deploy,monitor,retrain" in done.stderr
    done = run(quern, folder, "--force", "train,register,deploy,monitor,retrain")
    assert done.returncode == 0, done.stderr
    assert [version["version"] for version in versions_of(own_server.url, "small")] == [1]


def test_another_server_is_another_place(quern, own_server, server, tmp_path):
    folder = keep_at(write_small(tmp_path / "small"), own_server.url)
    edit(folder / "quern.yaml", "project: small", "project: moved")
    assert run(quern, folder).returncode == 0
    keep_at(folder, server.url)
    done = run(quern, folder)
    assert done.returncode == 0, done.stderr
    check_same(own_server.url, server.url, "moved")


def test_mlflows_own_server_will_do(quern, local_small, tmp_path):
    (tmp_path / "mlflow").mkdir()
    process = mlflow_server(tmp_path / "mlflow")
    try:
        folder = keep_at(write_small(tmp_path / "small"), process.url)
        done = run(quern, folder)
        assert done.returncode == 0, done.stderr
        check_same(local_small.url, process.url, "small")
        listed = json.loads(call(quern, "models", "--project", folder, "--json").stdout)["versions"]
        assert [version["aliases"] for version in listed] == [["challenger", "champion"]]
        other = keep_at(write_small(tmp_path / "other"), process.url)
        done = call(quern, "predict", "small@champion", other / "later.csv", "--root", other)
        assert done.returncode == 0, done.stderr
    finally:
        process.kill()
