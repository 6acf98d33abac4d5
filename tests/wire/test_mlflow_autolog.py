"""What MLflow logs by itself while XGBoost, LightGBM and scikit-learn train, and the machine's own
metrics, into `quern server` on SQLite and on PostgreSQL."""

import time

import lightgbm
import mlflow
import numpy
import pytest
import sklearn.datasets
import sklearn.model_selection
import sklearn.tree
import xgboost

ROUNDS = 12


@pytest.fixture
def experiment(request, client):
    return mlflow.set_experiment(request.node.originalname).experiment_id


@pytest.fixture(scope="module")
def table():
    return sklearn.datasets.make_classification(n_samples=300, n_features=6, random_state=7)


@pytest.fixture
def autolog(request):
    """Turns the logging of one library on, and off again."""
    turned = []

    def turn_on(flavor, **settings):
        flavor.autolog(**settings)
        turned.append(flavor)

    yield turn_on
    for flavor in turned:
        flavor.autolog(disable=True)
    while mlflow.active_run():
        mlflow.end_run()


def files_of(client, run_id):
    return {file.path for file in client.list_artifacts(run_id)}


def test_xgboost(client, experiment, table, autolog):
    x, y = table
    autolog(mlflow.xgboost, registered_model_name="boosted trees")
    data = xgboost.DMatrix(x[:200], y[:200]), xgboost.DMatrix(x[200:], y[200:])
    with mlflow.start_run() as run:
        booster = xgboost.train({"objective": "binary:logistic", "max_depth": 3, "eval_metric": ["logloss", "auc"], "seed": 1, "nthread": 1}, data[0],
                                ROUNDS, evals=[(data[0], "train"), (data[1], "valid")], verbose_eval=False)
    kept = client.get_run(run.info.run_id)
    assert kept.info.status == "FINISHED"
    assert (kept.data.params["max_depth"], kept.data.params["num_boost_round"]) == ("3", str(ROUNDS))
    # Each round, as the library's own record of the training has it.
    record = {}
    xgboost.train({"objective": "binary:logistic", "max_depth": 3, "eval_metric": ["logloss", "auc"], "seed": 1}, data[0], ROUNDS,
                  evals=[(data[0], "train"), (data[1], "valid")], evals_result=record, verbose_eval=False)
    for part in ("train", "valid"):
        for metric in ("logloss", "auc"):
            history = client.get_metric_history(run.info.run_id, f"{part}-{metric}")
            assert [point.step for point in history] == list(range(ROUNDS))
            assert [point.value for point in history] == record[part][metric]
    assert {"feature_importance_weight.png", "feature_importance_weight.json"} <= files_of(client, run.info.run_id)
    output, = kept.outputs.model_outputs
    assert client.get_logged_model(output.model_id).status == "READY"
    assert [i.dataset.name for i in kept.inputs.dataset_inputs]
    # The registry has it, by its alias.
    client.set_registered_model_alias("boosted trees", "champion", "1")
    loaded = mlflow.xgboost.load_model("models:/boosted trees@champion")
    assert numpy.array_equal(loaded.predict(data[1]), booster.predict(data[1]))


def test_lightgbm(client, experiment, table, autolog):
    x, y = table
    autolog(mlflow.lightgbm)
    train = lightgbm.Dataset(x[:200], y[:200])
    record = {}
    with mlflow.start_run() as run:
        booster = lightgbm.train({"objective": "binary", "metric": "binary_logloss", "num_leaves": 7, "verbose": -1, "num_threads": 1, "seed": 1},
                                 train, ROUNDS, valid_sets=[train.create_valid(x[200:], y[200:])], valid_names=["valid"],
                                 callbacks=[lightgbm.record_evaluation(record)])
    kept = client.get_run(run.info.run_id)
    assert (kept.data.params["num_leaves"], kept.data.params["num_boost_round"]) == ("7", str(ROUNDS))
    history = client.get_metric_history(run.info.run_id, "valid-binary_logloss")
    assert [(point.step, point.value) for point in history] == list(enumerate(record["valid"]["binary_logloss"]))
    assert {"feature_importance_split.png", "feature_importance_gain.json"} <= files_of(client, run.info.run_id)
    model = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    assert numpy.allclose(model.predict(x[200:]), booster.predict(x[200:]))


def test_a_grid_search_of_scikit_learn(client, experiment, table, autolog):
    """A run per candidate, below one parent."""
    x, y = table
    autolog(mlflow.sklearn, max_tuning_runs=3, log_models=False)
    search = sklearn.model_selection.GridSearchCV(sklearn.tree.DecisionTreeClassifier(random_state=1), {"max_depth": [1, 2, 3]}, cv=3)
    with mlflow.start_run(run_name="search") as run:
        search.fit(x, y)
    parent = client.get_run(run.info.run_id)
    assert parent.data.params["best_max_depth"] == str(search.best_params_["max_depth"])
    children = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{run.info.run_id}'", order_by=["params.max_depth"])
    assert [child.data.params["max_depth"] for child in children] == ["1", "2", "3"]
    scores = [child.data.metrics["mean_test_score"] for child in children]
    assert scores == pytest.approx(search.cv_results_["mean_test_score"])
    best = client.search_runs([experiment], "metrics.mean_test_score > 0", order_by=["metrics.mean_test_score DESC"], max_results=1)
    assert best[0].data.metrics["mean_test_score"] == max(scores)
    assert {"cv_results.csv", "estimator.html"} <= files_of(client, run.info.run_id)


def test_estimators_of_the_boosters(client, experiment, table, autolog):
    x, y = table
    autolog(mlflow.xgboost, log_models=False)
    autolog(mlflow.lightgbm, log_models=False)
    with mlflow.start_run(run_name="both") as parent:
        for model in (xgboost.XGBClassifier(n_estimators=ROUNDS, max_depth=2, n_jobs=1),
                      lightgbm.LGBMClassifier(n_estimators=ROUNDS, verbose=-1, n_jobs=1)):
            with mlflow.start_run(nested=True) as run:
                model.fit(x[:200], y[:200], eval_set=[(x[200:], y[200:])])
            kept = client.get_run(run.info.run_id)
            assert client.get_parent_run(run.info.run_id).info.run_id == parent.info.run_id
            names = [name for name in kept.data.metrics if "logloss" in name]
            assert names and len(client.get_metric_history(run.info.run_id, names[0])) == ROUNDS, kept.data.metrics


def test_system_metrics(client, experiment):
    mlflow.set_system_metrics_sampling_interval(0.2)
    mlflow.set_system_metrics_samples_before_logging(2)
    mlflow.enable_system_metrics_logging()
    wanted = {"system/cpu_utilization_percentage", "system/system_memory_usage_megabytes", "system/disk_usage_megabytes",
              "system/network_receive_megabytes"}
    try:
        with mlflow.start_run() as run:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                history = client.get_metric_history(run.info.run_id, "system/cpu_utilization_percentage")
                if len(history) >= 2:
                    break
                time.sleep(0.05)
    finally:
        mlflow.disable_system_metrics_logging()
        mlflow.set_system_metrics_sampling_interval(None)
        mlflow.set_system_metrics_samples_before_logging(None)
    assert [point.step for point in history[:2]] == [0, 1]
    assert wanted <= client.get_run(run.info.run_id).data.metrics.keys()
