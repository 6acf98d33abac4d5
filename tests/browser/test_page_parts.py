"""What the page computes by itself, beside the libraries that it means to agree with."""

import csv
import io
import json
import math
import random
import shutil
import subprocess
from pathlib import Path

import numpy
import pandas
import pytest

HERE = Path(__file__).resolve().parent
pytestmark = pytest.mark.skipif(not shutil.which("node") or not (HERE.parents[1] / "ui" / "node_modules").exists(), reason="./dev setup brings node")


@pytest.fixture(scope="module")
def call():
    node = subprocess.Popen(["node", str(HERE / "calculate.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(file, function, *arguments):
        node.stdin.write(json.dumps({"file": file, "function": function, "arguments": arguments}) + "\n")
        node.stdin.flush()
        return json.loads(node.stdout.readline())

    yield ask
    node.stdin.close()
    assert node.wait(timeout=30) == 0


@pytest.mark.parametrize("weight", [0, 0.3, 0.9, 0.99])
def test_smoothing_is_a_corrected_moving_average(call, weight):
    rng = random.Random(3)
    values = [rng.gauss(0, 1) for _ in range(200)]
    ours = call("charts/statistics.ts", "smoothed", values, weight)
    # ignore_na: a gap is passed over, as here.
    theirs = pandas.Series(values).ewm(alpha=1 - weight, adjust=True, ignore_na=True).mean()
    assert numpy.allclose(ours, theirs, rtol=1e-10)
    with_gap = values[:50] + [math.nan] + values[50:]
    ours = call("charts/statistics.ts", "smoothed", ["NaN" if math.isnan(v) else v for v in with_gap], weight)
    theirs = pandas.Series(with_gap).ewm(alpha=1 - weight, adjust=True, ignore_na=True).mean()
    assert ours[50] == "NaN"
    assert numpy.allclose(ours[51:], theirs[51:], rtol=1e-10)


@pytest.mark.parametrize("size", [1, 2, 5, 44])
def test_quantiles_are_those_of_numpy(call, size):
    rng = random.Random(size)
    values = sorted(rng.gauss(0, 1) for _ in range(size))
    for p in (0, 0.1, 0.25, 0.5, 0.75, 1):
        assert call("charts/statistics.ts", "quantile", values, p) == pytest.approx(float(numpy.quantile(values, p)), rel=1e-12)


def test_csv_is_read_as_python_reads_it(call):
    rows = [["a", "b", "c"], ["1", "two, with a comma", 'a "quote"'], ["", "two\nlines", "é ع 漢"], ["x", "", ""]]
    for line_end in ("\n", "\r\n"):
        out = io.StringIO()
        csv.writer(out, lineterminator=line_end).writerows(rows)
        assert call("runs/csv.ts", "parseCsv", out.getvalue(), ",", False) == rows
    # Of a text that was cut the last row is not whole.
    assert call("runs/csv.ts", "parseCsv", "a,b\n1,2\n3,\"br", ",", True) == [["a", "b"], ["1", "2"]]
    assert call("runs/csv.ts", "parseCsv", "", ",", False) == []


KEYS = {"metrics": ["auc", "val/loss"], "params": ["model"], "tags": ["team", "mlflow.user"], "values": {"$map": [["params.model", ["forest", "it's"]], ["tags.team", ["red"]]]}}


@pytest.mark.parametrize("text, first", [
    ("", "metrics.auc"), ("val", "metrics.`val/loss`"), ("metrics.auc ", "="), ("metrics.auc > 0.5 ", "AND"), ("metrics.auc > 0.5 a", "AND"),
    ("params.model = ", "'forest'"), ("params.model = 'it", "'it''s'"), ("params.model NOT IN ('forest', ", "'forest'"), ("status = F", "'FINISHED'"),
    ("(tags.team ", "="), ("tags.team = 'red' OR NOT (mod", "params.model"), ("metrics.`val/loss` ", "=")])
def test_words_that_fit(call, text, first):
    found = call("experiments/filterWords.ts", "complete", text, len(text), KEYS)
    assert found["words"][0]["text"] == first
    # What is taken stands in the place of what was typed of it.
    assert text[:found["from"]] == "" or text[found["from"] - 1] in " ("


def test_no_word_fits_inside_of_a_number(call):
    assert call("experiments/filterWords.ts", "complete", "metrics.auc > 0.", 16, KEYS)["words"] == []


@pytest.mark.parametrize("hash_, address", [
    ("#/experiments/3", "/experiments/3"), ("#/experiments/3/runs/ab", "/experiments/3/runs/ab"), ("#/experiments/3/runs/ab/artifacts", "/experiments/3/runs/ab?tab=artifacts"),
    ("#/models/a%20b/versions/2", "/models/a%20b/versions/2"), ("#/compare-runs?runs=[%22a%22,%22b%22]&experiments=[%223%22]", "/experiments/3/compare?runs=%5B%22a%22%2C%22b%22%5D"),
    ("#/nowhere", "/"), ("#content", None), ("", None)])
def test_addresses_of_mlflow(call, hash_, address):
    assert call("mlflowAddress.ts", "fromMlflowAddress", hash_) == address


@pytest.mark.parametrize("value, field", [("a", "a"), ("a,b", '"a,b"'), ('say "x"', '"say ""x"""'), ("=1+1", "'=1+1"), ("-3", "-3"), ("-x", "'-x"), (1.5, "1.5")])
def test_fields_of_an_export(call, value, field):
    assert call("../parts/csvField.ts", "csvField", value) == field
