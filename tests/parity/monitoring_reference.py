"""Writes tests/parity/data/monitoring.json: drift of the later hospitals against Cleveland.

Scores are computed from their definitions (Evidently 0.7's binning, zero filling and norms) with NumPy
and SciPy. Run: .deps/venv/bin/python tests/parity/monitoring_reference.py
"""

import csv
import json
import math
import pathlib

import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon

ROOT = pathlib.Path(__file__).parents[2]
CATEGORIES = ["sex", "cp", "fbs", "restecg", "exang", "slope", "thal"]
NUMBERS = ["age", "trestbps", "chol", "thalach", "oldpeak", "ca"]


def load(name):
    path = ROOT / "examples" / "heart" / "data" / f"processed.{name}.data"
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    out = {}
    for column in rows[0]:
        cells = [(row[column] or "").strip() for row in rows]
        out[column] = np.array([float(c) if c not in ("", "?") else np.nan for c in cells])
    return out


def fractions(r, c, number):
    if number and len(np.unique(r)) > 20:
        edges = np.histogram_bin_edges(np.concatenate([r, c]), "sturges")
        return np.histogram(r, edges)[0] / len(r), np.histogram(c, edges)[0] / len(c)
    values = np.unique(np.concatenate([r, c]))
    return (np.array([np.mean(r == v) for v in values]),
            np.array([np.mean(c == v) for v in values]))


def filled(shares):
    shares = shares.copy()
    least = shares[shares > 0].min()
    shares[shares == 0] = least / 1e6 if least <= 1e-4 else 1e-4
    return shares


def compare(r_all, c_all, number):
    r, c = r_all[~np.isnan(r_all)], c_all[~np.isnan(c_all)]
    out = {"missing": [float(np.isnan(r_all).mean()), float(np.isnan(c_all).mean())]}
    p, q = fractions(r, c, number)
    fp, fq = filled(p), filled(q)
    out["psi"] = float(np.sum((fp - fq) * np.log(fp / fq)))
    out["jensenshannon"] = float(jensenshannon(p, q))
    if number:
        out["wasserstein"] = float(stats.wasserstein_distance(r, c) / max(np.std(r), 0.001))
    values = np.unique(np.concatenate([r, c]))
    if number and len(values) > 5:
        ks = stats.ks_2samp(r, c)
        out["ks"] = [float(ks.statistic), float(ks.pvalue)]
        return out
    table = np.array([[np.sum(r == v) for v in values], [np.sum(c == v) for v in values]])
    if len(values) == 2:
        pooled = (table[0, 0] + table[1, 0]) / table.sum()
        spread = math.sqrt(pooled * (1 - pooled) * (1 / len(r) + 1 / len(c)))
        z = float((table[0, 0] / len(r) - table[1, 0] / len(c)) / spread)
        out["z"] = [z, float(2 * stats.norm.sf(abs(z)))]
    else:
        chi2 = stats.chi2_contingency(table)
        out["chisquare"] = [float(chi2.statistic), float(chi2.pvalue)]
    return out


def main():
    reference = load("cleveland")
    document = {}
    for hospital in ["hungarian", "switzerland", "va"]:
        current = load(hospital)
        document[hospital] = {column: compare(reference[column], current[column], column in NUMBERS)
                              for column in NUMBERS + CATEGORIES}
    path = pathlib.Path(__file__).parent / "data" / "monitoring.json"
    path.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
