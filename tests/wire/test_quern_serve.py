"""`quern-serve`, the small program: what it needs, how soon it answers, and that it answers as `quern serve` does."""

import contextlib
import json
import shutil
import sqlite3
import statistics
import subprocess
import time

import pytest
import requests

from wire.model_server import ModelServer, linear_model
from wire.programs import with_deployment
from wire.standalone import Standalone, program, refusal

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def stripped(tmp_path_factory):
    path = tmp_path_factory.mktemp("program") / "quern-serve"
    subprocess.run(["strip", "-o", path, program()], check=True)
    return path


def uses_compiled_engine(server):
    return requests.get(server.url + "/v2/models/heart").json()["platform"] == "quern_compiled"


def test_is_small_and_needs_no_big_library(stripped):
    assert stripped.stat().st_size < 12 * MEGABYTE
    needed = subprocess.run(["ldd", program()], capture_output=True, text=True, check=True).stdout
    for library in ["duckdb", "xgboost", "onnxruntime", "gomp", "grpc", "protobuf", "absl", "libpq"]:
        assert library not in needed, needed


def test_starts_at_once_and_stays_small(stripped, package):
    times, resident = [], 0
    for _ in range(5):
        begin = time.perf_counter()
        server = Standalone(f"heart={package}", "--grpc-port", "0", executable=stripped)
        try:
            assert requests.get(server.url + "/v2/health/ready").status_code == 200
            times.append(time.perf_counter() - begin)
            example = (package / "serving_input_example.json").read_text()
            for _ in range(20):
                answer = requests.post(server.url + "/invocations", data=example,
                                       headers={"Content-Type": "application/json"})
                assert answer.status_code == 200, answer.text
            resident = server.status("VmRSS")
            compiled = uses_compiled_engine(server)
        finally:
            assert server.stop() == 0
    if not compiled:
        pytest.skip("ONNX Runtime answers for this model: it takes longer than the limits to load")
    assert statistics.median(times) < 0.05 * (1 + load()), times
    assert resident < 30 * 1024, resident


def load():
    """How many others want this machine's cores: a loaded machine starts nothing in 50 ms."""
    with open("/proc/loadavg") as file:
        return float(file.read().split()[0])


def test_answers_as_quern_serve_does(quern, package):
    example = json.loads((package / "serving_input_example.json").read_text())
    answers = []
    for server in [ModelServer(quern, f"heart={package}"), Standalone(f"heart={package}")]:
        try:
            answers.append([requests.post(server.url + "/invocations", json=example).json(),
                            requests.get(server.url + "/v2/models/heart").json(),
                            requests.post(server.url + "/v1/models/heart:explain", json=example).json()])
        finally:
            server.kill()
    assert answers[0] == answers[1] and answers[0][0]["predictions"]
    assert answers[0][2]["explanations"]


def test_the_registry_of_a_project(project, package, tmp_path):
    server = Standalone("heart@champion", "latest=heart", "--root", project)
    try:
        names = requests.get(server.url + "/v2/models").json()["models"]
        assert names == ["heart", "latest"]
        assert requests.get(server.url + "/v2/models/heart/versions/champion/ready").status_code == 200
    finally:
        assert server.stop() == 0
    code, said = refusal("heart@nobody", "--root", project)
    assert code == 2 and "nobody" in said
    code, said = refusal("heart@champion", "--root", tmp_path)
    assert code == 2 and str(tmp_path) in said


def test_predictions_are_kept_in_the_database_of_the_root(project, package, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    example = (package / "serving_input_example.json").read_text()
    for root in [project, project / ".quern"]:
        server = Standalone("heart@champion", "--root", root, "--log-predictions")
        try:
            asked = requests.post(server.url + "/invocations", data=example, headers={"Content-Type": "application/json"})
            assert asked.status_code == 200, asked.text
            ids = asked.json()["prediction_ids"]
        finally:
            assert server.stop() == 0
        with contextlib.closing(sqlite3.connect(project / ".quern" / "quern.db")) as database:
            for kept in ids:
                assert database.execute("SELECT count(*) FROM predictions WHERE prediction_id = ?", [kept]).fetchone() == (1,)
    assert ids and list(tmp_path.iterdir()) == []


def test_rules_for_kept_predictions_are_not_passed_over(project, tmp_path):  # noqa: F811
    """Columns that the project wants hashed would be kept in the clear."""
    folder = tmp_path / "heart"
    shutil.copytree(project, folder, symlinks=True)
    plain = (folder / "quern.yaml").read_text()
    declared = with_deployment(plain, "deployment: {log: {hash: [age]}}")
    included = with_deployment(plain, "include: [more.yaml]")
    assert declared != plain and included != plain
    for text, word in [(declared, "deployment"), (included, "include")]:
        (folder / "quern.yaml").write_text(text)
        line = next(i for i, line in enumerate(text.splitlines(), 1) if line.startswith(word))
        for root in [folder, folder / ".quern", f"{folder}/.quern/"]:
            code, said = refusal("heart@champion", "--root", root, "--log-predictions")
            assert code == 2 and f"quern.yaml:{line}:" in said and "--log-predictions" in said, said
    server = Standalone("heart@champion", "--root", folder)
    assert server.stop() == 0


def test_what_is_wrong_is_said(tmp_path):
    model = linear_model(tmp_path / "linear.onnx")
    for arguments, said in [
            ((), "no model"), (("nowhere",), "nowhere"), ((model, "--prot", "1"), "--port"),
            ((model, "--port"), "--port"), ((model, "--grpc-port", "65536"), "65536"), ((model, "--threads=-1"), "-1"),
            ((model, "--threads=100000"), "100000"), (("nowhere.onnx",), "there is no file or folder 'nowhere.onnx'"),
            ((model, "--http-max-input-size", "many"), "many"), ((model, "--engine", "steam"), "steam"),
            ((model, model), "linear"), ((model, "--log-predictions"), "--root"), ((model, "--help=1"), "--help"),
            ((model, "--host", "nohost"), "nohost")]:
        done = subprocess.run([program(), *map(str, arguments)], capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and said in done.stderr, (arguments, done)
    (tmp_path / "broken.onnx").write_bytes(b"\x08\x09 no model")
    code, said = refusal(tmp_path / "broken.onnx")
    assert code == 2 and "broken.onnx" in said


def test_help_and_version():
    shown = subprocess.run([program(), "--help"], capture_output=True, text=True, check=True).stdout
    for option in ["--host", "--port", "--grpc-port", "--http-max-input-size", "--root", "--engine"]:
        assert option in shown
    assert subprocess.run([program(), "--version"], capture_output=True, text=True, check=True).stdout.startswith("quern-serve ")


def test_a_copy_runs_alone(stripped, tmp_path):
    """Away from its folder, as in a container: a model that is compiled, or a clear word about ONNX Runtime."""
    copy = shutil.copy(stripped, tmp_path / "quern-serve")
    done = subprocess.run([copy, str(linear_model(tmp_path / "linear.onnx")), "--engine", "onnxruntime", "--port", "0"],
                          capture_output=True, text=True, timeout=60, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 2 and "libonnxruntime.so.1" in done.stderr
