"""`quern-serve-static`: one file, in a folder that holds it and a model and is the root of its world."""

import json
import os
import shutil
import statistics
import subprocess
import time

import pytest
import requests

from where import build_folder
from wire.certificates import Authority
from wire.model_server import linear_model
from wire.standalone import Standalone
from wire.test_quern_serve import load

PROGRAM = build_folder() / "bin" / "quern-serve-static"
# What is released is held to 12 MB by ./dev build --static; development builds drop less of what nobody calls.
MOST_BYTES = 14 << 20


def sanitized():
    return "QUERN_SANITIZE:STRING=\n" not in (build_folder() / "CMakeCache.txt").read_text()


pytestmark = pytest.mark.skipif(sanitized(), reason="no sanitizer works in a static program")


@pytest.fixture(scope="module")
def stripped(tmp_path_factory):
    assert PROGRAM.exists(), f"{PROGRAM} is missing: run ./dev build"
    path = tmp_path_factory.mktemp("static") / "quern-serve"
    subprocess.run(["strip", "-o", path, PROGRAM], check=True)
    return path


@pytest.fixture
def alone(stripped, package, tmp_path):
    """A root that holds the program and the heart model, and nothing else."""
    shutil.copy(stripped, tmp_path / "quern-serve")
    shutil.copytree(package, tmp_path / "heart")
    return tmp_path


def within(root):
    """The command that runs the program in `root`: its system calls see no other file."""
    into = ["chroot"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "chroot"]
    return [*into, root, "/quern-serve"]


def refused(root, *arguments):
    done = subprocess.run([*within(root), *map(str, arguments), "--port", "0"], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


def test_is_one_small_file(stripped):
    assert stripped.stat().st_size < MOST_BYTES
    headers = subprocess.run(["readelf", "--wide", "--program-headers", "--dynamic", stripped], capture_output=True, text=True,
                             check=True).stdout
    assert "LOAD" in headers and "INTERP" not in headers and "NEEDED" not in headers, headers
    shown = subprocess.run([stripped, "--help"], capture_output=True, text=True, check=True).stdout
    assert "--tls-cert" in shown and "--grpc-port" not in shown
    asked = subprocess.run([stripped, "m", "--grpc-port", "0"], capture_output=True, text=True)
    assert asked.returncode == 2 and "there is no option --grpc-port" in asked.stderr


def test_answers_alone(alone, package):
    example = json.loads((package / "serving_input_example.json").read_text())
    times, resident = [], []
    for _ in range(5):
        begin = time.perf_counter()
        server = Standalone("heart=/heart", command=within(alone))
        try:
            assert requests.get(server.url + "/v2/health/ready").status_code == 200
            times.append(time.perf_counter() - begin)
            assert requests.get(server.url + "/v2/health/live").status_code == 200
            for _ in range(20):
                answer = requests.post(server.url + "/invocations", json=example)
                assert answer.status_code == 200, answer.text
            resident.append(server.status("VmRSS"))
            about = requests.get(server.url + "/v2/models/heart").json()
        finally:
            assert server.stop() == 0
    assert about["platform"] == "quern_compiled"
    assert statistics.median(times) < 0.05 * (1 + load()), times
    assert max(resident) < 30 * 1024, resident


def test_answers_as_the_other_quern_serve(alone, package):
    example = json.loads((package / "serving_input_example.json").read_text())
    answers = []
    for command, folder in [(None, package), (within(alone), "/heart")]:
        server = Standalone(f"heart={folder}", command=command)
        try:
            about = requests.get(server.url + "/v2/models/heart").json()
            tensors = [{"name": t["name"], "shape": [1], "datatype": t["datatype"],
                        "data": ["1" if t["datatype"] == "BYTES" else 1]} for t in about["inputs"]]
            answers.append([about, requests.post(server.url + "/v2/models/heart/infer", json={"inputs": tensors}).json(),
                            requests.post(server.url + "/invocations", json=example).json(),
                            requests.post(server.url + "/v1/models/heart:explain", json=example).json()])
        finally:
            server.kill()
    assert answers[0] == answers[1]
    assert answers[0][1]["outputs"] and answers[0][2]["predictions"] and answers[0][3]["explanations"]


def test_a_name_to_listen_on_is_looked_up(alone):
    server = Standalone("/heart", "--host", "localhost", command=within(alone))
    try:
        assert requests.get(server.url + "/ping").status_code == 200
    finally:
        assert server.stop() == 0
    code, said = refused(alone, "/heart", "--host", "nohost.invalid")
    assert code == 2 and "nohost.invalid" in said


def test_what_needs_onnx_runtime_is_refused(alone):
    linear_model(alone / "linear.onnx")
    code, said = refused(alone, "/linear.onnx", "--engine", "onnxruntime")
    assert code == 2 and "static" in said and "serve it by the quern-serve that is not static" in said, said


def test_tls_and_tokens(alone):
    authority = Authority(alone)
    certificate, key = authority.sign("server")
    (alone / "tokens").write_text("a-token-of-the-tests-own-0123456789abcdef\n")
    server = Standalone("/heart", "--tls-cert", f"/{certificate.name}", "--tls-key", f"/{key.name}", "--token-file", "/tokens",
                        command=within(alone))
    try:
        models = server.url + "/v2/models"
        assert models.startswith("https://")
        assert requests.get(models, verify=authority.bundle).status_code == 401
        asked = requests.get(models, verify=authority.bundle,
                             headers={"Authorization": "Bearer a-token-of-the-tests-own-0123456789abcdef"})
        assert asked.json()["models"] == ["heart"]
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(models)
    finally:
        assert server.stop() == 0
