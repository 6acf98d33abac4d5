"""Writes tests/parity/data/explain.json: expected explanations of the models in tests/model/fixtures.

Each contribution is computed from the definition of Shapley's value: the weighted sum over every coalition of the
other columns of what the column adds, a coalition being worth the mean score, as ONNX Runtime answers it, of the rows
whose columns are the explained row's in the coalition and a background row's elsewhere. With shap installed, its
ExactExplainer must say the same. Run in an environment of its own:

    python -m venv V && V/bin/pip install numpy==2.2.6 onnxruntime==1.20.1 shap==0.48.0
    V/bin/python tests/parity/explain_reference.py
"""

import itertools
import json
import math
import pathlib

import numpy as np
import onnxruntime
import shap

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "model" / "fixtures"
TYPES = {"FP32": np.float32, "FP64": np.float64, "BYTES": object}

# Rows 0 and 1 of a fixture hold extreme values.
ROWS = [2, 3, 4, 5]
BACKGROUND = list(range(8, 24))
MODELS = ["skl_table_forest", "skl_table_logistic", "skl_logistic_multi", "skl_forest_binary", "xgboost_binary",
          "skl_boosting_regression"]


class Model:
    """Columns of a fixture, and scores of any rows of them."""

    def __init__(self, name):
        self.document = json.loads((FIXTURES / f"{name}.json").read_text())
        self.session = onnxruntime.InferenceSession(str(FIXTURES / f"{name}.onnx"),
                                                    providers=["CPUExecutionProvider"])
        outputs = [o["name"] for o in self.document["outputs"]]
        self.score = next(o for o in outputs if o not in ("label", "output_label"))
        tables = []
        for tensor in self.document["inputs"]:
            values = [float(v) if tensor["type"] != "BYTES" else v for v in tensor["data"]]
            tables.append(np.array(values, dtype=object).reshape(tensor["shape"]))
        self.widths = [t.shape[1] for t in tables]
        self.rows = np.concatenate(tables, axis=1)

    def __call__(self, rows):
        feed, at = {}, 0
        for tensor, width in zip(self.document["inputs"], self.widths):
            feed[tensor["name"]] = rows[:, at:at + width].astype(TYPES[tensor["type"]])
            at += width
        scores = self.session.run([self.score], feed)[0]
        if isinstance(scores, list):  # a ZipMap
            scores = np.array([[row[key] for key in sorted(row)] for row in scores])
        return np.asarray(scores, dtype=np.float64).reshape(len(rows), -1)


def shapley(worth, columns):
    """From the definition; `worth` is a function of a set of columns."""
    known = {s: worth(s) for n in range(columns + 1) for s in itertools.combinations(range(columns), n)}
    values = []
    for j in range(columns):
        others = [c for c in range(columns) if c != j]
        value = 0.0
        for n in range(columns):
            weight = math.factorial(n) * math.factorial(columns - n - 1) / math.factorial(columns)
            for s in itertools.combinations(others, n):
                value += weight * (known[tuple(sorted((*s, j)))] - known[s])
        values.append(value)
    return values, known[()]


def explain(model, row, background, target, link):
    def worth(coalition):
        mixed = background.copy()
        for column in coalition:
            mixed[:, column] = row[column]
        return float(np.mean(link(model(mixed)[:, target])))

    return shapley(worth, len(row))


def check_with_shap(model, row, background, target, link, values, base):
    """Texts go by number, as shap's maskers want numbers."""
    texts = [sorted(set(model.rows[:, c])) if isinstance(model.rows[0, c], str) else None
             for c in range(model.rows.shape[1])]

    def coded(rows):
        return np.array([[v if t is None else t.index(v) for v, t in zip(r, texts)] for r in rows], dtype=float)

    def score(rows):
        plain = [[v if t is None else t[int(v)] for v, t in zip(r, texts)] for r in rows]
        return link(model(np.array(plain, dtype=object))[:, target])

    masker = shap.maskers.Independent(coded(background), max_samples=len(background))
    explained = shap.explainers.Exact(score, masker)(coded([row]))
    assert np.allclose(explained.values[0], values, atol=1e-6), (explained.values[0], values)
    assert np.isclose(explained.base_values[0], base, atol=1e-6)


def main():
    cases = []
    for name in MODELS:
        model = Model(name)
        background = model.rows[BACKGROUND]
        for index in ROWS:
            row = model.rows[index]
            scores = model(row[None])[0]
            target = 0 if len(scores) == 1 else 1 if len(scores) == 2 else int(np.argmax(scores))
            for scale in ["score", "log_odds"]:
                if scale == "log_odds" and len(scores) == 1:
                    continue

                def link(p, odds=scale == "log_odds"):
                    if not odds:
                        return p
                    p = np.clip(p, 1e-6, 1 - 1e-6)
                    return np.log(p / (1 - p))

                values, base = explain(model, row, background, target, link)
                if index == ROWS[0]:
                    check_with_shap(model, row, background, target, link, values, base)
                score = float(link(scores[target:target + 1])[0])
                assert math.isclose(sum(values), score - base, abs_tol=1e-5)  # a batch of FP32 is not a row
                cases.append({"model": name, "row": index, "scale": scale, "class": target if len(scores) > 1 else None,
                              "score": score, "base_value": base, "contributions": values})
    document = {"background": BACKGROUND, "cases": cases}
    path = ROOT / "tests" / "parity" / "data" / "explain.json"
    path.write_text(json.dumps(document, indent=1) + "\n")
    print(f"{len(cases)} cases in {path}")


main()
