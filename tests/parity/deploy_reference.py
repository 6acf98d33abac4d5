"""Writes tests/parity/data/deploy.json: expected values for the formulas of src/deploy.

Each is computed from its definition with NumPy and SciPy: event by event where the program uses
counts, by root finding with Brent's method where it bisects, by integration with SciPy where it has
its own quadrature. Run: .deps/venv/bin/python tests/parity/deploy_reference.py
"""

import json
import math
import pathlib

import numpy as np
from scipy import integrate, optimize, special, stats

HARM = [1.25, 1.5, 2, 3, 5, 10]
SAFE = [1 / 1.25, 1 / 1.5, 1 / 2]


def log_e(phases, r0, bets):
    """Event by event: the mean over the grid of products of factors."""
    logs = np.zeros(len(bets))
    for weight, candidate, stable in phases:
        if not 0 < weight < 1:
            continue
        null = weight * r0 / (weight * r0 + 1 - weight)
        for i, bet in enumerate(bets):
            alternative = weight * r0 * bet / (weight * r0 * bet + 1 - weight)
            logs[i] += stats.binom.logpmf(candidate, candidate + stable, alternative)
            logs[i] -= stats.binom.logpmf(candidate, candidate + stable, null)
    return float(special.logsumexp(logs) - math.log(len(bets)))


PHASES = [
    [[0.1, 0, 0]],
    [[0.1, 30, 70]],
    [[0.5, 140, 140]],
    [[0.01, 3, 12], [0.05, 9, 60], [0.25, 40, 130]],
    [[0.05, 0, 25], [1.0, 17, 0]],
    [[0.5, 12, 0]],
    [[0.9, 40000, 3000]],
]


def split(counts, shares):
    """Sequentially, as a product of predictive probabilities, in the order of the categories."""
    seen = np.zeros(len(counts))
    log = 0.0
    prior = 100 * np.asarray(shares)
    for i, count in enumerate(counts):
        for _ in range(count):
            log += math.log((prior[i] + seen[i]) / (prior.sum() + seen.sum()) / shares[i])
            seen[i] += 1
    return log


SPLITS = [
    [[0, 0], [0.9, 0.1]],
    [[900, 100], [0.9, 0.1]],
    [[900, 160], [0.9, 0.1]],
    [[4000, 500, 480], [0.8, 0.1, 0.1]],
]


def rate_sequence(k, n, alpha):
    top = special.betaln(0.5 + k, 0.5 + n - k) - special.betaln(0.5, 0.5)

    def excess(p):
        return top - special.xlogy(k, p) - special.xlog1py(n - k, -p) + math.log(alpha)

    rate = k / n
    low = 0.0 if k == 0 else optimize.brentq(excess, 1e-300, rate, xtol=1e-300, rtol=1e-14)
    high = 1.0 if k == n else optimize.brentq(excess, rate, 1 - 1e-16, xtol=1e-300, rtol=1e-14)
    return [rate, low, high]


RATES = [[0, 100, 0.05], [1, 100, 0.05], [50, 100, 0.05], [100, 100, 0.01], [123, 45678, 0.001], [7, 3000000, 0.05]]


def ratio_sequence(phases, alpha):
    phases = [p for p in phases if 0 < p[0] < 1]

    def excess(log_r):
        value = math.log(alpha)
        for w, c, s in phases:
            hit = w * math.exp(log_r) / (w * math.exp(log_r) + 1 - w)
            value += special.betaln(10 * w + c, 10 * (1 - w) + s) - special.betaln(10 * w, 10 * (1 - w))
            value -= special.xlogy(c, hit) + special.xlog1py(s, -hit)
        return value

    best = optimize.minimize_scalar(excess, bounds=(-20, 20), method="bounded", options={"xatol": 1e-12}).x
    candidate, stable = sum(p[1] for p in phases), sum(p[2] for p in phases)
    low = 0.0 if candidate == 0 else math.exp(optimize.brentq(excess, -40, best, rtol=1e-14))
    high = None if stable == 0 else math.exp(optimize.brentq(excess, best, 40, rtol=1e-14))
    return [low, high]


def mean_sequence(values, alpha):
    n = len(values)
    rho = math.sqrt((-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / 1000)
    half = np.std(values, ddof=1) * math.sqrt(
        2 * (n * rho**2 + 1) / (n**2 * rho**2) * math.log(math.sqrt(n * rho**2 + 1) / alpha))
    return [float(np.mean(values)), float(np.mean(values) - half), float(np.mean(values) + half)]


def values(n, shift):
    """What the C++ test makes too."""
    return [shift + (i * i) % 17 / 3.0 for i in range(n)]


def best_arm(posteriors):
    """P(arm is the greatest draw) of independent Betas."""
    out = []
    for i, (a, b) in enumerate(posteriors):
        def density(x):
            value = stats.beta.pdf(x, a, b)
            for j, (c, d) in enumerate(posteriors):
                if j != i:
                    value *= stats.beta.cdf(x, c, d)
            return value

        mean, sd = stats.beta.mean(a, b), stats.beta.std(a, b)
        points = [min(1, max(0, mean + k * sd)) for k in (-6, -3, -1, 0, 1, 3, 6)]
        out.append(integrate.quad(density, 0, 1, points=points, limit=500, epsabs=1e-12)[0])
    return out


ARMS = [
    [[1, 1], [1, 1]],
    [[1, 1], [1, 1], [1, 1]],
    [[11, 21], [15, 17]],
    [[1, 5], [3, 1], [2, 2]],
    [[120.5, 880.25], [150, 850], [141, 859]],
    [[20001, 180001], [20301, 179701]],
]


def main():
    out = {
        "e_process": [{"phases": p, "r0": r0, "harm": log_e(p, r0, HARM), "safe": log_e(p, r0, SAFE)}
                      for p in PHASES for r0 in (1.0, 1.5)],
        "split": [{"counts": c, "shares": s, "log": split(c, s)} for c, s in SPLITS],
        "rate": [{"k": k, "n": n, "alpha": a, "interval": rate_sequence(k, n, a)} for k, n, a in RATES],
        "ratio": [{"phases": p, "alpha": a, "limits": ratio_sequence(p, a)}
                  for p in PHASES[1:] for a in (0.05, 0.001)],
        "mean": [{"n": n, "shift": s, "alpha": a, "interval": mean_sequence(values(n, s), a)}
                 for n, s, a in [(2, 0, 0.05), (50, 1, 0.05), (1000, -3, 0.01), (20000, 0.5, 0.001)]],
        "best_arm": [{"posteriors": p, "best": best_arm(p)} for p in ARMS],
    }
    path = pathlib.Path(__file__).parent / "data" / "deploy.json"
    path.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
