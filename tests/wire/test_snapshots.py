"""Two snapshots of a source compared, and what runs keep of the code: over projects that really run."""

import json
import shutil
import sqlite3
import subprocess

import numpy as np
import pytest
import requests
from scipy import stats

from wire.tracking_servers import Store, quern_server
from wire.visits import YAML, make, run, table


@pytest.fixture(scope="module")
def project(quern, tmp_path_factory):
    return make(quern, tmp_path_factory.mktemp("visits"))


@pytest.fixture(scope="module")
def server(quern, project):
    process = quern_server(quern, Store(project))
    yield process
    process.kill()


def ask(server, path, status=200, **args):
    answer = requests.get(f"{server.url}/api/2.0/quern/{path}", params=args, timeout=60)
    assert answer.status_code == status, answer.text[:500]
    return answer.json()


@pytest.fixture(scope="module")
def pair(server):
    newest, oldest = (one["digest"] for one in ask(server, "data/visits")["snapshots"])
    return {"before": oldest, "after": newest}


def ages(first, shift):
    return np.array([float(line.split(",")[1]) for line in table(first, shift, False).splitlines()[1:] if line.split(",")[1]])


def test_rows_columns_drift_and_checks_of_both(server, pair):
    view = ask(server, "data/visits/compare", **pair)
    assert (view["before"]["rows"], view["after"]["rows"]) == (1000, 900)
    changes = {one["column"]: (one["change"], one["before"], one["after"]) for one in view["columns"]}
    assert changes["weight"] == ("added", None, "number")
    assert {name for name, (change, _, _) in changes.items() if change == "same"} == {"id", "age", "sex", "ill"}
    rows = view["rows"]
    before, after = (dict(line.split(",", 1) for line in table(first, shift, extra=False).splitlines()[1:]) for first, shift in ((0, 0), (100, 15)))
    changed = sum(1 for key in after if before[key] != after[key])
    assert (rows["added"], rows["removed"], rows["changed"], rows["by"]) == (0, 100, changed, "key")
    assert view["problem"] is None
    drift = {one["column"]: one for one in view["drift"]["columns"]}
    assert "id" not in drift and drift["age"]["drifted"] and not drift["sex"]["drifted"]
    test = drift["age"]["tests"][0]
    assert test["name"] == "ks"
    expected = stats.ks_2samp(ages(0, 0), ages(100, 15))
    assert test["statistic"] == pytest.approx(expected.statistic, abs=1e-9)
    missing = drift["age"]["missing"]
    assert missing["reference"] == pytest.approx(50 / 1000) and missing["current"] == pytest.approx(45 / 900)
    profile = {side: next(one for one in view[side]["profile"] if one["name"] == "age") for side in pair}
    assert profile["after"]["mean"] == pytest.approx(ages(100, 15).mean())
    share = {side: view[side]["validate"]["checks"][0]["share"] for side in pair}
    assert share["before"] == pytest.approx(np.mean((ages(0, 0) < 18) | (ages(0, 0) > 90)))
    assert share["after"] == pytest.approx(np.mean((ages(100, 15) < 18) | (ages(100, 15) > 90)))


def test_a_beginning_of_a_digest_will_do_and_the_same_is_the_same(server, pair):
    view = ask(server, "data/visits/compare", before=pair["after"][:12], after=pair["after"][:12])
    assert view["rows"]["added"] == view["rows"]["removed"] == view["rows"]["changed"] == 0
    assert view["drift"]["dataset"]["drifted_columns"] == 0


def test_what_is_not_there_is_said(server, pair):
    assert "before" in ask(server, "data/visits/compare", 400, after=pair["after"])["message"]
    assert "no snapshot 'ffff'" in ask(server, "data/visits/compare", 404, before="ffff", after=pair["after"])["message"]
    assert "no snapshot" in ask(server, "data/other/compare", 404, **pair)["message"]


def test_without_its_rows_a_snapshot_still_has_its_profile(quern, project, pair, tmp_path):
    folder = shutil.copytree(project, tmp_path / "visits", symlinks=True)
    with sqlite3.connect(folder / ".quern" / "quern.db") as db:
        for (record,) in db.execute("SELECT record FROM step_results WHERE step = 'ingest:visits'").fetchall():
            ingest = json.loads(record)
            if ingest["digest"] == pair["before"]:
                (folder / ".quern" / ingest["snapshot"]).unlink()
    process = quern_server(quern, Store(folder))
    try:
        view = ask(process, "data/visits/compare", **pair)
    finally:
        process.kill()
    assert view["rows"] is None and view["drift"] is None
    assert f"the rows of snapshot {pair['before'][:12]} are gone" in view["problem"]
    assert view["before"]["profile"] and view["before"]["validate"]["checks"]


@pytest.mark.parametrize("keep", [True, False])
def test_a_run_keeps_how_the_code_differs_from_its_commit(quern, tmp_path, keep):
    folder = tmp_path / "visits"
    folder.mkdir()

    def git(*words):
        return subprocess.run(["git", "-C", folder, "-c", "user.name=me", "-c", "user.email=me@example.org", *words],
                              check=True, capture_output=True, text=True).stdout.strip()

    text = YAML % "key: id" + ("" if keep else "tracking: {git_diff: false}\n")
    (folder / "quern.yaml").write_text(text)
    (folder / "visits.csv").write_text(table(0, 0, extra=False))
    (folder / ".gitignore").write_text(".quern/\nquern.lock\n")
    git("init", "-b", "trunk")
    git("add", ".")
    git("commit", "-m", "first")
    git("remote", "add", "origin", "https://me:secret@example.org/team/visits.git")
    (folder / "quern.yaml").write_text(text.replace("folds: 2", "folds: 3"))
    run(quern, folder, "--until", "train")
    with sqlite3.connect(folder / ".quern" / "quern.db") as db:
        tags = {}
        for number, key, value in db.execute("SELECT run, key, value FROM run_tags WHERE key LIKE 'mlflow.source.git.%'"):
            tags.setdefault(number, {})[key.removeprefix("mlflow.source.git.")] = value
    parent, *trials = (tags[number] for number in sorted(tags))
    for one in (parent, *trials):
        assert (one["commit"], one["branch"], one["repoURL"], one["dirty"]) == (
            git("rev-parse", "HEAD"), "trunk", "https://example.org/team/visits.git", "true")
    assert trials and all("diff" not in one for one in trials)
    assert ("diff" in parent) == keep
    if keep:
        assert "folds: 3" in parent["diff"] and parent["diff"].strip() == git("diff", "HEAD")
