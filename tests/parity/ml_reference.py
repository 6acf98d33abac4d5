"""Expected numbers of room ml, from scikit-learn: writes tests/parity/data/ml_*.json.

Run from the root of the repository: .deps/venv/bin/python tests/parity/ml_reference.py
"""
import json
import math
import warnings

import numpy as np
import pandas as pd
import sklearn
import sklearn.metrics as m
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import (
    f_classif,
    f_regression,
    mutual_info_classif,
    mutual_info_regression,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, RepeatedStratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

warnings.filterwarnings("ignore")
OUT = "tests/parity/data/"
CSV = "examples/heart/data/processed.cleveland.data"
NUMERIC = ["age", "trestbps", "chol", "thalach", "oldpeak", "ca"]
CATEGORICAL = ["sex", "cp", "fbs", "restecg", "exang", "slope", "thal"]


def plain(value):
    """JSON has no NaN: null."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (float, np.floating)):
        return None if math.isnan(value) else float(value)
    if isinstance(value, np.integer):
        return int(value)
    return value


def write(name, value):
    with open(OUT + name, "w") as f:
        json.dump({"made_with": f"scikit-learn {sklearn.__version__}", **plain(value)}, f)
        f.write("\n")


def preparation():
    return ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), NUMERIC),
            (
                "c",
                make_pipeline(
                    SimpleImputer(strategy="most_frequent"),
                    OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                ),
                CATEGORICAL,
            ),
        ]
    )


def cleveland():
    data = pd.read_csv(CSV, na_values="?")
    x, y = data[NUMERIC + CATEGORICAL], (data["target"] > 0).astype(int).to_numpy()
    stages, pressure = data["target"].to_numpy(), data["trestbps"].to_numpy()
    folds = list(RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=0).split(x, y))
    learners = {
        "logistic": LogisticRegression(C=1, tol=1e-10, max_iter=100000),
        "knn": KNeighborsClassifier(5, algorithm="brute"),
        "knn_distance": KNeighborsClassifier(7, algorithm="brute", weights="distance"),
        "decision_tree": DecisionTreeClassifier(max_depth=4, min_samples_leaf=5, random_state=0),
        "random_forest": RandomForestClassifier(200, min_samples_leaf=2, random_state=0),
    }
    out = {"folds": [test for _, test in folds], "learners": {}}
    for name, learner in learners.items():
        auc, probabilities = [], []
        for train, test in folds:
            pipe = Pipeline([("p", preparation()), ("l", learner)])
            pipe.fit(x.iloc[train], y[train])
            p = pipe.predict_proba(x.iloc[test])[:, 1]
            auc.append(m.roc_auc_score(y[test], p))
            probabilities.append(p)
        out["learners"][name] = {"auc": auc}
        if name in ("logistic", "knn", "knn_distance"):
            out["learners"][name]["probabilities"] = probabilities
    train, test = folds[0]
    pipe = Pipeline([("p", preparation()), ("l", LogisticRegression(C=0.3, tol=1e-12, max_iter=100000))])
    pipe.fit(x.iloc[train], stages[train])
    out["multiclass_logistic"] = pipe.predict_proba(x.iloc[test])
    weights = {0: 1.0, 1: 2.5}
    pipe = Pipeline(
        [("p", preparation()), ("l", LogisticRegression(tol=1e-12, max_iter=100000, class_weight=weights))]
    )
    out["weighted_logistic"] = pipe.fit(x.iloc[train], y[train]).predict_proba(x.iloc[test])[:, 1]
    rest = x.drop(columns="trestbps")
    shape = preparation()
    shape.transformers[0] = (*shape.transformers[0][:2], [c for c in NUMERIC if c != "trestbps"])
    for name, learner in {
        "ridge": Ridge(alpha=2.0, solver="cholesky"),
        "least_squares": LinearRegression(),
        "regression_tree": DecisionTreeRegressor(max_depth=3, min_samples_leaf=10, random_state=0),
        "knn_regression": KNeighborsRegressor(5, algorithm="brute"),
    }.items():
        pipe = Pipeline([("p", shape), ("l", learner)]).fit(rest.iloc[train], pressure[train])
        out[name] = pipe.predict(rest.iloc[test])
    write("ml_cleveland.json", out)


def class_metrics(y, p, labels, w):
    k = p.shape[1]
    classes = np.arange(k)
    binary = k == 2
    average = dict(average="binary" if binary else "macro", zero_division=0, sample_weight=w)
    onehot = np.eye(k)[y]
    each = [1] if binary else range(k)
    auc = [
        m.roc_auc_score(onehot[:, c], p[:, c], sample_weight=w) if 0 < onehot[:, c].sum() < len(y) else math.nan
        for c in each
    ]
    confusion = m.confusion_matrix(y, labels, labels=classes, sample_weight=w).astype(float)
    negatives = confusion.sum() - confusion.sum(1)
    wrong = confusion.sum(0) - np.diag(confusion)
    seen = [c for c in each if binary or confusion.sum(0)[c] + confusion.sum(1)[c] > 0]
    specificity = [(negatives[c] - wrong[c]) / negatives[c] if negatives[c] else 0.0 for c in seen]
    one = np.ones(len(y)) if w is None else np.asarray(w)
    confidence = p[:, 1] if binary else p.max(1)
    hit = (y == 1) if binary else (y == p.argmax(1))
    bins = np.minimum((confidence * 15).astype(int), 14)
    ece = sum(
        abs((one * confidence)[bins == b].sum() - (one * hit)[bins == b].sum()) for b in range(15)
    ) / one.sum()
    return {
        "roc_auc": float(np.mean(auc)),
        "pr_auc": float(np.mean([m.average_precision_score(onehot[:, c], p[:, c], sample_weight=w) for c in each])),
        "accuracy": m.accuracy_score(y, labels, sample_weight=w),
        "balanced_accuracy": m.balanced_accuracy_score(y, labels, sample_weight=w),
        "precision": m.precision_score(y, labels, **average),
        "recall": m.recall_score(y, labels, **average),
        "specificity": float(np.mean(specificity)),
        "f1": m.f1_score(y, labels, **average),
        "mcc": m.matthews_corrcoef(y, labels, sample_weight=w),
        "log_loss": m.log_loss(y, p, labels=classes, sample_weight=w),
        "brier": m.brier_score_loss(y, p, labels=classes, sample_weight=w),
        "ece": ece,
    }


def metrics():
    rng = np.random.default_rng(3)
    cases = []

    def classes(name, y, p, w=None):
        y = np.asarray(y)
        labels = (p[:, 1] >= 0.5).astype(int) if p.shape[1] == 2 else p.argmax(1)
        case = {"name": name, "y": y, "p": p, "labels": labels, "weights": w}
        case["metrics"] = class_metrics(y, p, labels, w)
        if p.shape[1] == 2:
            precision, recall, _ = m.precision_recall_curve(y, p[:, 1])
            case["pr"] = [recall, precision]
            if 0 < y.sum() < len(y):
                fpr, tpr, _ = m.roc_curve(y, p[:, 1], drop_intermediate=False)
                case["roc"] = [fpr, tpr]
            from sklearn.calibration import calibration_curve

            for kind in ("uniform", "quantile"):
                rate, score = calibration_curve(y, p[:, 1], n_bins=5, strategy=kind)
                case[kind] = [score, rate]
        cases.append(case)

    def two(score):
        score = np.asarray(score, dtype=float)
        return np.column_stack([1 - score, score])

    y = rng.integers(0, 2, 80)
    score = np.clip(0.35 * y + 0.65 * rng.random(80), 0, 1)
    classes("random", y, two(score))
    classes("weighted", y, two(score), rng.random(80) + 0.2)
    classes("ties", y, two(np.round(score * 4) / 4))
    classes("all equal", y, two(np.full(80, 0.3)))
    classes("certain", y, two(y.astype(float)))
    classes("certainly wrong", y, two(1.0 - y))
    classes("only negatives", np.zeros(9, int), two(rng.random(9)))
    classes("only positives", np.ones(9, int), two(rng.random(9)))
    classes("one row", [1], two([0.4]))
    y = rng.integers(0, 3, 60)
    p = rng.dirichlet([1, 1, 1], 60) * 0.5 + 0.5 * np.eye(3)[y] * rng.random((60, 1))
    p /= p.sum(1, keepdims=True)
    classes("three classes", y, p)
    classes("three classes weighted", y, p, rng.random(60) + 0.1)
    coarse = np.round(p * 4) + 1
    classes("three classes, ties", y, coarse / coarse.sum(1, keepdims=True))
    classes("an absent class", np.where(y == 2, 0, y), p)
    y = rng.normal(size=50) * 10
    p = y + rng.normal(size=50)
    for name, y, p, w in [
        ("random", y, p, None),
        ("weighted", y, p, rng.random(50) + 0.1),
        ("zeros", np.round(y / 10), p, None),
        ("constant", np.ones(5), np.arange(5.0), None),
        ("constant met", np.ones(5), np.ones(5), None),
        ("one row", [2.0], [3.0], None),
    ]:
        values = {
            "rmse": m.root_mean_squared_error(y, p, sample_weight=w),
            "mae": m.mean_absolute_error(y, p, sample_weight=w),
            "r2": m.r2_score(y, p, sample_weight=w),
            "mape": m.mean_absolute_percentage_error(y, p, sample_weight=w),
        }
        cases.append({"name": "regression " + name, "y": np.asarray(y), "predictions": np.asarray(p), "weights": w, "metrics": values})
    write("ml_metrics.json", {"cases": cases})


def transforms():
    rng = np.random.default_rng(5)
    x = np.column_stack([rng.normal(3, 2, 90), rng.exponential(1, 90), rng.integers(0, 4, 90), np.full(90, 7.1)])
    holes = x.copy()
    holes[rng.random(90) < 0.2, 0] = np.nan
    holes[rng.random(90) < 0.3, 2] = np.nan
    y = (x[:, 0] + rng.normal(size=90) > 3).astype(int) + (x[:, 1] > 2)
    value = x[:, 0] * 2 + x[:, 2] + rng.normal(size=90)
    scaled = {}
    for impute in ("median", "mean", "most_frequent"):
        for name, scaler in (("standard", StandardScaler()), ("min_max", MinMaxScaler()), ("robust", RobustScaler())):
            scaled[f"{impute}+{name}"] = make_pipeline(SimpleImputer(strategy=impute), scaler).fit_transform(holes)
    low, high = np.percentile(x[:, 1], [5, 90])
    q1, q3 = np.percentile(x[:, 1], [25, 75])
    discrete = np.array([False, False, True, False])
    groups = rng.integers(0, 12, 60)
    write(
        "ml_transform.json",
        {
            "x": x, "holes": holes, "y": y, "value": value, "scaled": scaled,
            "clip_quantile": [low, high],
            "clip_iqr": [q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)],
            "f_classif": f_classif(x[:, :3], y)[0],
            "f_regression": f_regression(x[:, :3], value)[0],
            "mutual_info_classif": mutual_info_classif(x, y, discrete_features=discrete, random_state=0)[:3],
            "mutual_info_regression": mutual_info_regression(x, value, discrete_features=discrete, random_state=0)[:3],
            "groups": groups,
            "group_folds": [test for _, test in GroupKFold(4).split(groups, groups=groups)],
        },
    )


cleveland()
metrics()
transforms()
