"""Writes tests/parity/data/data_profile.json: what numpy, pandas and scipy say about the four hospitals.

Run with the test Python: python tests/parity/data_profile.py
"""

import json
import pathlib

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import roc_auc_score

ROOT = pathlib.Path(__file__).resolve().parents[2]
NUMBERS = ["age", "trestbps", "chol", "thalach", "oldpeak"]
CATEGORIES = ["sex", "cp", "fbs", "restecg", "exang", "slope", "ca", "thal"]
QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95]


def number(value):
    return None if value is None or not np.isfinite(value) else float(value)


def column(values: pd.Series) -> dict:
    x = values.dropna()
    q = [float(np.quantile(x, p)) for p in QUANTILES]
    iqr = q[3] - q[1]
    mad = stats.median_abs_deviation(x)
    edges = np.histogram_bin_edges(x, "sturges")
    counts, _ = np.histogram(x, edges)
    return {
        "missing": int(values.isna().sum()),
        "distinct": int(x.nunique()),
        "zeros": int((x == 0).sum()),
        "mean": number(x.mean()),
        "std": number(x.std()),
        "min": number(x.min()),
        "max": number(x.max()),
        "skew": number(x.skew()) if x.std() > 0 else None,
        "quantiles": q,
        "iqr": int(((x < q[1] - 1.5 * iqr) | (x > q[3] + 1.5 * iqr)).sum()),
        "modified_z": int((0.6745 * (x - q[2]).abs() / mad > 3.5).sum()) if mad > 0 else None,
        "edges": [float(e) for e in edges],
        "counts": [int(c) for c in counts],
    }


def cramers_v(a: pd.Series, b: pd.Series):
    """Bergsma's correction, over the complete pairs."""
    table = pd.crosstab(a, b)
    if min(table.shape) < 2:
        return None
    n = table.to_numpy().sum()
    chi2 = stats.chi2_contingency(table, correction=False).statistic
    r, k = table.shape
    phi2 = max(0.0, chi2 / n - (k - 1) * (r - 1) / (n - 1))
    r_c, k_c = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    return number(np.sqrt(phi2 / min(k_c - 1, r_c - 1)))


def correlation_ratio(groups: pd.Series, values: pd.Series):
    both = pd.DataFrame({"g": groups, "x": values}).dropna()
    if both["g"].nunique() < 2 or both["x"].std() == 0:
        return None
    mean = both["x"].mean()
    by = both.groupby("g")["x"]
    between = (by.size() * (by.mean() - mean) ** 2).sum()
    return number(np.sqrt(between / ((both["x"] - mean) ** 2).sum()))


def hospital(name: str) -> dict:
    path = ROOT / f"examples/heart/data/processed.{name}.data"
    frame = pd.read_csv(path, na_values=["?", ""], keep_default_na=False)
    disease = (frame["target"] > 0).astype(int)
    cells = {}
    names = NUMBERS + CATEGORIES
    for i, a in enumerate(names):
        for b in names[i + 1:]:
            if a in NUMBERS and b in NUMBERS:
                cells[f"{a},{b},pearson"] = number(frame[a].corr(frame[b]))
                cells[f"{a},{b},spearman"] = number(frame[a].corr(frame[b], method="spearman"))
            elif a in NUMBERS:
                cells[f"{a},{b},correlation_ratio"] = correlation_ratio(frame[b], frame[a])
            else:
                cells[f"{a},{b},cramers_v"] = cramers_v(frame[a], frame[b])
    relations = {}
    for a in NUMBERS:
        both = pd.DataFrame({"x": frame[a], "y": disease}).dropna()
        auc = roc_auc_score(both["y"], both["x"])
        relations[a] = number(max(auc, 1 - auc))
    for a in CATEGORIES:
        relations[a] = cramers_v(frame[a], disease)
    missing = frame[names].isna()
    varying = [c for c in names if 0 < missing[c].sum() < len(frame)]
    phi = missing[varying].astype(float).corr()
    return {
        "rows": len(frame),
        "duplicate_rows": int(frame.duplicated().sum()),
        "columns": {a: column(frame[a]) for a in NUMBERS},
        "categories": {a: {"missing": int(frame[a].isna().sum()), "distinct": int(frame[a].nunique())}
                       for a in CATEGORIES},
        "cells": cells,
        "target": {"positives": int(disease.sum()), "relations": relations},
        "missing_correlation": {f"{a},{b}": number(phi.loc[a, b])
                                for i, a in enumerate(varying) for b in varying[i + 1:]},
    }


def synthetic() -> dict:
    """Ties, missing values on both sides and a column far from zero."""
    rng = np.random.default_rng(7)
    a = np.round(rng.normal(0, 3, 200))
    b = a + rng.exponential(2, 200)
    a[rng.random(200) < 0.1] = np.nan
    b[rng.random(200) < 0.2] = np.nan
    g = rng.integers(0, 4, 200)
    h = np.where(rng.random(200) < 0.5, g % 3, rng.integers(0, 3, 200))
    far = 1e9 + rng.exponential(1, 200)
    fa, fb, fg, fh = map(pd.Series, (a, b, g, h))
    ok = ~np.isnan(a)
    return {
        "a": [number(v) for v in a], "b": [number(v) for v in b],
        "g": g.tolist(), "h": h.tolist(), "far": far.tolist(),
        "pearson": number(fa.corr(fb)), "spearman": number(fa.corr(fb, method="spearman")),
        "cramers_v": cramers_v(fg, fh), "correlation_ratio": correlation_ratio(fg, fb),
        "auc": number(roc_auc_score((g > 1)[ok], a[ok])),
        "far_skew": number(pd.Series(far - 1e9).skew()),
        "wilson_173_of_200": [number(v) for v in
                              stats.binomtest(173, 200).proportion_ci(0.95, "wilson")],
    }


def main():
    out = {"hospitals": {n: hospital(n) for n in ("cleveland", "hungarian", "switzerland", "va")},
           "synthetic": synthetic()}
    path = ROOT / "tests/parity/data/data_profile.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
