"""Gates before an alias: declared in quern.yaml, met by runs, by hand, by MLflow's client and by releases, with a log that is a chain."""

import json
import re
import shutil
import sqlite3
import subprocess

import mlflow
import pytest
import requests

from wire.tracking_servers import mlflow_server, quern_server, Store

POLICY = """
registry:
  champion: {key_metrics: true, reviewer: other, checks: [bias_audit]}
"""


def done(quern, *arguments, folder):
    return subprocess.run([quern, *arguments], cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def gated(trained, tmp_path_factory):
    """The trained project with a policy, and its version before any run under it."""
    folder = tmp_path_factory.mktemp("gated") / "project"
    shutil.copytree(trained, folder, symlinks=True)
    text = (folder / "quern.yaml").read_text()
    (folder / "quern.yaml").write_text(text + POLICY)
    return folder


@pytest.fixture(scope="module")
def name(gated):
    return re.search(r"^project: (\S+)", (gated / "quern.yaml").read_text(), re.M).group(1)


def test_a_run_waits_until_everybody_has_said_it(quern, gated, name):
    with sqlite3.connect(gated / ".quern" / "quern.db") as database:  # as if nothing had been champion yet
        database.execute("DELETE FROM model_aliases")
        database.execute("UPDATE registry_log_head SET entries = 0, digest = '', first_id = 0")
        database.execute("DELETE FROM registry_log")
    first = done(quern, "run", "--until", "register", folder=gated)
    assert first.returncode == 3, first.stderr[-500:]
    said = first.stdout + first.stderr
    assert f"quern models approve {name}/1 --reason" in said
    assert "the check 'bias_audit' has not been made" in said
    listed = json.loads(done(quern, "models", "--json", folder=gated).stdout)["versions"][0]
    assert listed["aliases"] == ["challenger"]

    refused = done(quern, "models", f"{name}/1", "--set-alias", "champion", folder=gated)
    assert refused.returncode == 3
    assert f"{name}/1 may not be champion yet" in refused.stderr
    gate = done(quern, "models", "gate", f"{name}/1", "--json", folder=gated)
    assert gate.returncode == 3
    states = {item["kind"]: item["status"] for item in json.loads(gate.stdout)["items"]}
    assert states == {"key_metric": "pass", "reviewer": "pending", "check": "pending"}

    own = done(quern, "models", "approve", f"{name}/1", "--reason", "mine", folder=gated)
    assert own.returncode == 0
    assert "approved by its author alone" in own.stdout
    assert done(quern, "models", "approve", f"{name}/1", "--actor", "bob", "--reason", "looked at the errors", folder=gated).returncode == 0
    assert done(quern, "models", "check", f"{name}/1", "bias_audit", "--reason", "x", folder=gated).returncode == 2
    assert done(quern, "models", "check", f"{name}/1", "bias_audit", "--passed", "--reason", "gap 0.01", folder=gated).returncode == 0

    second = done(quern, "run", "--until", "register", folder=gated)
    assert second.returncode == 0, second.stderr[-500:]
    listed = json.loads(done(quern, "models", "--json", folder=gated).stdout)["versions"][0]
    assert listed["aliases"] == ["challenger", "champion"]
    third = done(quern, "run", "--until", "register", folder=gated)
    assert third.returncode == 0 and "0 ran" not in third.stderr


def test_mlflow_meets_the_same_gate_and_the_log_is_whole(quern, gated, name, tmp_path):
    server = quern_server(quern, Store(gated))
    try:
        client = mlflow.MlflowClient(tracking_uri=server.url, registry_uri=server.url)
        version = client.create_model_version(name, "s3://bucket/model").version
        with pytest.raises(mlflow.exceptions.MlflowException) as refused:
            client.set_registered_model_alias(name, "champion", version)
        assert refused.value.error_code == "INVALID_STATE"
        assert "is not measured yet" in str(refused.value)
        client.set_registered_model_alias(name, "trial", version)

        base = f"{server.url}/api/2.0/quern/models/{name}"
        url = f"{base}/versions/{version}"
        nobody = requests.post(url + "/approve", json={"reason": "fine"}, timeout=30)
        assert nobody.status_code == 400 and "who says so is missing" in nobody.json()["message"]
        assert requests.post(url + "/reject", json={"reason": "leaks", "actor": "eve"}, timeout=30).status_code == 200
        gate = requests.get(url + "/gate", timeout=30).json()
        assert not gate["open"] and gate["reviews"][0]["verdict"] == "rejected"
        assert requests.post(f"{base}/versions/77/approve", json={"reason": "x", "actor": "eve"}, timeout=30).status_code == 404

        alias = f"{server.url}/api/2.0/mlflow/registered-models/alias"
        asked = {"name": name, "alias": "champion", "version": version, "force": True}
        assert requests.post(alias, json=asked, timeout=30).status_code == 400  # no reason
        assert requests.post(alias, json=asked | {"reason": "the old one is down"}, timeout=30).status_code == 200
        assert client.get_model_version_by_alias(name, "champion").version == version
        client.set_registered_model_alias(name, "champion", 1)  # going back never waits

        log = requests.get(base + "/log", timeout=30).json()
        changes = [entry["change"] for entry in log["log"]]
        assert f"version {version} override champion" in changes
        assert log["checked"]["chained"] >= len(changes)
        assert [entry["sequence"] for entry in log["log"]] == sorted(entry["sequence"] for entry in log["log"])
        assert requests.get(f"{server.url}/api/2.0/quern/models/nobody/log", timeout=30).status_code == 404
    finally:
        server.stop()
    shown = done(quern, "models", "log", name, folder=gated)
    assert shown.returncode == 0 and "records are as they were written" in shown.stdout
    with sqlite3.connect(gated / ".quern" / "quern.db") as database:
        database.execute("UPDATE registry_log SET reason = 'fine' WHERE change LIKE '%override%'")
    broken = done(quern, "models", "log", name, folder=gated)
    assert broken.returncode == 2
    assert "is not what was written" in broken.stderr


def test_what_a_policy_cannot_ask_for_is_named_with_its_place(quern, gated, tmp_path):
    text = (gated / "quern.yaml").read_text().replace(POLICY, "")
    for policy, said in [("registry: {champion: {reviewer: me}}", "reviewer"),
                         ("registry: {champion: {}}", "asks for nothing"),
                         ("registry: {champion: {reviewers: other}}", "reviewers")]:
        folder = tmp_path / "bad"
        shutil.copytree(gated, folder, symlinks=True, dirs_exist_ok=True)
        (folder / "quern.yaml").write_text(text + policy + "\n")
        refused = done(quern, "plan", folder=folder)
        assert refused.returncode == 2 and said in refused.stderr and "quern.yaml:" in refused.stderr


def test_a_card_and_a_comparison_say_what_the_store_knows(quern, gated, name, tmp_path):
    page = tmp_path / "card.html"
    assert done(quern, "models", "card", f"{name}/1", "--format", "html", "-o", page, folder=gated).returncode == 0
    text = page.read_text()
    assert "<script" not in text and "http" not in re.sub(r"<meta http-equiv", "", text)
    assert "physician on duty" in text
    card = json.loads(done(quern, "models", "card", f"{name}/1", "--json", folder=gated).stdout)
    metrics = card["quantitative_analysis"]["performance_metrics"]
    whole = {m["type"]: float(m["value"]) for m in metrics if m["slice"] == ""}
    assert whole["roc_auc"] > 0.8
    assert any(m["slice"].startswith("sex = ") and "confidence_interval" in m for m in metrics)
    assert card["model_parameters"]["data"][0]["snapshot"]
    assert {"data_owner", "fairness"} <= {one["key"] for one in card["open"]}

    server = quern_server(quern, Store(gated))
    try:
        base = f"{server.url}/api/2.0/quern/models/{name}"
        assert requests.get(base + "/versions/1/card", timeout=30).json() == card
        shown = requests.get(base + "/versions/1/card?format=html", timeout=30)
        assert shown.text == text and "default-src 'none'" in shown.headers["Content-Security-Policy"]
        assert requests.get(base + "/versions/1/card?format=pdf", timeout=30).status_code == 400
        assert requests.get(base + "/versions/99/card", timeout=30).status_code == 404
        compared = requests.get(base + "/compare?a=1&b=2", timeout=30).json()
        sections = {row["section"] for row in compared["rows"]}
        assert {"version", "metrics", "parameters", "data"} <= sections
        assert not any(row["same"] for row in compared["rows"])
        assert requests.get(base + "/compare?a=1", timeout=30).status_code == 400
    finally:
        server.stop()
    table = done(quern, "models", "compare", f"{name}/1", f"{name}/2", folder=gated)
    assert table.returncode == 0 and "metrics: roc_auc" in table.stdout


def test_who_acts_and_why_is_said_in_mlflows_calls_too(quern, tmp_path):
    server = quern_server(quern, Store(tmp_path / "store"))
    try:
        def order(method, call, **body):
            return requests.request(method, f"{server.url}/api/2.0/mlflow/{call}", json=body, auth=("ada", "x"), timeout=30)

        assert order("POST", "registered-models/create", name="m").status_code == 200
        for source in ("s3://b/1", "s3://b/2"):
            assert order("POST", "model-versions/create", name="m", source=source, actor="grace").status_code == 200
        assert order("POST", "registered-models/alias", name="m", alias="a", version="1", actor="grace", reason="first").status_code == 200
        assert order("DELETE", "registered-models/alias", name="m", alias="a", actor="grace", reason="no more").status_code == 200
        assert order("DELETE", "model-versions/delete", name="m", version="1", reason="leaks").status_code == 200
        assert order("POST", "registered-models/rename", name="m", new_name="n", actor="grace", reason="clearer").status_code == 200
        log = requests.get(f"{server.url}/api/2.0/quern/models/n/log", timeout=30).json()["log"]
        said = [(entry["change"], entry["actor"], entry["reason"]) for entry in log if entry["change"] not in ("model created", "version")]
        assert said == [("alias a", "grace (unverified)", "first"), ("alias a", "grace (unverified)", "no more"),
                        ("version deleted", "ada (unverified)", "leaks; it was s3://b/1"), ("model renamed", "grace (unverified)", "clearer")]
        for wrong in ({"actor": 7}, {"actor": "x" * 5001}, {"reason": "x" * 5001}, {"reason": ["x"]}):
            refused = order("POST", "registered-models/alias", name="n", alias="a", version="2", **wrong)
            assert refused.status_code == 400 and next(iter(wrong)) in refused.json()["message"], refused.text
        assert requests.get(f"{server.url}/api/2.0/quern/registry/log", timeout=30).json() == {
            "whole": True, "chained": len(log), "unchained": 0, "problem": None}
        with sqlite3.connect(tmp_path / "store" / ".quern" / "quern.db") as database:
            database.execute("UPDATE registry_log SET reason = 'fine' WHERE sequence = 3")
        state = requests.get(f"{server.url}/api/2.0/quern/registry/log", timeout=30)
        assert state.status_code == 200 and not state.json()["whole"]
        assert state.json()["problem"] == "record 3 of the registry's log is not what was written"
    finally:
        server.stop()


def policy_of(server, name, alias, status=200, **body):
    answer = requests.put(f"{server.url}/api/2.0/quern/models/{name}/policies/{alias}", json=body, timeout=60)
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.parametrize("body, words", [
    ({"policy": {"reviewer": "other"}, "actor": "ada"}, "'reason'"),
    ({"policy": {"reviewer": "other"}, "reason": "x"}, "name yourself"),
    ({"policy": {"reviewer": "other"}, "reason": " ", "actor": "ada"}, "reason"),
    ({"reason": "x", "actor": "ada"}, "'policy' is missing"),
    ({"policy": {"key_metrics": ["roc_auc"]}, "reason": "x", "actor": "ada"}, "roc_auc"),
    ({"policy": {"rewiewer": "other"}, "reason": "x", "actor": "ada"}, "rewiewer"),
])
def test_a_policy_that_is_none_is_refused(server, body, words):
    requests.post(f"{server.url}/api/2.0/mlflow/registered-models/create", json={"name": "alone"}, timeout=60)
    assert words in policy_of(server, "alone", "champion", 400, **body)["message"]


def test_one_alias_is_asked_for_more_by_a_person(server):
    requests.post(f"{server.url}/api/2.0/mlflow/registered-models/create", json={"name": "asked"}, timeout=60)
    policy_of(server, "asked", "trial", policy={"checks": ["a"]}, reason="one", actor="ada")
    kept = policy_of(server, "asked", "champion", policy={"reviewer": "other"}, reason="after the incident", actor="grace")
    assert [one["alias"] for one in kept["policies"]] == ["champion", "trial"]
    log = requests.get(f"{server.url}/api/2.0/quern/models/asked/log", timeout=60).json()["log"]
    assert (log[-1]["change"], log[-1]["actor"], log[-1]["reason"]) == ("policy champion", "grace (unverified)", "after the incident")
    gone = policy_of(server, "asked", "trial", policy={}, reason="not needed", actor="ada")
    assert [one["alias"] for one in gone["policies"]] == ["champion"]
    assert policy_of(server, "nobody", "champion", 404, policy={"reviewer": "any"}, reason="x", actor="ada")["error_code"] == "RESOURCE_DOES_NOT_EXIST"


def test_a_declared_policy_is_changed_where_it_is_declared(quern, gated, name):
    server = quern_server(quern, Store(gated))
    try:
        file = gated / "quern.yaml"
        line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if text.startswith("registry:"))
        refused = policy_of(server, name, "champion", 400, policy={"reviewer": "any"}, reason="x", actor="ada")
        assert refused["error_code"] == "INVALID_STATE"
        assert f"{file}:{line}" in refused["message"] and "registry:" in refused["message"]
        view = requests.get(f"{server.url}/api/2.0/quern/models/{name}", timeout=60).json()
        assert view["policies_at"] == {"where": f"{file}:{line}:1", "problem": None}
        # Another model of the same store is nobody's project.
        requests.post(f"{server.url}/api/2.0/mlflow/registered-models/create", json={"name": "other"}, timeout=60)
        policy_of(server, "other", "champion", policy={"reviewer": "any"}, reason="x", actor="ada")
        # Nobody knows whose the file is while it cannot be read.
        text = file.read_text()
        file.write_text(text + "\n  : [")
        assert "quern.yaml" in policy_of(server, "other", "champion", 400, policy={}, reason="x", actor="ada")["message"]
        assert requests.get(f"{server.url}/api/2.0/quern/models/other", timeout=60).json()["policies_at"]["problem"]
        file.write_text(text)
    finally:
        server.kill()


@pytest.mark.parametrize("place", ["quern", "mlflow"])
def test_what_an_alias_asks_for_is_told_and_set_at_a_server(quern, gated, name, tmp_path, place):
    """`quern models policy` of a project whose registry is a server; one that knows no gates says so."""
    server = quern_server(quern, Store(tmp_path / "store")) if place == "quern" else mlflow_server(tmp_path)
    try:
        for model in ("ward", name):
            requests.post(f"{server.url}/api/2.0/mlflow/registered-models/create", json={"name": model}, timeout=60).raise_for_status()
        project = tmp_path / "tracked"
        project.mkdir()
        text = (gated / "quern.yaml").read_text()
        (project / "quern.yaml").write_text(text + f'\ntracking: {{server: "{server.url}"}}\n')
        asked = ["models", "policy", "ward", "champion", "--key-metric", "roc_auc >= 0.85", "--reviewer", "other", "--reason", "after the audit", "--json"]
        if place == "mlflow":
            refused = done(quern, *asked, folder=project)
            assert refused.returncode == 2 and "knows no gates" in refused.stderr
            assert json.loads(done(quern, "models", "policy", "ward", "--json", folder=project).stdout)["policies"] == []
            return
        kept = {"alias": "champion", "policy": {"key_metrics": ["roc_auc >= 0.85"], "reviewer": "other", "checks": []}}
        assert json.loads(done(quern, *asked, folder=project).stdout) == {"name": "ward", "policies": [kept], "declared_at": None}
        assert requests.get(f"{server.url}/api/2.0/quern/models/ward/policies", timeout=60).json()["policies"] == [kept]
        log = requests.get(f"{server.url}/api/2.0/quern/models/ward/log", timeout=60).json()["log"]
        assert (log[-1]["change"], log[-1]["reason"]) == ("policy champion", "after the audit") and "@" in log[-1]["actor"]
        cleared = done(quern, "models", "policy", "ward", "champion", "--clear", "--reason", "over", "--actor", "bob", folder=project)
        assert cleared.stdout == "ward@champion asks for nothing: it moves freely\n"
        # The project's own model has them in the project's file, wherever its registry is.
        line = next(n for n, one in enumerate(text.splitlines(), 1) if one.startswith("registry:"))
        refused = done(quern, "models", "policy", name, "champion", "--clear", "--reason", "x", folder=project)
        assert refused.returncode == 2 and f"./quern.yaml:{line}:1" in refused.stderr
        shown = done(quern, "models", "policy", name, folder=project).stdout
        assert f"{name}@champion asks for" in shown and f"declared in ./quern.yaml:{line}:1" in shown
    finally:
        server.kill()
