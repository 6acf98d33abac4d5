"""Signatures of packages: those of Quern by the reference implementation's verifier and the other way round, checked before a model is
loaded, asked for by a gate, and kept at a server."""

import base64
import json
import os
import shutil
import sqlite3
import subprocess
import sys

import pytest
import requests

from where import dependencies
from wire.standalone import Standalone, refusal

POLICY = """
registry:
  signatures: {require: true, keys: [release.pem]}
  champion: {signed: true}
"""


def reference(*arguments):
    """The command line of the package model-signing."""
    packages = dependencies() / "signing"
    assert packages.exists(), f"{packages} is missing: run ./dev setup"
    return subprocess.run([sys.executable, "-m", "model_signing", *map(str, arguments)], capture_output=True, text=True,
                          timeout=120, env={**os.environ, "PYTHONPATH": str(packages)})


def done(quern, *arguments, folder, code=0):
    result = subprocess.run([quern, *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=300)
    assert result.returncode == code, (arguments, result.returncode, result.stdout[-500:], result.stderr[-800:])
    return result.stdout + result.stderr


def make_key(path, curve="prime256v1"):
    subprocess.run(["openssl", "ecparam", "-name", curve, "-genkey", "-noout", "-out", path.with_suffix(".key")], check=True)
    public = subprocess.run(["openssl", "ec", "-in", path.with_suffix(".key"), "-pubout"], check=True, capture_output=True).stdout
    path.with_suffix(".pem").write_bytes(public)
    return path.with_suffix(".key"), path.with_suffix(".pem")


@pytest.fixture
def heart(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "heart", symlinks=True)


def package_of(quern, heart):
    return heart / json.loads(done(quern, "models", "--json", folder=heart))["versions"][0]["path"]


@pytest.mark.parametrize("curve", ["prime256v1", "secp384r1", "secp521r1"])
def test_each_reads_what_the_other_has_signed(quern, heart, tmp_path, curve):
    key, public = make_key(tmp_path / "release", curve)
    package = package_of(quern, heart)
    done(quern, "models", "sign", "heart/1", "--key", key, folder=heart)
    theirs = reference("verify", "key", package, "--signature", package / "model.sig", "--public_key", public)
    assert theirs.returncode == 0, theirs.stdout + theirs.stderr
    (package / "quern.json").write_text((package / "quern.json").read_text() + " ")
    assert reference("verify", "key", package, "--signature", package / "model.sig", "--public_key", public).returncode != 0

    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "sub").mkdir(parents=True)
    (elsewhere / "model.bin").write_bytes(os.urandom(3_000_000))
    (elsewhere / "sub" / "größe.json").write_text("{}")
    made = reference("sign", "key", elsewhere, "--signature", elsewhere / "model.sig", "--private_key", key)
    assert made.returncode == 0, made.stdout + made.stderr
    assert "2 files" in done(quern, "models", "verify", elsewhere, "--verify-key", public, folder=tmp_path)
    (elsewhere / "sub" / "new.py").write_text("")
    assert "sub/new.py was not signed" in done(quern, "models", "verify", elsewhere, "--verify-key", public, folder=tmp_path, code=2)


def test_a_signature_made_elsewhere_is_kept_with_the_version(quern, heart, tmp_path):
    key, public = make_key(tmp_path / "release")
    package = package_of(quern, heart)
    signature = tmp_path / "made.sig"
    assert reference("sign", "key", package, "--signature", signature, "--private_key", key).returncode == 0
    _, other = make_key(tmp_path / "other")
    assert "which is not trusted" in done(quern, "models", "sign", "heart/1", "--signature", signature, "--verify-key", other, folder=heart, code=2)
    done(quern, "models", "sign", "heart/1", "--signature", signature, "--verify-key", public, folder=heart)
    assert (package / "model.sig").read_text() == signature.read_text()
    card = json.loads(done(quern, "models", "card", "heart/1", "--json", folder=heart))
    fingerprint = json.loads(signature.read_text())["verificationMaterial"]["publicKey"]["hint"]
    assert card["model_details"]["signed_by"] == fingerprint[:12]


def harms(package):
    """Ways to harm a signed package, with what has to be said of each."""
    signature = json.loads((package / "model.sig").read_text())

    def truncate():
        whole = (package / "model.onnx").read_bytes()
        (package / "model.onnx").write_bytes(whole[:len(whole) // 2])

    def claim():
        envelope = signature["dsseEnvelope"]
        payload = base64.b64decode(envelope["payload"]).replace(b"MLmodel", b"MLmodeL")
        envelope["payload"] = base64.b64encode(payload).decode()
        (package / "model.sig").write_text(json.dumps(signature))

    return {
        "altered": (lambda: (package / "requirements.txt").write_text("evil\n"), "requirements.txt is altered"),
        "truncated": (truncate, "model.onnx is altered"),
        "missing": (lambda: (package / "conda.yaml").unlink(), "conda.yaml is missing"),
        "extra": (lambda: (package / "hook.py").write_text("import os"), "hook.py was not signed"),
        "claim": (claim, "does not hold"),
        "no json": (lambda: (package / "model.sig").write_text("{"), "cannot be read"),
        "unsigned": (lambda: (package / "model.sig").unlink(), "is not signed"),
        "link": (lambda: (package / "link").symlink_to("model.onnx"), "symbolic link"),
    }


@pytest.mark.parametrize("harm", ["altered", "truncated", "missing", "extra", "claim", "no json", "unsigned", "link"])
def test_a_harmed_package_is_not_loaded_by_anything(quern, heart, tmp_path, harm):
    key, public = make_key(tmp_path / "release")
    package = shutil.copytree(package_of(quern, heart), tmp_path / "package")
    done(quern, "models", "sign", package, "--key", key, folder=tmp_path)
    rows = tmp_path / "rows.csv"
    example = json.loads((package / "input_example.json").read_text())
    columns = example.get("columns") or list(example)
    rows.write_text(",".join(columns) + "\n" + ",".join("1" for _ in columns) + "\n")
    done(quern, "predict", package, rows, "--verify-key", public, folder=tmp_path)

    do, expected = harms(package)[harm]
    do()
    said = done(quern, "predict", package, rows, "--verify-key", public, folder=tmp_path, code=2)
    assert expected in said and "help: " in said
    said = done(quern, "serve", package, "--port", "0", "--verify-key", public, folder=tmp_path, code=2)
    assert expected in said
    code, said = refusal(package, "--verify-key", public)
    assert code == 2 and expected in said


def test_a_signed_package_is_served_by_both_programs(quern, heart, tmp_path):
    key, public = make_key(tmp_path / "release")
    _, other = make_key(tmp_path / "other")
    done(quern, "models", "sign", "heart/1", "--key", key, folder=heart)
    package = package_of(quern, heart)
    body = (package / "serving_input_example.json").read_text()
    standalone = Standalone("heart/1", "--root", heart, "--verify-key", other, "--verify-key", public)
    try:
        answer = requests.post(standalone.url + "/invocations", data=body, headers={"Content-Type": "application/json"}, timeout=30)
        assert answer.status_code == 200, answer.text
    finally:
        standalone.kill()
    code, said = refusal("heart/1", "--root", heart, "--verify-key", other)
    assert code == 2 and "which is not trusted" in said
    # What the registry keeps counts where the file is gone.
    (package / "model.sig").unlink()
    standalone = Standalone("heart/1", "--root", heart, "--verify-key", public)
    standalone.kill()


def test_a_project_that_requires_signatures_waits_for_one(quern, heart, tmp_path):
    key, public = make_key(tmp_path / "release")
    shutil.copy(public, heart / "release.pem")
    with open(heart / "quern.yaml", "a") as project:
        project.write(POLICY)
    with sqlite3.connect(heart / ".quern" / "quern.db") as database:  # as if nothing had been champion yet
        database.execute("DELETE FROM model_aliases")
        database.execute("UPDATE registry_log_head SET entries = 0, digest = '', first_id = 0")
        database.execute("DELETE FROM registry_log")
    refused = done(quern, "models", "heart/1", "--set-alias", "champion", folder=heart, code=3)
    assert "its package is not signed" in refused and "quern models sign heart/1" in refused
    other, _ = make_key(tmp_path / "other")
    rows = tmp_path / "rows.csv"
    rows.write_text("age\n1\n")
    assert "is not signed" in done(quern, "predict", "heart/1", rows, "--root", heart, folder=tmp_path, code=2)
    assert "is not signed" in done(quern, "serve", "heart/1", "--root", heart, "--port", "0", folder=tmp_path, code=2)
    code, said = refusal("heart/1", "--root", heart)
    assert code == 2 and "--verify-key" in said

    done(quern, "models", "sign", "heart/1", "--key", other, folder=heart)
    gate = json.loads(done(quern, "models", "gate", "heart/1", "--json", folder=heart, code=3))
    item, = [item for item in gate["items"] if item["kind"] == "signature"]
    assert item["status"] == "fail" and "which is not trusted" in item["sentence"]
    done(quern, "models", "sign", "heart/1", "--key", key, "--reason", "release 12", folder=heart)
    gate = json.loads(done(quern, "models", "gate", "heart/1", "--json", folder=heart))
    item, = [item for item in gate["items"] if item["kind"] == "signature"]
    assert item["status"] == "pass"
    done(quern, "models", "heart/1", "--set-alias", "champion", folder=heart)
    assert "release 12" in done(quern, "models", "log", "heart", folder=heart)
