"""Sample documents of the other tasks: training and evaluation only."""
import numpy as np
from sklearn import datasets, metrics as skm
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def interval(score, y, p, rounds=200):
    rng = np.random.default_rng(1)
    draws = [score(y[r], p[r]) for r in (rng.integers(0, len(y), len(y)) for _ in range(rounds))]
    low, high = np.quantile(draws, [0.025, 0.975])
    return {"value": score(y, p), "low": low, "high": high}


def compare(learners, scores, main, x, y, task, target, classes):
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.3, random_state=3)
    models = []
    for name, learner in learners.items():
        folds = []
        for fit, check in KFold(5, shuffle=True, random_state=0).split(x_train):
            predicted = learner.fit(x_train[fit], y_train[fit]).predict(x_train[check])
            folds.append({m: s(y_train[check], predicted) for m, s in scores.items()})
        models.append({"name": name, "kind": name, "params": {}, "tuned": False, "trials": 0, "run_id": f"s-{name}",
                       "fit_seconds": 0.2, "metrics": {m: {"mean": np.mean([f[m] for f in folds]),
                                                           "std": np.std([f[m] for f in folds]),
                                                           "folds": [f[m] for f in folds]} for m in scores}})
    sign = -1 if main in ("rmse", "mae") else 1
    best = max(models, key=lambda m: sign * m["metrics"][main]["mean"])["name"]
    predicted = learners[best].fit(x_train, y_train).predict(x_test)
    train = {"task": task, "target": target, "positive": None, "classes": classes, "rows": len(y_train) + len(y_test),
             "holdout_rows": len(y_test), "folds": 5, "repeats": 1, "metric": main, "seed": 3, "models": models,
             "trials": [], "selected": best, "reason": f"{best} has the best mean {main} over 5 folds.",
             "warnings": [], "columns": []}
    evaluate = {"model": best, "rows": len(y_test), "threshold": None, "positive": None,
                "metrics": {m: interval(s, y_test, predicted) for m, s in scores.items()}, "slices": [],
                "importance": [], "comparison": None, "gates": [], "hypothesis": None, "next_steps": [],
                "holdout_uses": 1}
    return train, evaluate, y_test, predicted


def wrap(name, train, evaluate):
    return {"project": name, "program_version": "0.1.0-sample", "generated_at": "2025-11-24T17:05:11Z",
            "run_id": f"sample-{name}", "state": "done", "design": None, "train": train, "evaluate": evaluate}


def multiclass():
    wine = datasets.load_wine()
    learners = {"dummy": DummyClassifier(), "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
                "random_forest": RandomForestClassifier(50, max_depth=2, random_state=0)}
    noise = wine.data[:, :4] + np.random.default_rng(0).normal(0, 0.5, (len(wine.target), 4))
    scores = {"accuracy": skm.accuracy_score,
              "balanced_accuracy": skm.balanced_accuracy_score,
              "f1": lambda y, p: skm.f1_score(y, p, average="macro")}
    train, evaluate, y, p = compare(learners, scores, "accuracy", noise, wine.target, "multiclass", "cultivar",
                                    ["Barolo", "Grignolino", "Barbera"])
    evaluate["confusion"] = {"labels": train["classes"], "matrix": skm.confusion_matrix(y, p).tolist()}
    return wrap("wine", train, evaluate)


def regression():
    diabetes = datasets.load_diabetes()
    learners = {"dummy": DummyRegressor(), "linear": LinearRegression(),
                "random_forest": RandomForestRegressor(50, max_depth=5, random_state=0)}
    scores = {"rmse": lambda y, p: float(np.sqrt(skm.mean_squared_error(y, p))), "mae": skm.mean_absolute_error,
              "r2": skm.r2_score}
    train, evaluate, y, p = compare(learners, scores, "rmse", diabetes.data, diabetes.target, "regression",
                                    "progression", [])
    evaluate["residuals"] = np.c_[p, y][:500].tolist()
    return wrap("diabetes", train, evaluate)
