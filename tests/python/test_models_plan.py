"""`quern models plan`: which engine answers, and that ONNX Runtime stays outside of a process that needs none of it."""
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
QUERN = pathlib.Path(os.environ.get("QUERN_BUILD", ROOT / "build")) / "bin" / "quern"
FIXTURES = ROOT / "tests" / "model" / "fixtures"


def plan(name, *options):
    """The answer of --json, and what the loader says about the libraries it was asked for."""
    environment = {**os.environ, "LD_DEBUG": "files"}
    done = subprocess.run([QUERN, "models", "plan", FIXTURES / name, "--json", *options], env=environment,
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout), done.stderr


def test_a_covered_model_is_compiled_and_loads_no_onnx_runtime():
    answer, loaded = plan("skl_table_forest.onnx")
    assert answer["engine"] == "compiled"
    assert answer["reason"] == "it covers all 9 nodes of the graph"
    assert [s["what"] for s in answer["stages"]][0] == "load"
    assert any(s["what"] == "trees" and s["inputs"] == 8 for s in answer["stages"])
    assert "libonnxruntime" not in loaded


def test_a_model_that_is_not_covered_names_the_node_and_loads_it():
    answer, loaded = plan("generic_convolution.onnx")
    assert answer["engine"] == "onnxruntime"
    assert answer["reason"].endswith("node 'y' (Conv): the operator is not covered")
    assert answer["stages"] == []
    assert "libonnxruntime.so.1" in loaded


def test_either_engine_can_be_asked_for():
    answer, loaded = plan("xgboost_binary.onnx", "--engine", "onnxruntime")
    assert answer == {"engine": "onnxruntime", "reason": "asked for", "stages": []}
    assert "libonnxruntime.so.1" in loaded
    with pytest.raises(subprocess.CalledProcessError) as failed:
        plan("generic_convolution.onnx", "--engine", "compiled")
    assert failed.value.returncode == 2
    assert "node 'y' (Conv)" in failed.value.stderr


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x08\x12\xff\xff\xff\xff\x0f"])
def test_what_is_no_model_is_bad_input(tmp_path, content):
    file = tmp_path / "broken.onnx"
    file.write_bytes(content)
    done = subprocess.run([QUERN, "models", "plan", file], capture_output=True, text=True)
    assert done.returncode == 2
    assert "error:" in done.stderr
