"""Where `quern serve` takes its models from: a registry with aliases that move, folders, files."""

import contextlib
import shutil
import sqlite3
import subprocess

import numpy as np
import onnx
import pytest
import requests

from wire.model_server import ModelServer, linear_model, refusal
from wire.programs import until


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


def test_what_is_no_model_is_told_apart(quern, tmp_path):
    linear_model(tmp_path / "price.onnx")
    (tmp_path / "empty").mkdir()
    for name, said in {"prise.onnx": "there is no file or folder 'prise.onnx'", "./heart": "there is no file or folder './heart'",
                       "empty": "the folder 'empty' holds no model", "=price.onnx": "'=price.onnx' is no [NAME=]MODEL",
                       "price=": "'price=' is no [NAME=]MODEL", "heart@champion": "neither"}.items():
        code, error = refusal(quern, name, "--root", ".", folder=tmp_path)
        assert code == 2 and said in error, error
        if "=" not in name and name != "heart@champion":
            done = subprocess.run([quern, "models", "plan", name], cwd=tmp_path, capture_output=True, text=True)
            assert done.returncode == 2 and name in done.stderr and "quern run" not in done.stderr, done.stderr


@pytest.mark.parametrize("option, value", [
    ("--threads", "-1"), ("--threads", "100000"), ("--max-queue", "-1"), ("--http-max-input-size", "0"),
    ("--http-max-input-size", "-5"), ("--http-max-input-size", "64XB"), ("--watch", "-1"), ("--watch", "nan"),
    ("--batch-delay", "-1"), ("--batch-delay", "nan"), ("--prediction-share", "nan"), ("--prediction-share", "2"),
    ("--trace-share", "5"), ("--access-log-max-size", "-1")])
def test_values_that_options_cannot_have(quern, tmp_path, option, value):
    linear_model(tmp_path / "price.onnx")
    code, said = refusal(quern, "price.onnx", "--root", ".", f"{option}={value}", folder=tmp_path)
    assert code == 2 and option in said and value in said and "terminate" not in said, said


def test_a_size_may_have_a_unit(quern, tmp_path):
    linear_model(tmp_path / "price.onnx")
    running = ModelServer(quern, "price.onnx", "--root", ".", "--http-max-input-size", "1KB", folder=tmp_path)
    assert running.post("/invocations", data=b" " * 1024, headers={"Content-Type": "application/json"}).status_code == 400
    assert running.post("/invocations", data=b" " * 1025, headers={"Content-Type": "application/json"}).status_code == 413
    assert running.stop() == 0


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


def versions(running):
    answer = running.get("/v2/models/heart")
    return answer.json()["versions"] if answer.status_code == 200 else []


@pytest.fixture
def two_versions(quern, project, tmp_path):
    """How to tell the program something there, and the folder of a project whose champion is the first of two versions."""
    folder = tmp_path / "heart"
    shutil.copytree(project, folder)

    def tell(*arguments):
        done = subprocess.run([quern, *arguments], cwd=folder, capture_output=True, text=True)
        assert done.returncode in (0, 3), done.stdout + done.stderr

    tell("run", ".", "--set", "training.seed=8", "--until", "register")
    tell("models", "heart/1", "--set-alias", "champion", "--reason", "first")
    return tell, folder


def test_an_alias_that_moves_is_followed(quern, two_versions, tmp_path):
    tell, folder = two_versions
    said = tmp_path / "stderr"
    with said.open("w") as stderr:
        running = ModelServer(quern, "heart@champion", "first=heart/1", "--watch", "0.05", folder=folder, stderr=stderr)
    try:
        assert versions(running) == ["1"]
        tell("models", "heart/2", "--set-alias", "champion", "--reason", "second")
        until(lambda: versions(running) == ["2"])
        assert running.get("/v2/models/heart/versions/champion").json()["versions"] == ["2"]
        assert running.get("/v2/models/first/versions/1").status_code == 200
        # A registry that does not answer changes nothing, and is followed again when it does.
        with contextlib.closing(sqlite3.connect(folder / ".quern" / "quern.db")) as database:
            database.execute("ALTER TABLE model_aliases RENAME TO gone")
            until(lambda: "version 2 stays in service" in said.read_text())
            assert versions(running) == ["2"] and running.get("/ping").status_code == 200
            database.execute("ALTER TABLE gone RENAME TO model_aliases")
        tell("models", "heart/1", "--set-alias", "champion", "--reason", "third")
        until(lambda: versions(running) == ["1"])
    finally:
        running.kill()


def test_a_version_that_was_named_stays_when_an_alias_comes_and_goes(quern, two_versions):
    tell, folder = two_versions
    running = ModelServer(quern, "heart@champion", "heart/2", "--watch", "0.05", folder=folder)
    try:
        assert versions(running) == ["1", "2"]
        tell("models", "heart/2", "--set-alias", "champion", "--reason", "there")
        until(lambda: versions(running) == ["2"])
        tell("models", "heart/1", "--set-alias", "champion", "--reason", "and back")
        until(lambda: running.get("/v2/models/heart/versions/1").status_code == 200)
        assert versions(running) == ["1", "2"]
    finally:
        running.kill()


def test_two_aliases_may_mean_one_version(quern, two_versions):
    tell, folder = two_versions
    tell("models", "heart/1", "--set-alias", "pilot", "--reason", "the same for now")
    running = ModelServer(quern, "heart@champion", "heart@pilot", "heart/1", "--watch", "0.05", folder=folder)
    try:
        assert versions(running) == ["1"]
        tell("models", "heart/2", "--set-alias", "champion", "--reason", "one goes on")
        until(lambda: versions(running) == ["1", "2"])
        tell("models", "heart/2", "--set-alias", "pilot", "--reason", "the other follows")
        until(lambda: running.get("/v2/models/heart/versions/pilot/stats").json()["model_stats"][0]["version"] == "2")
        assert versions(running) == ["1", "2"]  # the first was named by number too
    finally:
        running.kill()
    code, said = refusal(quern, "heart/1", "heart/1", folder=folder)
    assert code == 2 and "'heart/1' and 'heart/1' would both be served as model 'heart' version 1" in said


def test_a_position_from_the_data_is_never_guessed(quern, tmp_path):
    """A table by a computed position: out of bounds is an error, as with ONNX Runtime; negative ones count from the end."""
    nodes = [onnx.helper.make_node("Cast", ["x"], ["i"], to=onnx.TensorProto.INT64),
             onnx.helper.make_node("Gather", ["table", "i"], ["y"], axis=0)]
    table = onnx.numpy_helper.from_array(np.array([10, 20, 30], np.float32), "table")
    graph = onnx.helper.make_graph(nodes, "take", [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ("N", 1))],
                                   [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ("N", 1))], [table])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), tmp_path / "take.onnx")
    server = ModelServer(quern, tmp_path / "take.onnx", "--root", tmp_path)
    try:
        def ask(*positions):
            return server.post("/v2/models/take/infer", json={"inputs": [
                {"name": "x", "shape": [len(positions), 1], "datatype": "FP32", "data": positions}]})
        assert ask(0, 2, -1).json()["outputs"][0]["data"] == [10, 30, 30]
        assert ask(1, 3).status_code >= 400
        assert ask(1).json()["outputs"][0]["data"] == [20]
    finally:
        server.kill()


def test_sagemakers_container_of_several_models(quern, tmp_path):
    linear_model(tmp_path / "price.onnx")
    linear_model(tmp_path / "rent.onnx", bias=1.5)
    running = ModelServer(quern, "price.onnx", "rent.onnx", "--model-control", "--root", ".", folder=tmp_path)
    price = {"modelName": "price", "modelUrl": "price.onnx"}
    rent = {"modelName": "rent", "modelUrl": "rent.onnx"}
    assert running.get("/models").json() == {"models": [price, rent]}
    assert running.get("/models?limit=1").json() == {"models": [price], "nextPageToken": "price"}
    assert running.get("/models?limit=1&next_page_token=price").json() == {"models": [rent]}
    assert running.get("/models?limit=none").status_code == 400
    assert running.get("/models/rent").json() == rent
    asked = {"instances": [[1, 2, 3]]}
    assert running.post("/models/rent/invoke", json=asked).json() == {"predictions": {"variable": [[15.5]]}}
    assert running.post("/models/nothing/invoke", json=asked).status_code == 404

    def delete(name):
        return requests.delete(running.url + "/models/" + name, timeout=60)

    assert running.post("/models", json={"model_name": "rent", "url": "rent.onnx"}).status_code == 409
    assert delete("rent").status_code == 200
    assert delete("rent").status_code == 404 and running.get("/models/rent").status_code == 404
    assert running.post("/models/rent/invoke", json=asked).status_code == 404
    assert running.get("/models").json() == {"models": [price]}
    wrong = running.post("/models", json={"model_name": "rent", "url": "/etc/passwd"})
    assert wrong.status_code == 400 and "was started from 'rent.onnx'" in wrong.json()["error"]
    assert running.post("/models", json={"model_name": "other", "url": "other.onnx"}).status_code == 404
    assert running.post("/models", json={"model_name": "rent"}).status_code == 400
    again = running.post("/models", json={"model_name": "rent", "url": "rent.onnx"})
    assert again.status_code == 200 and again.json() == rent
    assert running.post("/models/rent/invoke", json=asked).json() == {"predictions": {"variable": [[15.5]]}}
    assert running.stop() == 0
    running = ModelServer(quern, "price.onnx", "--root", ".", folder=tmp_path)
    assert running.get("/models").json() == {"models": [price]}
    assert delete("price").status_code == 403
    assert running.post("/models", json={"model_name": "price", "url": "price.onnx"}).status_code == 403
    assert running.stop() == 0
