"""Where `quern serve` takes its models from: a registry with aliases that move, folders, files."""

import os
import shutil
import subprocess
import time

import pytest

from wire.model_server import ModelServer, linear_model, refusal
from wire.test_serving import project  # noqa: F401  (a project with a registered model)


def test_names(quern, tmp_path):
    linear_model(tmp_path / "price.onnx")
    (tmp_path / "folder").mkdir()
    shutil.copy(tmp_path / "price.onnx", tmp_path / "folder" / "model.onnx")
    running = ModelServer(quern, "price.onnx", "folder/", "next=price.onnx", "--root", ".", folder=tmp_path)
    assert running.get("/v2/models").json() == {"models": ["folder", "next", "price"]}
    assert running.stop() == 0
    code, said = refusal(quern, "price.onnx", "price=folder", "--root", ".", folder=tmp_path)
    assert code == 2 and "'price.onnx' and 'price=folder'" in said and "'price' version 1" in said
    code, said = refusal(quern, "a/b=price.onnx", "--root", ".", folder=tmp_path)
    assert code == 2
    code, said = refusal(quern, "..=price.onnx", "--root", ".", folder=tmp_path)
    assert code == 2 and "cannot be served under that name" in said
    code, said = refusal(quern, "--root", ".", folder=tmp_path)
    assert code == 2 and "no model" in said


def test_a_model_of_other_flavors_is_refused_by_name(quern, tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "MLmodel").write_text("flavors:\n  sklearn:\n    pickled_model: model.pkl\n  python_function: {}\n")
    code, said = refusal(quern, "m", "--root", ".", folder=tmp_path)
    assert code == 2 and "no flavor onnx" in said and "sklearn, python_function" in said
    (tmp_path / "m" / "MLmodel").write_text("flavors:\n  onnx:\n    data: ../../secret.onnx\n")
    code, said = refusal(quern, "m", "--root", ".", folder=tmp_path)
    assert code == 2 and "outside of its folder" in said
    (tmp_path / "m" / "MLmodel").write_text("flavors: [")
    assert refusal(quern, "m", "--root", ".", folder=tmp_path)[0] == 2


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def versions(running):
    answer = running.get("/v2/models/heart")
    return answer.json()["versions"] if answer.status_code == 200 else []


def test_an_alias_that_moves_is_followed_and_a_registry_away_changes_nothing(quern, project, tmp_path):  # noqa: F811
    folder = tmp_path / "heart"
    shutil.copytree(project, folder)

    def alias(name, version):
        done = subprocess.run([quern, "models", "alias", "heart", name, str(version)], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    running = ModelServer(quern, "heart@champion", "--watch", "0.05", folder=folder)
    try:
        first = versions(running)
        assert len(first) == 1
        # The same package once more, as a further version.
        done = subprocess.run([quern, "models", "--json"], cwd=folder, capture_output=True, text=True, check=True)
        assert '"champion"' in done.stdout
        os.rename(folder / ".quern" / "quern.db", folder / ".quern" / "away.db")
        assert versions(running) == first and running.get("/ping").status_code == 200
        os.rename(folder / ".quern" / "away.db", folder / ".quern" / "quern.db")
        assert versions(running) == first
    finally:
        running.kill()
