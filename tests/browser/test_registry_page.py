"""What people decide on the pages of registered models, in a real browser over a real server."""

import json
import shutil
import sqlite3
import subprocess

import pytest
import requests
import yaml
from pages import check_look, check_quiet, flow, needs_browser

from wire.tracking_servers import Store, quern_server

pytestmark = needs_browser

HOSTILE = "<b>bold<b> \u202eevil\u202c"
POLICY = {"key_metrics": ["roc_auc >= 0.85"], "reviewer": "other", "checks": ["bias_audit"]}


class Registry:
    """Fills a server as clients do: ada trains and registers, with a policy for champion."""

    def __init__(self, url):
        self.url = url
        self.experiment = self.post("experiments/create", {"name": "training"})["experiment_id"]

    def post(self, call, body):
        answer = requests.post(f"{self.url}/api/2.0/mlflow/{call}", json=body, auth=("ada", "none"), timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def model(self, name, *scores):
        self.post("registered-models/create", {"name": name})
        for score in scores:
            run = self.post("runs/create", {"experiment_id": self.experiment, "start_time": 1})["run"]["info"]["run_id"]
            self.post("runs/log-batch", {"run_id": run, "metrics": [{"key": "roc_auc", "value": score, "timestamp": 1, "step": 0}],
                                         "params": [{"key": "depth", "value": str(int(score * 10))}]})
            self.post("model-versions/create", {"name": name, "source": f"s3://bucket/{score}", "run_id": run})
        answer = requests.put(f"{self.url}/api/2.0/quern/models/{requests.utils.quote(name, safe='')}/policies", timeout=60,
                              json={"policies": {"champion": POLICY}, "actor": "ada"})
        assert answer.status_code == 200, answer.text

    def version_by_alias(self, name, alias):
        answer = requests.get(f"{self.url}/api/2.0/mlflow/registered-models/alias", params={"name": name, "alias": alias}, timeout=60)
        return answer.json()["model_version"]["version"] if answer.status_code == 200 else None

    def log(self, name):
        return requests.get(f"{self.url}/api/2.0/quern/models/{requests.utils.quote(name, safe='')}/log", timeout=60).json()["log"]


@pytest.fixture(scope="module")
def registry(quern, tmp_path_factory):
    process = quern_server(quern, Store(tmp_path_factory.mktemp("registry") / "store"))
    yield Registry(process.url)
    process.kill()


def path(name, version):
    return f"/models/{requests.utils.quote(name, safe='')}/versions/{version}"


def test_another_person_opens_the_gate_and_the_alias_moves(registry):
    registry.model("heart", 0.9)
    seen = flow("approve", registry.url, path=path("heart", 1))
    check_quiet(seen)
    assert seen["inDialog"] == [] and seen["violations"] == []
    assert "You vouch for version 1 of heart" in seen["asked"] and "Your name" in seen["asked"]
    assert seen["able"] == [True, False]
    assert [line.split()[1] for line in seen["before"]] == ["passed", "missing", "missing"]
    assert any("approved by its author alone, ada" in line for line in seen["own"])
    assert "grace" in seen["shown"] and "grace" in seen["kept"]
    assert all("passed" in line for line in seen["after"])
    assert any("gap of 0.01, report 12" in line and "grace (unverified)" in line for line in seen["said"])
    assert any("alias champion" in line and "better on every group" in line and "grace" in line for line in seen["log"])
    assert seen["chain"].strip().split("\n")[0].endswith("chain whole") or "chain whole" in seen["chain"]
    assert registry.version_by_alias("heart", "champion") == "1"


def test_a_closed_gate_is_listed_and_an_override_stays_in_the_log(registry):
    registry.model("lungs", 0.5)
    seen = flow("override", registry.url, path=path("lungs", 1), does="Set the alias")
    assert seen["dialogs"] == 0 and seen["outside"] == []
    assert seen["refused"] == ["400 /ajax-api/2.0/mlflow/registered-models/alias"]
    assert seen["inRefusal"] == []
    assert "version 1 may not be champion yet" in seen["refusal"]
    assert [line.split()[1] for line in seen["items"]] == ["failed", "missing", "missing"]
    assert "although its gate is closed" in seen["warned"] and seen["able"]
    assert any("override champion" in line and "the old one is down" in line and "eve (unverified)" in line for line in seen["log"])
    assert any("gate overridden" in line for line in seen["said"])
    assert "although something is missing: overridden by eve" in seen["gate"]
    assert registry.version_by_alias("lungs", "champion") == "1"
    assert [entry["change"] for entry in registry.log("lungs")][-2:] == ["version 1 override champion", "alias champion"]


def test_a_model_is_tended_renamed_and_deleted(registry):
    registry.model("old", 0.9, 0.8)
    registry.post("registered-models/alias", {"name": "old", "alias": "trial", "version": "2"})
    seen = flow("tend", registry.url, path="/models/old", name=HOSTILE)
    check_quiet(seen)
    assert seen["violations"] == []
    assert "models:/old" in seen["warned"]
    assert seen["head"] == HOSTILE and seen["at"] == "/models"
    assert "<img src=x onerror=alert(1)>" in " ".join(seen["tags"])
    log = registry.log(HOSTILE)
    assert {entry["actor"] for entry in log if entry["change"] in ("alias trial", "model renamed", "description", "tag team")} == {"grace (unverified)", "ada (unverified)"}
    renamed, = [entry for entry in log if entry["change"] == "model renamed"]
    assert renamed["reason"] == "clearer" and renamed["before"] == "old"
    assert log[-1]["change"] == "model deleted"


def test_what_the_server_refuses_is_said_in_the_dialog(registry):
    registry.model("liver", 0.9)
    seen = flow("refused", registry.url, path=path("liver", 1))
    assert seen["dialogs"] == 0
    long, conflict, away, gone = seen["answers"]
    assert "the reason is no text of at most 5000 bytes" in long or "'reason' is no text" in long
    assert "somebody else was first" in conflict and "the database does not answer" in away
    assert "The server does not answer." in gone
    assert seen["kept"] == "short" and seen["focus"] == "Approve"
    assert any("short" in line and "<img src=x" in line for line in seen["said"])


def test_a_version_is_deleted_by_keys(registry):
    registry.model("skin", 0.7, 0.8)
    seen = flow("deleteVersion", registry.url, path=path("skin", 1), to="/models/skin")
    check_quiet(seen)
    assert "its number never comes back" in seen["warned"]
    assert seen["versions"] == ["v2"]


def test_what_an_alias_asks_for_is_changed(registry):
    registry.model("ribs", 0.9)
    seen = flow("policy", registry.url, path="/models/ribs")
    assert seen["refused"] and seen["inDialog"] == [] and seen["dialogs"] == 0
    assert "roc_auc" in seen["refused"]
    assert any("roc_auc >= 0.7; f1 >= 0.5; a reviewer other than the author; check bias_audit; check load test" in line for line in seen["kept"])
    assert not any("trial" in line for line in seen["after"])
    mine = [line for line in seen["log"] if "grace (unverified)" in line]
    assert any("after the incident" in line for line in mine) and any("nobody uses it" in line for line in mine)
    policies = requests.get(f"{registry.url}/api/2.0/quern/models/ribs/policies", timeout=60).json()["policies"]
    assert policies == [{"alias": "champion", "policy": {"key_metrics": ["roc_auc >= 0.7", "f1 >= 0.5"], "reviewer": "other", "checks": ["bias_audit", "load test"]}}]


def test_a_policy_of_a_project_is_changed_in_its_file(quern, trained, tmp_path):
    folder = shutil.copytree(trained, tmp_path / "heart", symlinks=True)
    before = (folder / "quern.yaml").read_bytes()
    process = quern_server(quern, Store(folder))
    try:
        seen = flow("declared", process.url, path="/models/heart")
        check_quiet(seen)
        assert seen["violations"] == [] and seen["buttons"] == ["Done"]
        assert f"{folder}/quern.yaml:" in seen["says"]
        assert yaml.safe_load(seen["yaml"]) == {"registry": {"champion": {"key_metrics": True, "reviewer": "other", "checks": ["bias_audit", "true"]}}}
        assert (folder / "quern.yaml").read_bytes() == before
        # What it says runs as it stands.
        file = folder / "quern.yaml"
        assert b"\nregistry:" not in before
        file.write_text(f"{before.decode()}\n{seen['yaml']}\n")
        gate = subprocess.run([quern, "models", "gate", "heart/1", "--json"], cwd=folder, capture_output=True, text=True, timeout=60)
        assert {item["kind"] for item in json.loads(gate.stdout)["items"]} == {"key_metric", "reviewer", "check"}
    finally:
        process.kill()


def test_the_card_is_shown_in_a_frame_and_as_files(registry):
    registry.model(HOSTILE, 0.9)
    seen = flow("card", registry.url, path=path(HOSTILE, 1))
    check_quiet(seen)
    assert seen["violations"] == [] and seen["inFrame"] == []
    assert seen["title"] == f"{HOSTILE}, version 1"
    assert "Considerations" not in seen["sections"] and "Quantitative analysis" in seen["sections"]
    for link, kind in zip(seen["links"], ["text/html", "text/markdown", "application/json"], strict=True):
        assert requests.get(registry.url + link["href"], timeout=60).headers["Content-Type"].startswith(kind)


@pytest.mark.parametrize("width, theme", [(1440, "dark"), (400, "light")])
def test_pages_with_hostile_names_are_quiet_and_accessible(registry, width, theme):
    name = HOSTILE + f" {width}"
    registry.model(name, 0.9, 0.8)
    for address in (f"/models/{requests.utils.quote(name, safe='')}", path(name, 1)):
        seen = flow("look", registry.url, path=address, width=width, theme=theme)
        check_look(seen)


def test_rows_that_are_not_known_are_said(registry):
    registry.model("brain", 0.9, 0.8, 0.7)
    two = flow("versions", registry.url, path=f"/models/brain/compare?versions={json.dumps(['1', '2'])}")
    check_quiet(two)
    assert two["violations"] == []
    assert any(line.startswith("Metrics") and "It is not known whether" in line for line in two["groups"])
    assert any("ROC" in line and "worse, if the rows are the same" in line for line in two["lines"])
    three = flow("versions", registry.url, path=f"/models/brain/compare?versions={json.dumps(['1', '2', '3'])}")
    check_quiet(three)
    assert any(line.startswith("depth 9 8 7") for line in three["lines"])


def test_a_retrained_version_met_the_champion_on_the_same_rows(quern, story, tmp_path):
    folder = shutil.copytree(story, tmp_path / "heart", symlinks=True)
    process = quern_server(quern, Store(folder))
    try:
        seen = flow("versions", process.url, path=f"/models/heart/compare?versions={json.dumps(['1', '2'])}")
        check_quiet(seen)
        assert seen["violations"] == []
        assert seen["panels"] == ["On the same rows"]
        assert "rows set aside of batch hungarian" in seen["leads"][0] and "paired" in seen["leads"][1]
        metrics, = [line for line in seen["groups"] if line.startswith("Metrics Measured")]
        assert "held out of cleveland" in metrics and "rows set aside of batch hungarian" in metrics
        assert any("ROC" in line and line.endswith("other rows") for line in seen["lines"])
        assert any(line.startswith("hungarian snapshot – ") for line in seen["lines"])
        card = requests.get(f"{process.url}/api/2.0/quern/models/heart/versions/2/card?format=md", timeout=60).text
        assert "no snapshot is known" not in card and "data: hungarian" in card
    finally:
        process.kill()


def test_a_log_that_was_changed_is_said(quern, tmp_path):
    process = quern_server(quern, Store(tmp_path / "store"))
    try:
        Registry(process.url).model("heart", 0.9)
        assert "chain whole" in flow("chain", process.url, path="/models/heart")["chain"]
        with sqlite3.connect(tmp_path / "store" / ".quern" / "quern.db") as database:
            database.execute("UPDATE registry_log SET actor = 'somebody else' WHERE sequence = 2")
        seen = flow("chain", process.url, path="/models/heart")
        check_quiet(seen)
        assert "chain broken" in seen["chain"] and "record 2 of the registry's log" in seen["chain"]
    finally:
        process.kill()
