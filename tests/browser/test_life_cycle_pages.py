"""The pages of the life cycle in a real browser, on the store of a whole run of examples/heart."""
import os
import re
import shutil
import subprocess

import pytest
import requests
from pages import check_quiet, flow, needs_browser

from wire.tracking_servers import Store, quern_server

# `PICTURES=FOLDER` keeps what was looked at.
PICTURES = os.environ.get("PICTURES")

pytestmark = needs_browser

PAGES = {"/": "heart", "/requirements": "Requirements", "/data": "Data", "/data/va": "va", "/pipeline": "Pipeline",
         "/pipeline?step=evaluate": "Pipeline", "/models": "Models", "/models/heart": "heart", "/models/heart/versions/1": "heart version 1",
         "/models/heart/versions/champion": "heart version 2", "/models/heart/compare?versions=%5B%221%22%2C%222%22%5D": "Versions of heart compared",
         "/serving": "Serving", "/monitoring": "Monitoring", "/lineage": "Lineage"}


@pytest.fixture(scope="module")
def server(quern, story, tmp_path_factory):
    folder = shutil.copytree(story, tmp_path_factory.mktemp("pages") / "heart", symlinks=True)
    process = quern_server(quern, Store(folder))
    yield process
    process.kill()


@pytest.fixture(scope="module")
def empty(quern, tmp_path_factory):
    process = quern_server(quern, Store(tmp_path_factory.mktemp("empty") / "store"))
    yield process
    process.kill()


def walk(server, *paths, width=1280, theme="light"):
    return flow("walk", server.url, paths=paths, width=width, theme=theme, pictures=PICTURES)["pages"]


def check_page(page):
    assert page["messages"] == [], page["path"]
    assert page["alerts"] == [], page["path"]
    assert page["overflow"] <= 0, page["path"]
    assert page["violations"] == [], page["path"]
    assert not re.search(r"\b(NaN|undefined|null|Invalid Date)\b|\[object", page["text"]), page["path"]


@pytest.mark.parametrize("width, theme", [(1440, "light"), (1440, "dark"), (400, "light"), (400, "dark")])
def test_every_page_is_whole_quiet_and_readable(server, width, theme):
    # The run made one of its own, from the first version to the second.
    releases = requests.get(f"{server.url}/api/2.0/quern/serving", timeout=60).json()["releases"]
    release, = [release for release in releases if release["stable"] == "2"]
    pages = {**PAGES, f"/serving/releases/{release['id']}": "heart: v2 → v1"}
    seen = walk(server, *pages, width=width, theme=theme)
    assert [page["headline"] for page in seen] == list(pages.values())
    for page in seen:
        check_page(page)
        assert len(page["current"]) == 1, page["path"]
    text = {page["path"]: page["text"] for page in seen}
    assert "Who must act" in text["/"] and "heart/2 is champion" in text["/"]
    assert "missed" in text["/requirements"] and "in va, by version 2" in text["/requirements"]
    assert "it had never run before" in text["/pipeline?step=evaluate"]
    assert "Against version 1, after hungarian" in text["/models/heart/versions/champion"]


def test_empty_pages_say_what_would_fill_them(empty):
    paths = ["/", "/requirements", "/data", "/pipeline", "/models", "/serving", "/monitoring", "/lineage"]
    for page in walk(empty, *paths, width=400):
        check_page(page)
        assert "quern" in page["text"] and len(page["text"]) > 80, page["path"]


def test_commands_for_a_newcomer_run_as_they_stand(quern, empty, tmp_path):
    page, = walk(empty, "/")
    whole, first = page["commands"]
    command, server = whole.rsplit("\n", 1)
    assert server.startswith("quern server --root first")
    environ = {**os.environ, "PATH": f"{quern.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-ec", command], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "first" / ".quern" / "report.html").exists()
    assert f"MLFLOW_TRACKING_URI={empty.url}" in first


def test_what_is_not_there_is_said(server):
    for page in walk(server, "/models/none", "/models/heart/versions/99", "/data/none", "/serving/releases/none", "/pipeline/none"):
        assert len(page["alerts"]) >= 1, page["path"]
        assert page["violations"] == []
        # The browser itself tells of the 404s.
        assert all("404" in message for message in page["messages"]), page["messages"]


def test_each_phase_is_a_click_from_its_page(server):
    seen = flow("phases", server.url)
    check_quiet(seen)
    assert seen["phases"] == ["Requirements", "Data", "Training", "Models", "Serving", "Monitoring", "Retraining"]
    assert seen["heads"] == ["Requirements", "Data", "Experiments", "Models", "Serving", "Monitoring", "Monitoring"]


def test_what_must_be_done_leads_to_what_it_is_about(server):
    seen = flow("tasks", server.url)
    check_quiet(seen)
    assert {"/data/hungarian", "/data/switzerland", "/data/va", "/monitoring?batch=va", "/requirements"} == set(seen["links"])


def test_a_model_server_is_a_command_away(server):
    page, = walk(server, "/serving")
    check_page(page)
    deployments = requests.get(f"{server.url}/api/2.0/quern/serving", timeout=60).json()["deployments"]
    version, = [deployment["version"] for deployment in deployments if deployment["state"] == "live"]
    # The same that stands on the version's page, which test_page_views.py runs.
    command, = page["commands"]
    assert command.startswith(f"quern serve 'heart/{version}' --root ")


def test_versions_are_picked_and_compared(server):
    seen = flow("pickVersions", server.url)
    check_quiet(seen)
    assert "pick=" in seen["picked"] and "versions=" in seen["compared"]
    assert seen["differing"] < seen["all"]
    assert seen["at"] == "/models/heart/versions/2"


def test_a_batch_is_picked_and_found_again(server):
    seen = flow("batch", server.url)
    check_quiet(seen)
    assert seen["first"] == "va in detail" and seen["again"] == "hungarian in detail"
    assert seen["picked"].endswith("batch=hungarian") and seen["drift"] >= 11
    assert "Promoted version 2" in seen["decision"]


def test_the_lineage_is_walked_by_keys(server):
    seen = flow("lineage", server.url)
    check_quiet(seen)
    assert 1 < seen["around"] < seen["all"] and "node=" in seen["at"]
    assert seen["kinds"] == ["model version"]
    # Who made it, when, from what, and what it led to.
    facts = dict(zip(*[iter(seen["facts"].split("\n"))] * 2, strict=False))
    assert "@" in facts["Made by"] and facts["When"].startswith("20") and facts["From"] == "source data/processed.va.data"
    assert "va scored by v2" in seen["facts"] and "nothing that is kept came before it" in seen["source"]


def test_evidence_leads_to_its_step(server):
    seen = flow("evidence", server.url)
    check_quiet(seen)
    assert seen["gates"] >= 4 and seen["at"].endswith("step=train") and seen["steps"] == 23


def test_a_release_tells_its_evidence(server):
    seen = flow("releaseEvidence", server.url)
    check_quiet(seen)
    assert "harm is proven" in seen["text"] and "by judge" in seen["text"] and "by ada" in seen["text"]


def test_changes_show_without_a_reload(server):
    seen = flow("live", server.url)
    check_quiet(seen)
    assert seen["status"] == 200 and "bold" not in seen["before"]
    assert "<b>bold" in seen["after"] and seen["bold"] == 0
