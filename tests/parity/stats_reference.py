"""Writes tests/parity/data/stats.json: what SciPy and NumPy answer for the functions of src/stats.

Run with the test environment's Python: .deps/venv/bin/python tests/parity/stats_reference.py
Samples are either listed or named by the van der Corput rule that the C++ test knows too.
"""

import json
import math
import pathlib

import numpy as np
import scipy
from scipy import stats
from scipy.spatial.distance import jensenshannon


def vdc(i, base):
    x, scale = 0.0, 1.0
    while i > 0:
        scale /= base
        x += scale * (i % base)
        i //= base
    return x


def rule(n, base, power=1.0, shift=0.0, step=0.0):
    """shift + vdc^power, rounded down to multiples of `step` when it is not 0 (which makes ties)."""
    values = np.array([shift + vdc(i, base) ** power for i in range(1, n + 1)])
    if step:
        values = np.floor(values / step) * step
    return values


SAMPLES = {
    "tiny": [(0.1, 0.9, 0.4), (0.5, 0.2, 0.7, 1.1)],
    "tiny_ties": [(1, 2, 2, 3, 3, 3), (2, 3, 4, 4, 5)],
    "seven_nine": [tuple(rule(7, 2)), tuple(rule(9, 3, 1.0, 0.3))],
    "equal_sizes": [tuple(rule(12, 2)), tuple(rule(12, 3, 1.5))],
    "identical": [(1, 2, 3, 4), (1, 2, 3, 4)],
    "disjoint": [(1, 2, 3, 4, 5), (10, 11, 12, 13, 14, 15)],
    "constant": [(1, 1, 1, 1), (1, 1, 1)],
}
RULES = {
    "mid_same": [dict(n=300, base=2), dict(n=200, base=3)],
    "mid_shift": [dict(n=303, base=2), dict(n=123, base=3, shift=0.1)],
    "mid_power": [dict(n=303, base=2), dict(n=294, base=3, power=1.3)],
    "mid_ties": [dict(n=303, base=2, step=0.0625), dict(n=200, base=3, power=1.2, step=0.0625)],
    "thousands": [dict(n=4000, base=2), dict(n=3500, base=3, shift=0.01)],
    "large": [dict(n=30000, base=2), dict(n=15000, base=3, shift=0.006)],
    "large_small": [dict(n=20000, base=2), dict(n=150, base=3, power=1.15)],
    "large_far": [dict(n=12000, base=2), dict(n=11000, base=3, shift=0.05)],
}


def numeric_case(r, c):
    r, c = np.asarray(r, float), np.asarray(c, float)
    ks = stats.ks_2samp(r, c)
    cvm = stats.cramervonmises_2samp(r, c)
    out = {
        "ks": [ks.statistic, ks.pvalue],
        "cvm": [cvm.statistic, cvm.pvalue],
        "wasserstein": stats.wasserstein_distance(r, c),
        "energy": stats.energy_distance(r, c),
        "edges_sturges": np.histogram_bin_edges(r, "sturges").tolist(),
        "edges_doane": np.histogram_bin_edges(r, "doane").tolist(),
        "counts_sturges": np.histogram(c, np.histogram_bin_edges(r, "sturges"))[0].tolist(),
        "quantiles": np.quantile(r, [0, 0.05, 0.1, 0.25, 0.5, 0.77, 0.95, 1]).tolist(),
        "mean": float(np.mean(r)),
        "variance": float(np.var(r, ddof=1)),
        "skew": float(stats.skew(r)) if np.ptp(r) > 0 else 0.0,
        "mad": float(stats.median_abs_deviation(r)),
    }
    for alternative in ["two-sided", "less", "greater"]:
        mw = stats.mannwhitneyu(r, c, alternative=alternative)
        p = 1.0 if math.isnan(mw.pvalue) else mw.pvalue
        out["mw_" + alternative] = [mw.statistic, p]
    if len(set(r) | set(c)) > 1:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ad = stats.anderson_ksamp([r, c], variant="midrank")
        out["ad"] = [float(ad.statistic), float(ad.pvalue)]
    return out


COUNTS = {
    "article": [(120, 60, 15, 5, 0), (100, 70, 20, 0, 10)],
    "binary": [(60, 40), (50, 50)],
    "binary_small": [(9, 1), (3, 7)],
    "same": [(30, 20, 10), (60, 40, 20)],
    "wide": [(5, 9, 14, 3, 22, 41), (8, 8, 9, 9, 30, 25)],
    "rare": [(100000, 3, 0), (50000, 0, 1)],
}


def zero_filled(shares):
    shares = np.asarray(shares, float).copy()
    least = shares[shares > 0].min()
    shares[shares == 0] = least / 1e6 if least <= 1e-4 else 1e-4
    return shares


def counts_case(r, c):
    r, c = np.asarray(r, float), np.asarray(c, float)
    p, q = r / r.sum(), c / c.sum()
    chi2 = stats.chi2_contingency(np.array([r, c]))
    fp, fq = zero_filled(p), zero_filled(q)
    out = {
        "chi2": [chi2.statistic, chi2.pvalue],
        "psi": float(np.sum((fp - fq) * np.log(fp / fq))),
        "kl": float(stats.entropy(fp, fq)),
        "js": float(jensenshannon(p, q)),
        "js2": float(jensenshannon(p, q, base=2)),
        "tv": float(np.abs(p - q).sum() / 2),
        "linf": float(np.abs(p - q).max()),
        "hellinger": math.sqrt(1 - min(1.0, float(np.sum(np.sqrt(p * q))))),
    }
    expected = r * c.sum() / r.sum()
    if (expected > 0).all():
        gof = stats.chisquare(c, expected)
        out["gof"] = [gof.statistic, gof.pvalue]
    if len(r) == 2:
        f = stats.fisher_exact(np.array([r, c], int))
        out["fisher"] = [float(f.statistic), float(f.pvalue)]
    return out


def kolmogorov_cases():
    cases = []
    for n in [1, 2, 5, 10, 60, 100, 140, 141, 500, 1000, 5000, 7500, 100000, 250000]:
        for z in [0.3, 0.45, 0.6, 0.86, 1.0, 1.3, 1.5, 1.9, 2.2, 3.0, 5.0]:
            d = z / math.sqrt(n)
            if d < 1:
                cases.append([d, n, float(stats.kstwo.sf(d, n))])
        for d in [0.6 / n, 1.0 / n, 0.5, 0.75, 1 - 0.5 / n]:
            if 0 < d < 1:
                cases.append([d, n, float(stats.kstwo.sf(d, n))])
    return cases


def correction_case(p):
    p = np.asarray(p)
    m = len(p)
    order = np.argsort(p, kind="stable")
    holm = np.empty(m)
    holm[order] = np.maximum.accumulate(np.minimum(1, p[order] * (m - np.arange(m))))
    return {
        "p": p.tolist(),
        "bh": stats.false_discovery_control(p, method="bh").tolist(),
        "bonferroni": np.minimum(1, p * m).tolist(),
        "holm": holm.tolist(),
    }


def wilson_cases():
    out = []
    for k, n in [(0, 10), (10, 10), (3, 10), (61, 303), (1, 1), (999, 1000)]:
        for level in [0.9, 0.95]:
            ci = stats.binomtest(k, n).proportion_ci(level, method="wilson")
            out.append([k, n, level, ci.low, ci.high])
    return out


def auc(scores, positive):
    pos, neg = scores[positive == 1], scores[positive == 0]
    wins = (pos[:, None] > neg[None, :]) + 0.5 * (pos[:, None] == neg[None, :])
    return wins


def delong_case(a, b, y):
    """DeLong, DeLong & Clarke-Pearson 1988 by the definition, all pairs."""
    wins = [auc(s, y) for s in (a, b)]
    aucs = [w.mean() for w in wins]
    s10 = np.cov([w.mean(axis=1) for w in wins])
    s01 = np.cov([w.mean(axis=0) for w in wins])
    m, n = wins[0].shape
    s = s10 / m + s01 / n
    var = s[0, 0] + s[1, 1] - 2 * s[0, 1]
    z = (aucs[0] - aucs[1]) / math.sqrt(var)
    return {
        "a": a.tolist(), "b": b.tolist(), "y": y.tolist(), "aucs": aucs,
        "variances": [s[0, 0], s[1, 1]], "difference": aucs[0] - aucs[1],
        "low": aucs[0] - aucs[1] - stats.norm.ppf(0.975) * math.sqrt(var),
        "p_two_sided": 2 * stats.norm.sf(abs(z)),
        "p_non_inferior": stats.norm.sf((aucs[0] - aucs[1] + 0.05) / math.sqrt(var)),
        "p_superior": stats.norm.sf((aucs[0] - aucs[1] - 0.01) / math.sqrt(var)),
    }


def delong_cases():
    rng = np.random.default_rng(20)
    out = []
    for n, digits in [(40, 6), (120, 1)]:
        y = (rng.uniform(size=n) < 0.4).astype(int)
        a = np.round(y * 0.9 + rng.normal(size=n), digits)
        b = np.round(0.6 * a + 0.5 * rng.normal(size=n), digits)
        out.append(delong_case(a, b, y))
    return out


def nadeau_bengio_case():
    d = np.array([0.02, 0.01, -0.005, 0.03, 0.015, 0.0, 0.012, 0.022, -0.01, 0.018])
    se = math.sqrt(d.var(ddof=1) * (1 / len(d) + 0.25))
    t = d.mean() / se
    return {"differences": d.tolist(), "ratio": 0.25, "mean": d.mean(),
            "low": d.mean() - stats.t.ppf(0.975, len(d) - 1) * se,
            "p": 2 * stats.t.sf(abs(t), len(d) - 1),
            "p_superior_001": stats.t.sf((d.mean() - 0.01) / se, len(d) - 1)}


def bootstrap_case():
    """The same data for a statistical comparison of bootstrap limits (the resamples differ)."""
    x = np.round(stats.expon.ppf(rule(200, 2)), 6)
    out = {"x": x.tolist()}
    for method in ["percentile", "BCa"]:
        ci = stats.bootstrap((x,), np.mean, n_resamples=20000, method=method,
                             rng=np.random.default_rng(1)).confidence_interval
        out[method.lower()] = [ci.low, ci.high]
    return out


def main():
    document = {
        "scipy": scipy.__version__, "numpy": np.__version__,
        "samples": [{"name": k, "r": list(map(float, r)), "c": list(map(float, c)),
                     "expected": numeric_case(r, c)} for k, (r, c) in SAMPLES.items()],
        "rules": [{"name": k, "r": r, "c": c, "expected": numeric_case(rule(**r), rule(**c))}
                  for k, (r, c) in RULES.items()],
        "counts": [{"name": k, "r": r, "c": c, "expected": counts_case(r, c)}
                   for k, (r, c) in COUNTS.items()],
        "kolmogorov": kolmogorov_cases(),
        "correct": [correction_case([0.01, 0.04, 0.03, 0.5, 0.002, 0.9]), correction_case([0.2])],
        "wilson": wilson_cases(),
        "delong": delong_cases(),
        "nadeau_bengio": nadeau_bengio_case(),
        "bootstrap": bootstrap_case(),
        "mcnemar_exact": [[b, c, float(stats.binomtest(b, b + c, 0.5).pvalue)]
                          for b, c in [(3, 11), (1, 0), (8, 8), (40, 21)]],
    }
    path = pathlib.Path(__file__).parent / "data" / "stats.json"
    path.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
