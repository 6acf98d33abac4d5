"""Packages written by Quern, opened by what the field uses: onnx, ONNX Runtime and MLflow."""
import json
import os
import pathlib
import subprocess

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("QUERN_BUILD", ROOT / "build")) / "bin"
CASES = [f"{task}-{kind}" for task in ("binary", "multiclass", "regression") for kind in range(6)]


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    subprocess.run([BIN / "quern_model_fixture", folder, "20261124"], check=True)
    return folder


class Case:
    """One package with rows and the scores that the C++ scorer gave them."""

    def __init__(self, folder):
        self.package = folder / "package"
        self.columns = json.loads((folder / "rows.json").read_text())
        scores = json.loads((folder / "scores.json").read_text())
        self.task = scores["task"]
        self.labels = scores["labels"]
        self.rows = len(next(iter(self.columns.values())))
        key = "predictions" if self.task == "regression" else "probabilities"
        self.scores = np.array(scores[key], dtype=float).reshape(self.rows, -1)

    def column(self, name):
        values = self.columns[name]
        if any(isinstance(value, str) for value in values):
            return np.array(values, dtype=object)
        return np.array(values, dtype=float)

    def check(self, outputs):
        if self.task == "regression":
            np.testing.assert_allclose(outputs["prediction"], self.scores, rtol=1e-6, atol=1e-6)
            return
        np.testing.assert_allclose(outputs["probabilities"], self.scores, rtol=1e-6, atol=1e-6)
        assert [shortest(label) for label in outputs["label"]] == self.labels


def shortest(label):
    return label if isinstance(label, str) else f"{label:.17g}"


@pytest.mark.parametrize("name", CASES)
def test_onnx_checker_and_runtime(cases, name):
    case = Case(cases / name)
    model = onnx.load(case.package / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(case.package / "model.onnx")
    feeds = {i.name: case.column(i.name).reshape(-1, 1) for i in session.get_inputs()}
    names = [o.name for o in session.get_outputs()]
    case.check(dict(zip(names, session.run(names, feeds))))
    assert (case.rows, 1) == next(iter(feeds.values())).shape


@pytest.mark.parametrize("name", CASES)
def test_mlflow_predicts_the_same_scores(cases, name):
    mlflow = pytest.importorskip("mlflow")
    case = Case(cases / name)
    model = mlflow.pyfunc.load_model(str(case.package))
    outputs = model.predict(pd.DataFrame({name: case.column(name) for name in case.columns}))
    expected = {"prediction"} if case.task == "regression" else {"label", "probabilities"}
    assert set(outputs) == expected
    case.check(outputs)


def test_mlflow_reads_signature_and_examples(cases):
    import mlflow
    from mlflow.models import Model

    package = cases / "binary-1" / "package"
    model = Model.load(str(package))
    assert [spec.name for spec in model.signature.inputs.inputs] == [
        "age", "site", "dose", "stage", "note", "weight"]
    assert all(spec.shape == (-1, 1) for spec in model.signature.inputs.inputs)
    assert model.metadata["quern.digest"]
    example = model.load_input_example(str(package))
    assert example["age"].shape == (3, 1)
    loaded = mlflow.pyfunc.load_model(str(package))
    assert loaded.predict(example)["probabilities"].shape == (3, 2)


def test_two_runs_write_the_same_bytes(cases, tmp_path):
    subprocess.run([BIN / "quern_model_fixture", tmp_path, "20261124"], check=True)
    for name in CASES:
        for file in (cases / name / "package").iterdir():
            assert file.read_bytes() == (tmp_path / name / "package" / file.name).read_bytes()
