"""One wrong thing per project: exit code 2, the place, the value and a remedy, and nothing that looks like a crash."""

import dataclasses
import os
import pwd
import re
import resource
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from projects import call, check_no_crash, edit, write_small


@dataclasses.dataclass
class Bad:
    """How to spoil the small project, and what the message must have."""

    name: str
    spoil: Callable[[Path], None]
    # Patterns of the error's first line: the place (file:line:col where there is one) and the value.
    place: str
    value: str
    # A pattern of the `help:` line.
    hint: str = r"help: \S"


def yaml(old, new):
    return lambda folder: edit(folder / "quern.yaml", old, new)


def before_monitoring(lines):
    return yaml("monitoring:\n", lines + "monitoring:\n")


def lines_of(change):
    """Changes data.csv as a list of lines."""
    def spoil(folder):
        path = folder / "data.csv"
        path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")
    return spoil


def no_dose(lines):
    cells = [line.split(",") for line in lines[1:]]
    return [lines[0]] + [",".join([cell[0], "", *cell[2:]]) for cell in cells]


def latin1(folder):
    path = folder / "data.csv"
    path.write_bytes(path.read_text().replace(",a,", ",caf\xe9,").encode("latin-1"))


def cyclic(folder):
    edit(folder / "quern.yaml", "project: small\n", "include: [more.yaml]\nproject: small\n")
    (folder / "more.yaml").write_text("include: [quern.yaml]\n")


def newer_store(folder):
    (folder / ".quern").mkdir()
    with sqlite3.connect(folder / ".quern" / "quern.db") as store:
        store.execute("PRAGMA user_version=999")
    store.close()


YAML_AT = r"quern\.yaml:{}:{}: ".format
CASES = [
    Bad("unknown key", yaml("seed: 3", "sed: 3"), YAML_AT(9, 3), "'sed'", "did you mean 'seed'"),
    Bad("wrong type", yaml("seed: 3", "seed: often"), YAML_AT(9, 9), "'often'"),
    Bad("missing file", yaml("data.csv", "dta.csv"), YAML_AT(4, r"\d+"), r"dta\.csv"),
    Bad("target names unknown column", yaml("sick > 0", "sik > 0"), YAML_AT(7, 27), "'sik'", "did you mean 'sick'"),
    Bad("derived names unknown column", yaml("training:\n", 'features: {derived: {r: "agee * 2"}}\ntraining:\n'),
        YAML_AT(8, r"\d+"), "'agee'", "did you mean 'age'"),
    Bad("expectation names unknown column",
        yaml("training:\n", "  expectations:\n    - {column: agee, not_null: true}\ntraining:\n"),
        YAML_AT(9, r"\d+"), "'agee'", "did you mean 'age'"),
    Bad("expectation's expression names unknown column",
        yaml("training:\n", '  expectations:\n    - {expression: "agee > 0"}\ntraining:\n'),
        YAML_AT(9, r"\d+"), "'agee'", "did you mean 'age'"),
    Bad("slice names unknown column", before_monitoring("evaluation: {slices: {agee: }}\n"),
        YAML_AT(11, r"\d+"), "'agee'", "did you mean 'age'"),
    Bad("expression syntax", yaml("sick > 0", "sick > > 0"), YAML_AT(7, 34), "'>'"),
    Bad("yaml syntax", yaml("train: [base]", "train: [base"), YAML_AT(r"\d+", r"\d+"), ""),
    Bad("target with one class", yaml("sick > 0", "sick > 7"), YAML_AT(7, 27), "one class.*'0'"),
    Bad("column all missing", lines_of(no_dose), r"quern\.yaml", "'dose'", "data.ignore"),
    Bad("duplicate column", lines_of(lambda lines: [lines[0].replace("dose", "age")] + lines[1:]),
        r"data\.csv:1: ", "'age'"),
    Bad("more folds than rows of a class", before_monitoring("  cross_validation: {folds: 200}\n"),
        YAML_AT(11, r"\d+"), "200 folds.*class '[01]'", "folds"),
    Bad("empty file", lambda folder: (folder / "data.csv").write_text(""), r"data\.csv: ", "empty"),
    Bad("header without rows", lines_of(lambda lines: lines[:1]), r"data\.csv", "no rows|empty|0 rows"),
    Bad("parquet that is none", yaml("csv: data.csv", "parquet: data.csv"), r"data\.csv: ",
        "not a Parquet file", "csv:"),
    Bad("text that is not UTF-8", latin1, r"data\.csv:2: ", "malformed", "not UTF-8.*encoding: latin1"),
    Bad("cyclic include", cyclic, r"more\.yaml:1:10: ", r"quern\.yaml.*includes itself", "include"),
    Bad("unknown metric", before_monitoring("design: {key_metrics: [{metric: roc_acu, at_least: 0.5}]}\n"),
        YAML_AT(11, 33), "'roc_acu'", "did you mean 'roc_auc'"),
    Bad("hypothesis names unknown model",
        before_monitoring("  hypothesis: knn beats logistic by 0.01 roc_auc\n"), YAML_AT(11, 15),
        "'knn'", "dummy, logistic"),
    Bad("unknown model", yaml("dummy: {}", "dumy: {}"), YAML_AT(10, r"\d+"), "'dumy'", "did you mean 'dummy'"),
    Bad("unknown source in train", yaml("train: [base]", "train: [bas]"), YAML_AT(6, r"\d+"),
        "'bas'", "did you mean 'base'"),
    Bad("source both trained on and monitored", yaml("stream: [later]", "stream: [base]"),
        YAML_AT(r"\d+", r"\d+"), "'base'"),
    Bad("store of a newer program", newer_store, r"quern\.db", "999", "newer program"),
]


def complaint(done):
    """(lines from `error:` to before `help:`, the `help:` line)."""
    error, _, hint = done.stderr.partition("  help: ")
    return error, ("help: " + hint) if hint else ""


def parameter(case):
    return pytest.param(case, id=case.name.replace(" ", "-"))


@pytest.mark.parametrize("case", map(parameter, CASES))
def test_bad_input(quern, tmp_path, case):
    folder = write_small(tmp_path / "bad")
    case.spoil(folder)
    done = call(quern, "run", folder, "--until", "evaluate")
    check_no_crash(done)
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    error, hint = complaint(done)
    assert error.startswith("error: ")
    assert re.search(case.place, error), (case.place, error)
    assert re.search(case.value, error), (case.value, error)
    assert re.search(case.hint, hint), (case.hint, done.stderr)


def test_a_folder_without_project(quern, tmp_path):
    for folder in (tmp_path / "nowhere", tmp_path):
        done = call(quern, "run", folder)
        check_no_crash(done)
        assert done.returncode == 2 and str(folder) in done.stderr and "quern init" in done.stderr


def test_set_of_an_unknown_key(quern, tmp_path):
    done = call(quern, "run", write_small(tmp_path / "set"), "--set", "training.sed=9")
    check_no_crash(done)
    assert done.returncode == 2 and "'sed'" in done.stderr and "did you mean 'seed'" in done.stderr


@pytest.fixture
def open_folder():
    """A folder that an ordinary user can get to, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp(prefix="quern-e2e-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def ordinary_user():
    """What to put before a command so that file permissions hold."""
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam("quern-test")
    except KeyError:
        pytest.skip("root may write everywhere, and there is no user quern-test (./dev setup makes one)")
    return ["runuser", "-u", "quern-test", "--"]


def test_a_folder_that_cannot_be_written(quern, open_folder):
    user = ordinary_user()
    folder = write_small(open_folder / "shut")
    for entry in folder.iterdir():
        entry.chmod(0o644)
    folder.chmod(0o555)
    probe = subprocess.run([*user, quern, "--version"], capture_output=True, text=True)
    if probe.returncode != 0:
        pytest.skip(f"user quern-test cannot run {quern}")
    done = subprocess.run([*user, quern, "run", folder], capture_output=True, text=True, timeout=60)
    folder.chmod(0o755)
    check_no_crash(done)
    assert done.returncode == 2
    assert str(folder / ".quern") in done.stderr and "Permission denied" in done.stderr
    assert "help: check who may write there" in done.stderr


@pytest.mark.parametrize("limit", [0, 1_000, 60_000, 200_000, 600_000, 900_000])
def test_a_full_disk(quern, tmp_path, limit):
    """A limit on file size stands for it: the write fails halfway, and once there is room all is well."""
    folder = write_small(tmp_path / "full")
    done = call(quern, "run", folder, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    check_no_crash(done)
    assert "File too large" in done.stderr or "disk" in done.stderr
    assert re.search("help: .*space", done.stderr)


@pytest.mark.parametrize("limit", [1_000, 200_000, 600_000])
def test_after_a_full_disk_a_run_completes(quern, small_run, tmp_path, limit):
    folder = write_small(tmp_path / "full")
    done = call(quern, "run", folder, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert done.returncode > 0, (done.returncode, done.stderr)
    assert call(quern, "run", folder).returncode == 0
    assert (folder / "quern.lock").read_bytes() == small_run.lock
    assert not list(folder.rglob("*.tmp-*"))
