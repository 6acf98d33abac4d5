"""Records of the data phase (ingest, validate, explore) for the sample documents."""
import hashlib
import math
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

ROOT = Path(__file__).resolve().parents[2]
HOSPITALS = ["cleveland", "hungarian", "switzerland", "va"]
NUMERIC = ["age", "trestbps", "chol", "thalach", "oldpeak"]
CATEGORY = ["sex", "cp", "fbs", "restecg", "exang", "slope", "ca", "thal"]


def load(hospital):
    frame = pd.read_csv(ROOT / "examples/heart/data" / f"processed.{hospital}.data", na_values=["?", ""])
    frame["disease"] = (frame.pop("target") > 0).astype(int)
    return frame.astype(float)


def clean(value):
    """JSON has no NaN: numbers that do not exist are null."""
    if isinstance(value, dict):
        return {k: clean(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(v) for v in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.12g}") if math.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.bool_):
        return bool(value)
    return value


def label(value):
    return f"{value:g}"


def ingest(hospital, frame):
    path = ROOT / "examples/heart/data" / f"processed.{hospital}.data"
    rejects = []
    if hospital == "va":
        rejects = [{"file": path.name, "line": 137, "column": "trestbps", "raw": "58,1,4,12O,…",
                    "reason": "'12O' is not a number"}]
    return {"source": hospital, "path": f"data/{path.name}", "format": "csv", "encoding": "utf-8",
            "rows": len(frame),
            "columns": [{"name": c, "type": "number" if c in NUMERIC else "category", "physical": "DOUBLE"}
                        for c in frame],
            "rejected": len(rejects), "rejects": rejects,
            "digest": hashlib.sha256(hospital.encode()).hexdigest(),
            "source_digest": hashlib.sha256(path.read_bytes()).hexdigest(),
            "snapshot": 1 + HOSPITALS.index(hospital), "bytes": path.stat().st_size}


def check(name, kind, column, dimension, severity, mostly, bad, evaluated, text, values=()):
    failed = int(bad.sum())
    share = failed / evaluated if evaluated else None
    examples = [{"row": int(i) + 1, "key": {}, "value": v} for i, v in
                list(zip(np.flatnonzero(bad), values))[:20]]
    return {"name": name, "kind": kind, "column": column, "dimension": dimension, "severity": severity,
            "mostly": mostly, "success": share is None or 1 - share >= mostly, "evaluated": evaluated,
            "failed": failed, "share": share, "observed": None, "text": text, "examples": examples}


def validate(hospital, frame):
    n = len(frame)
    checks = []
    for column, mostly in [("chol", 0.95), ("trestbps", 0.95), ("thalach", 0.95), ("ca", 0.9), ("thal", 0.9)]:
        bad = frame[column].isna()
        state = "is missing in no row" if not bad.any() else f"is missing in {bad.sum()} of {n} rows"
        checks.append(check(f"{column}_not_null", "not_null", column, "completeness", "warn", mostly, bad, n,
                            f"{column} {state}; at least {mostly:.0%} must be there.", [None] * n))
    for column, low, high in [("age", 18, 100), ("chol", 1, 700), ("trestbps", 60, 260), ("oldpeak", 0, 8)]:
        values = frame[column]
        bad = values.notna() & ~values.between(low, high)
        shown = ", ".join(label(v) for v in values[bad][:3])
        found = (f"{bad.sum()} of {values.notna().sum()} values are not ({shown}{', …' if bad.sum() > 3 else ''})"
                 if bad.any() else f"all {values.notna().sum()} values are")
        checks.append(check(f"{column}_between", "between", column, "validity", "warn", 0.99, bad,
                            int(values.notna().sum()), f"{column} is between {low} and {high}: {found}.",
                            [float(v) for v in values[bad]]))
    none = pd.Series(False, index=frame.index)
    checks.append(check("sex_in_set", "in_set", "sex", "consistency", "error", 1.0, none, n,
                        f"sex is one of 0, 1: all {n} values are."))
    missing = frame.isna().to_numpy().mean()
    valid = np.mean([1 - (c["share"] or 0) for c in checks if c["dimension"] == "validity"])
    scores = {
        "completeness": {"value": 1 - missing, "formula": "cells that hold a value / all cells"},
        "validity": {"value": valid, "formula": "mean over validity checks of (1 - failed / evaluated)"},
        "consistency": {"value": 1.0, "formula": "mean over consistency checks of (1 - failed / evaluated)"},
        "timeliness": {"value": None, "formula": "rows younger than max_age / rows; no time column is declared"},
    }
    return {"source": hospital, "rows": n, "success": True, "checks": checks, "scores": scores}


def histogram(values, bins=12):
    counts, edges = np.histogram(values, bins=bins)
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def target_relation(frame, column, target):
    known = frame[[column, target]].dropna()
    if known.empty or column == target or known[column].nunique() < 2:
        return None
    if column in CATEGORY:
        bins = [{"label": label(k), "count": len(g), "rate": g[target].mean()}
                for k, g in known.groupby(column)]
        return {"measure": "cramers_v", "value": cramers_v(known[column], known[target]), "bins": bins}
    groups = known.groupby(pd.qcut(known[column], 5, duplicates="drop"), observed=True)
    bins = [{"label": f"{k.left:g} to {k.right:g}", "count": len(g), "rate": g[target].mean()} for k, g in groups]
    return {"measure": "correlation_ratio", "value": correlation_ratio(known[target], known[column]), "bins": bins}


def profile_column(frame, column, target):
    values = frame[column].dropna()
    n = len(frame)
    numeric = column in NUMERIC
    out = {"name": column, "type": "number" if numeric else "category", "missing": n - len(values),
           "missing_share": (n - len(values)) / n, "distinct": int(values.nunique()),
           "zeros": int((values == 0).sum()), "mean": None, "std": None, "min": None, "max": None, "skew": None,
           "quantiles": None, "outliers": None, "histogram": None,
           "top": [{"value": label(v), "count": int(c)} for v, c in values.value_counts().head(8).items()],
           "target": target_relation(frame, column, target)}
    if numeric and len(values):
        q = values.quantile([0.05, 0.25, 0.5, 0.75, 0.95])
        iqr = q[0.75] - q[0.25]
        z = 0.6745 * (values - q[0.5]) / max((values - q[0.5]).abs().median(), 1e-9)
        out.update(mean=values.mean(), std=values.std(), min=values.min(), max=values.max(), skew=values.skew(),
                   quantiles={str(k): v for k, v in q.items()}, histogram=histogram(values),
                   outliers={"iqr": int(((values < q[0.25] - 1.5 * iqr) | (values > q[0.75] + 1.5 * iqr)).sum()),
                             "modified_z": int((z.abs() > 3.5).sum())})
    return out


def cramers_v(a, b):
    table = pd.crosstab(a, b)
    if min(table.shape) < 2:
        return None
    n = table.to_numpy().sum()
    phi = stats.chi2_contingency(table, correction=False).statistic / n
    r, k = table.shape
    phi = max(0.0, phi - (k - 1) * (r - 1) / (n - 1))
    r, k = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    return math.sqrt(phi / min(k - 1, r - 1))


def correlation_ratio(groups, values):
    total = ((values - values.mean()) ** 2).sum()
    between = sum(len(v) * (v.mean() - values.mean()) ** 2 for _, v in values.groupby(groups))
    return math.sqrt(between / total) if total else None


def association(frame, a, b):
    known = frame[[a, b]].dropna()
    if len(known) < 10 or known[a].nunique() < 2 or known[b].nunique() < 2:
        return "none", None
    if a in NUMERIC and b in NUMERIC:
        return "spearman", stats.spearmanr(known[a], known[b]).statistic
    if a in NUMERIC:
        return "correlation_ratio", correlation_ratio(known[b], known[a])
    if b in NUMERIC:
        return "correlation_ratio", correlation_ratio(known[a], known[b])
    return "cramers_v", cramers_v(known[a], known[b])


def missing_patterns(frame):
    patterns = frame.isna().apply(lambda row: tuple(frame.columns[row]), axis=1).value_counts()
    return [{"columns": list(k), "count": int(v), "share": v / len(frame)} for k, v in patterns.items()][:12]


def alerts(frame, columns):
    found = []
    for c in columns:
        share = c["missing_share"]
        if share > 0.05:
            found.append(("missing", c["name"], share,
                          f"{c['name']} is missing in {c['missing']} of {len(frame)} rows ({share:.0%})."))
        if c["type"] == "number" and c["distinct"] == 1:
            found.append(("constant", c["name"], 0.9,
                          f"{c['name']} is {c['min']:g} in every row: it cannot tell one patient from another."))
        elif c["name"] in ("chol", "trestbps") and c["zeros"]:
            found.append(("zeros", c["name"], 0.5 + c["zeros"] / len(frame) / 2,
                          f"{c['name']} is 0 in {c['zeros']} rows, where a living patient cannot have 0: "
                          "probably a missing value in disguise."))
        if c["skew"] is not None and abs(c["skew"]) > 1:
            found.append(("skew", c["name"], 0.15, f"{c['name']} is skewed ({c['skew']:.1f})."))
    found.sort(key=lambda a: -a[2])
    return [dict(zip(("kind", "column", "harm", "text"), a)) for a in found]


def explore(hospital, frame, target="disease"):
    columns = [profile_column(frame, c, target) for c in frame]
    names = list(frame)
    cells = [dict(zip(("a", "b", "measure", "value"), (a, b, *association(frame, a, b))))
             for i, a in enumerate(names) for b in names[i + 1:]]
    counts = frame[target].value_counts().sort_index()
    known = [c for c in frame if 0 < frame[c].isna().sum() < len(frame)]
    matrix = frame[known].isna().corr() if known else pd.DataFrame()
    pairs = [{"a": a, "b": b, "value": matrix.loc[a, b]} for i, a in enumerate(known) for b in known[i + 1:]
             if abs(matrix.loc[a, b]) >= 0.2]
    return {"source": hospital, "rows": len(frame), "duplicate_rows": int(frame.duplicated().sum()),
            "columns": columns,
            "target": {"name": target, "imbalance": counts.max() / counts.min(),
                       "classes": [{"label": label(k), "count": int(v), "share": v / len(frame)}
                                   for k, v in counts.items()]},
            "associations": {"columns": names, "cells": cells},
            "missing_patterns": missing_patterns(frame), "missing_correlation": pairs,
            "alerts": alerts(frame, columns)}
