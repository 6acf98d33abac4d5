"""Records of monitoring and retraining, and of the run around all steps, for the sample documents."""
import numpy as np
import pandas as pd
from scipy import stats

from sample_data import CATEGORY, NUMERIC, label, validate
from sample_model import FEATURES, LEARNERS, difference, pipeline, with_intervals

NAMES = ["accuracy", "recall", "specificity", "roc_auc", "brier"]


def column_drift(name, numeric, r, c, limit=0.05):
    a, b = r.dropna(), c.dropna()
    missing_p = stats.fisher_exact([[r.isna().sum(), len(a)], [c.isna().sum(), len(b)]]).pvalue
    missing = {"reference": r.isna().mean(), "current": c.isna().mean(), "p_value": missing_p,
               "drifted": bool(missing_p < 0.01)}
    out = {"column": name, "type": "number" if numeric else "category", "tests": [], "adjusted_p_value": None,
           "drifted": missing["drifted"], "reason": "", "missing": missing, "new_categories": []}
    if b.empty:
        side = {"edges": [0, 1], "shares": [0]} if numeric else {"labels": [], "shares": []}
        out.update(reason=f"{name} is missing in every row, so its values cannot be compared.",
                   reference=shares(numeric, a, a, a), current=side)
        return out
    if numeric:
        ks = stats.ks_2samp(a, b)
        w1 = stats.wasserstein_distance(a, b) / max(a.std(ddof=0), 1e-3)
        out["tests"] = [{"name": "ks", "statistic": ks.statistic, "p_value": ks.pvalue, "threshold": limit,
                         "drifted": ks.pvalue <= limit},
                        {"name": "wasserstein", "statistic": w1, "p_value": None, "threshold": 0.1,
                         "drifted": w1 >= 0.1}]
    else:
        table = pd.crosstab(pd.concat([a, b]), [0] * len(a) + [1] * len(b))
        result = stats.chi2_contingency(table)
        out["tests"] = [{"name": "chisquare", "statistic": result.statistic, "p_value": result.pvalue,
                         "threshold": limit, "drifted": result.pvalue < limit}]
        new = sorted(set(b) - set(a))
        out["new_categories"] = [{"value": label(v), "share": (b == v).mean()} for v in new]
    first = out["tests"][0]
    out["adjusted_p_value"] = min(1.0, first["p_value"] * 3)
    out["drifted"] = bool(first["drifted"] or missing["drifted"])
    reasons = []
    if first["drifted"]:
        reasons.append(f"{first['name']} p = {first['p_value']:.2g}, under {limit:g}")
    if missing["drifted"]:
        reasons.append(f"missing in {missing['current']:.0%} of rows instead of {missing['reference']:.0%}")
    out["reason"] = "; ".join(reasons) or f"{first['name']} p = {first['p_value']:.2g}, not under {limit:g}"
    edges = np.histogram_bin_edges(pd.concat([a, b]), 14)
    out.update(reference=shares(numeric, a, a, b, edges), current=shares(numeric, b, a, b, edges))
    return out


def shares(numeric, values, a, b, edges=None):
    if numeric:
        edges = np.histogram_bin_edges(a, 14) if edges is None else edges
        return {"edges": list(edges), "shares": list(np.histogram(values, edges)[0] / len(values))}
    labels = sorted(set(a) | set(b))
    return {"labels": [label(v) for v in labels], "shares": [(values == v).mean() for v in labels]}


def monitor(batch, frame, reference, reference_scores, model, version):
    x, y = frame[FEATURES], frame["disease"].to_numpy().astype(int)
    p = model.predict_proba(x)[:, 1]
    columns = [column_drift(c, c in NUMERIC, reference[c], frame[c]) for c in FEATURES]
    drifted = sum(c["drifted"] for c in columns)
    checked = validate(batch, frame)
    known = np.ones(len(y), bool)
    if batch == "va":
        known[150:] = False
    realised = with_intervals(y[known], p[known], 0.42, names=NAMES)
    expected = expect(p)
    worse = realised["roc_auc"]["high"] < 0.85
    return {"batch": batch, "rows": len(frame), "model": "heart", "version": version,
            "quality": {"scores": checked["scores"],
                        "failed_checks": [c["text"] for c in checked["checks"] if not c["success"]]},
            "drift": {"columns": columns, "dataset": {"drifted": drifted / len(columns) >= 0.5,
                                                      "drifted_columns": drifted, "columns": len(columns),
                                                      "share": drifted / len(columns), "limit": 0.5}},
            "prediction_drift": column_drift("score", True, pd.Series(reference_scores), pd.Series(p)),
            "labels": {"rows": int(known.sum()), "joined": int(known.sum()), "unknown": 2 if batch == "va" else 0,
                       "coverage": known.mean()},
            "performance": {"metrics": realised, "expected": expected},
            "concept_drift": {"state": "yes" if worse else "undecided",
                              "reason": f"ROC AUC is {realised['roc_auc']['value']:.2f} where "
                                        f"{expected['roc_auc']['value']:.2f} was expected; " +
                                        ("the whole interval lies below." if worse else "the intervals overlap.")}}


def expect(p):
    rng = np.random.default_rng(4)
    draws = [with_intervals(rng.random(len(p)) < p, p, 0.42, rounds=2, names=NAMES) for _ in range(30)]
    out = {}
    for name in NAMES:
        values = [d[name]["value"] for d in draws]
        low, high = np.nanquantile(values, [0.025, 0.975])
        out[name] = {"value": np.nanmean(values), "low": low, "high": high}
    return out


def retrain(batch, frame, x_train, y_train, champion, version, record):
    frame = frame.sample(frac=1, random_state=8)
    cut = int(len(frame) * 0.7)
    new, held = frame.iloc[:cut], frame.iloc[cut:]
    y = held["disease"].to_numpy().astype(int)
    base = champion.predict_proba(held[FEATURES])[:, 1]
    metric = "roc_auc"
    candidates, best = [], None
    learner = LEARNERS["random_forest"][0]
    for name in ("combined", "new_only"):
        rows = [new[FEATURES]] if name == "new_only" else [x_train, new[FEATURES]]
        labels = [new["disease"]] if name == "new_only" else [y_train, new["disease"]]
        model = pipeline(learner).fit(pd.concat(rows), pd.concat(labels).astype(int))
        p = model.predict_proba(held[FEATURES])[:, 1]
        delta, p_value = difference(y, p, base)
        accepted = bool(delta["low"] > -0.05)
        if accepted and (best is None or delta["value"] > best[1]):
            best = (name, delta["value"], model)
        candidates.append({"name": name, "data": name, "rows": sum(map(len, rows)), "version": None,
                           "value": with_intervals(y, p, names=[metric])[metric], "difference": delta,
                           "p_value": p_value, "accepted": accepted,
                           "reason": f"the lower end of its gain, {delta['low']:+.2f}, is "
                                     f"{'above' if accepted else 'not above'} the margin of -0.05"})
    state = "fired" if record["drift"]["dataset"]["drifted"] else "not_fired"
    promoted = best is not None
    if promoted:
        next(c for c in candidates if c["name"] == best[0])["version"] = version + 1
    action = {"action": "promote" if promoted else "keep", "version": version + 1 if promoted else version,
              "reason": f"{best[0]} is not worse than the champion by more than the margin on {len(held)} recent rows"
              if promoted else "no candidate was shown to be at least as good as the champion"}
    share = record["drift"]["dataset"]
    document = {"batch": batch,
                "trigger": {"state": state, "conditions": [
                    {"when": "drift", "state": state, "reason":
                     f"{share['drifted_columns']} of {share['columns']} columns drifted; the limit is half"},
                    {"when": "performance", "state": "fired" if record["concept_drift"]["state"] == "yes"
                     else "undecided", "reason": record["concept_drift"]["reason"]}]},
                "holdout_rows": len(held), "metric": metric,
                "champion": {"version": version, "value": with_intervals(y, base, names=[metric])[metric]},
                "candidates": candidates, "decision": action}
    return document, (best[2] if promoted else champion), action["version"]


def lineage(batches, version_of):
    nodes = [{"id": "src-cleveland", "kind": "source", "label": "cleveland", "detail": "303 rows, CSV"},
             {"id": "snap-1", "kind": "snapshot", "label": "snapshot 1", "detail": "Parquet, 14 columns"},
             {"id": "check-1", "kind": "check", "label": "checks", "detail": "10 checks"},
             {"id": "train", "kind": "run", "label": "training", "detail": "6 models, 10 folds"},
             {"id": "v1", "kind": "model", "label": "heart 1", "detail": "champion at first"},
             {"id": "dep-1", "kind": "deployment", "label": "live 1", "detail": "loopback"}]
    edges = [("src-cleveland", "snap-1"), ("snap-1", "check-1"), ("snap-1", "train"), ("check-1", "train"),
             ("train", "v1"), ("v1", "dep-1")]
    live = 1
    for index, (batch, version) in enumerate(zip(batches, version_of), 2):
        nodes += [{"id": f"src-{batch}", "kind": "source", "label": batch, "detail": "later data"},
                  {"id": f"snap-{index}", "kind": "snapshot", "label": f"snapshot {index}", "detail": "Parquet"},
                  {"id": f"mon-{batch}", "kind": "monitor", "label": f"drift {batch}", "detail": "13 columns"},
                  {"id": f"dec-{batch}", "kind": "decision", "label": "promote" if version != live else "keep",
                   "detail": f"champion is {version}"}]
        edges += [(f"src-{batch}", f"snap-{index}"), (f"snap-{index}", f"mon-{batch}"),
                  (f"dep-{live}", f"mon-{batch}"), (f"mon-{batch}", f"dec-{batch}")]
        if version != live:
            nodes += [{"id": f"v{version}", "kind": "model", "label": f"heart {version}", "detail": "retrained"},
                      {"id": f"dep-{version}", "kind": "deployment", "label": f"live {version}", "detail": "loopback"}]
            edges += [(f"dec-{batch}", f"v{version}"), (f"v{version}", f"dep-{version}")]
            live = version
    return {"nodes": nodes, "edges": [{"from": a, "to": b} for a, b in edges]}
