"""Orders on the serving and pipeline pages, in a real browser over a real server and real model servers."""

import re
import shutil
import subprocess
import sys

import pytest
import requests
from pages import check_quiet, flow, needs_browser

from wire.model_server import pictures_model
from wire.tracking_servers import Store, quern_server
from wire.whole_story import ROW

pytestmark = needs_browser


@pytest.fixture
def project(two_versions, tmp_path):
    return shutil.copytree(two_versions, tmp_path / "heart", symlinks=True)


@pytest.fixture
def page(quern, project):
    server = quern_server(quern, Store(project))
    yield server.url
    server.kill()


def test_a_release_is_started_paused_promoted_and_rolled_back(page, serve):
    serve()
    seen = flow("release", page)
    check_quiet(seen)
    assert seen["inDialog"] == [] and seen["violations"] == []
    assert seen["asked"].startswith("Version 2 of heart gets a share of the requests")
    assert seen["inStep"] == ["Promote…", "Pause…", "Change the share…", "Roll back…"]
    assert seen["paused"] == ["Resume…", "Promote…", "Change the share…", "Roll back…"]
    assert seen["promoted"] == ["Let the old version go…", "Roll back…"]
    mine = [line for line in seen["log"] if "by ada (unverified)" in line]
    for words in ("rolled back by order: the ward complains", "promoted by order: good enough", "weight set from 20 to 35 %", "resumed", "paused by order: wait for ward 7"):
        assert any(words in line for line in mine), (words, mine)


def test_a_closed_gate_is_shown_item_by_item(page, serve):
    serve()
    requests.put(f"{page}/api/2.0/quern/models/heart/policies", timeout=60,
                 json={"policies": {"champion": {"reviewer": "other", "checks": ["bias_audit"]}}}).raise_for_status()
    seen = flow("gated", page)
    assert len(seen["refusal"]) == 2 and all(line.startswith("○ missing") for line in seen["refusal"])
    assert seen["refused"] == [] and seen["needsReason"]
    assert [line for line in seen["log"] if "promoted by order: the ward cannot wait" in line and "by eve" in line]
    # The browser tells of the refusal itself, and of nothing else.
    assert len(seen["messages"]) == 1 and "400" in seen["messages"][0]


def test_what_is_wrong_with_a_release_stays_in_the_dialog(page, serve):
    serve()
    said = flow("wrong", page)["said"]
    assert '"a lot" is no share' in said[0] and "steps" in said[1] and "no JSON" in said[2] and "judge.alpha" in said[3]


def test_a_model_is_asked_by_hand(page, serve, project, tmp_path):
    running = serve()
    seen = flow("ask", page)
    check_quiet(seen)
    assert seen["violations"] == []
    assert seen["fields"][:3] == ["age", "sex", "cp"] and seen["filled"] == "63"
    answer = seen["answer"]
    assert answer["label"] in ("0", "1") and [s.split()[0] for s in answer["scores"][:2]] == ["0", "1"]
    assert len(answer["reasons"]) == 6 and answer["reasons"][5].endswith(answer["reasons"][5].split()[-1])
    assert re.search(r"Version 1, in [\d.]+ ms; request page-[0-9a-f]{12}, kept as prediction page-[0-9a-f]{12}-0", answer["foot"])
    assert [said for said, _ in seen["problems"]][:5] == ['"old" is no number', "NaN is no value: leave the field empty if it is not known",
                                                         "-inf is no value: leave the field empty if it is not known", "1e999 is too large", '"1,5" is no number']
    assert all(disabled for _, disabled in seen["problems"])
    assert "The model server answers 400" in seen["said"] and "age" in seen["said"]
    # The commands run as they stand, and get the answer that the page got.
    shell, python = seen["commands"]
    (tmp_path / "ask.py").write_text(python)
    by_shell = subprocess.run(["bash", "-ec", shell], capture_output=True, text=True, timeout=60)
    by_python = subprocess.run([sys.executable, tmp_path / "ask.py"], capture_output=True, text=True, timeout=60)
    assert '"model_version":"1"' in by_shell.stdout and "'model_version': '1'" in by_python.stdout, by_shell.stderr + by_python.stderr
    assert running.url in shell


def test_live_counts_and_a_server_that_goes_away(page, serve):
    running = serve()
    seen = flow("traffic", page, model=running.url, pid=running.process.pid, row={"dataframe_records": [ROW]})
    assert seen["status"] == 200 and re.search(r"heart v1 .* 20 0 ", seen["row"][0]), seen["row"]
    check_quiet(seen)
    assert seen["form"] == 0


def test_a_model_of_tensors_is_asked_by_json(page, serve, tmp_path):
    serve(model=f"pictures={pictures_model(tmp_path / 'pictures.onnx')}")
    seen = flow("tensors", page)
    check_quiet(seen)
    assert seen["violations"] == []
    assert '"shape": [1, 2, 2]' in seen["frame"] and "[20]" in seen["answer"]


def test_a_run_is_started_followed_and_cancelled(page):
    seen = flow("run", page)
    check_quiet(seen)
    assert seen["inDialog"] == [] and seen["violations"] == []
    assert "quern run in the folder of heart" in seen["says"]
    assert "ada (unverified)" in seen["done"]["said"] and "done evaluate" in re.sub(r" +", " ", seen["done"]["log"])
    assert "steps to do" in seen["live"] and "cancelled by ada (unverified)" in seen["cancelled"]


def test_where_no_run_may_be_started_the_page_says_why(quern, project):
    server = quern_server(quern, Store(project), "--no-allow-run")
    seen = flow("forbidden", server.url)
    server.kill()
    check_quiet(seen)
    assert seen["buttons"] == 0 and "--no-allow-run" in seen["said"] and seen["violations"] == []
