"""Every table and chart of the page as a file, the whole log of a model, and the colour of a run."""

import csv
import io
import shutil

import pytest
import requests
import seed_page
from pages import check_look, check_quiet, flow, needs_browser

from wire.tracking_servers import Store, quern_server

pytestmark = needs_browser


@pytest.fixture(scope="module")
def told(quern, story, tmp_path_factory):
    """A whole run of examples/heart."""
    process = quern_server(quern, Store(shutil.copytree(story, tmp_path_factory.mktemp("saved") / "heart", symlinks=True)))
    yield process
    process.kill()


@pytest.fixture(scope="module")
def logged(quern, tmp_path_factory):
    """What clients log."""
    process = quern_server(quern, Store(tmp_path_factory.mktemp("logged") / "store"))
    yield process, seed_page.seed(process.url)
    process.kill()


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def saved(server, *paths):
    seen = flow("saved", server.url, paths=paths)
    check_quiet(seen)
    for path, page in seen["pages"].items():
        assert page["bare"] == [], path
    return {path: page["files"] for path, page in seen["pages"].items()}


def ask(server, path, **args):
    return requests.get(f"{server.url}/api/2.0/quern/{path}", params=args, timeout=60).json()


def test_all_of_the_life_cycle_can_be_had(told):
    release, = [r for r in ask(told, "serving")["releases"] if r["stable"] == "2"]
    files = saved(told, "/requirements", "/data", "/data/va", "/pipeline", "/models", "/models/heart", "/models/heart/versions/2",
                  "/models/heart/compare?versions=%5B%221%22%2C%222%22%5D", "/serving", f"/serving/releases/{release['id']}", "/monitoring", "/lineage")
    # Values as they are kept, not as they are rounded.
    versions = {row["version"]: row for row in rows_of(files["/models/heart"]["Versions_of_heart.csv"])}
    for version in ask(told, "models/heart")["versions"]:
        row = versions[str(version["version"])]
        assert {key: (float(row[key]), float(row[key + "_low"]), float(row[key + "_high"])) for key in version["metrics"]} == {
            key: (value["value"], value["low"], value["high"]) for key, value in version["metrics"].items()}
        assert row["aliases"] == "; ".join(version["aliases"]) and row["digest"] == version["digest"]
    va, = [batch for batch in ask(told, "document", sections="monitor")["monitor"] if batch["batch"] == "va"]
    tests = [(column["column"], test["statistic"]) for column in va["drift"]["columns"] for test in column["tests"]]
    assert sorted((row["Column"], float(row["Statistic"])) for row in rows_of(files["/monitoring"]["Drift_tests.csv"])) == sorted(tests)
    columns = {row["Column"].split()[0]: row for row in rows_of(files["/data/va"]["Columns_of_the_table.csv"])}
    explore = ask(told, "data/va")["explore"]
    for column in explore["columns"]:
        row = columns[column["name"]]
        assert int(row["Missing"]) == column["missing"]
        if column.get("histogram"):
            assert [int(part.rsplit(": ", 1)[1]) for part in row["Shape"].split("; ")] == column["histogram"]["counts"]
    # Moments are in UTC, whatever the zone of the reader.
    snapshot, = rows_of(files["/data/va"]["Snapshots.csv"])
    assert snapshot["Read"].endswith("Z") and snapshot["Size (bytes)"] == str(ask(told, "data/va")["snapshots"][0]["bytes"])


def test_charts_beside_those_of_runs_give_their_data(told):
    traffic = ask(told, "serving/predictions", model="heart")["versions"]
    seen = flow("savedChart", told.url, path="/serving", title="predictions over time", picture=True)
    check_quiet(seen)
    data = rows_of(seen["data"]["text"])
    for version in traffic:
        assert sum(int(row[f"version {version['version']}"]) for row in data) == sum(version["counts"])
    picture = seen["picture"]["text"]
    assert picture.startswith("<svg") and "var(--" not in picture and picture.count("<rect") > 2
    one = traffic[0]
    histogram = rows_of(flow("savedChart", told.url, path="/serving", title=f"scores of version {one['version']}")["data"]["text"])
    assert [int(row["count"]) for row in histogram] == one["scores"]["counts"]
    va, = [batch for batch in ask(told, "document", sections="monitor")["monitor"] if batch["batch"] == "va"]
    age, = [column for column in va["drift"]["columns"] if column["column"] == "age"]
    shares = rows_of(flow("savedChart", told.url, path="/monitoring", title="both distributions of age")["data"]["text"])
    assert [(float(row["before"]), float(row["now"])) for row in shares] == list(zip(age["reference"]["shares"], age["current"]["shares"], strict=True))
    lineage = ask(told, "lineage")
    links = rows_of(flow("savedChart", told.url, path="/lineage", title="lineage")["data"]["text"])
    assert {(row["from"], row["to"]) for row in links if row["to"]} == {(edge["from"], edge["to"]) for edge in lineage["edges"]}


def test_what_clients_log_can_be_had(logged):
    server, known = logged
    run = f"/experiments/{known['odd']}/runs/{known['many_metrics']}"
    odd = f"/experiments/{known['odd']}/runs/{known['hostile']}"
    compared = f"/experiments/{known['heart']}/compare?runs=%5B%22{known['runs'][30]}%22%2C%22{known['runs'][31]}%22%5D"
    files = saved(server, "/experiments", run, odd, compared, f"/experiments/{known['heart']}/runs/{known['rich']}?tab=artifacts&path=data%2Frows.csv", f"/experiments/{known['heart']}")
    # All rows, not those that were drawn.
    metrics = rows_of(files[run]["Metrics.csv"])
    assert len(metrics) == 5000 and float(metrics[7]["value"]) == 1.0
    # All of a long text; a formula is none.
    tags = {row["tag"]: row["value"] for row in rows_of(files[odd]["Tags.csv"])}
    kept = requests.get(f"{server.url}/api/2.0/mlflow/runs/get", params={"run_id": known["hostile"]}, timeout=60).json()["run"]["data"]["tags"]
    assert tags == {tag["key"]: tag["value"] for tag in kept} and len(tags["long"]) > 5000 and seed_page.ARABIC in tags
    experiments = [row["name"] for row in rows_of(files["/experiments"]["Experiments.csv"])]
    assert len(experiments) == len(set(experiments)) == len(requests.get(
        f"{server.url}/api/2.0/mlflow/experiments/search", params={"max_results": 1000}, timeout=60).json()["experiments"])
    auc, = [row for row in rows_of(files[compared]["Runs_side_by_side.csv"]) if (row["section"], row["name"]) == ("Metrics", "auc")]
    for run in (known["runs"][30], known["runs"][31]):
        metrics = requests.get(f"{server.url}/api/2.0/mlflow/runs/get", params={"run_id": run}, timeout=60).json()["run"]["data"]["metrics"]
        assert [float(auc[run])] == [metric["value"] for metric in metrics if metric["key"] == "auc"]


def test_the_log_of_a_model_is_read_and_had_to_its_first_record(logged):
    server, _ = logged

    def order(path, method="POST", **body):
        answer = requests.request(method, f"{server.url}/api/2.0/mlflow/{path}", json=body, auth=("ada", "x"), timeout=60)
        assert answer.status_code == 200, answer.text

    order("registered-models/create", name="busy")
    order("model-versions/create", name="busy", source="s3://bucket/1")
    for n in range(520):
        order("registered-models/alias", name="busy", alias=f"a{n % 7}", version="1", reason=f"move {n}")
        order("registered-models/alias", "DELETE", name="busy", alias=f"a{n % 7}")
    log = ask(server, "models/busy/log")["log"]
    assert len(log) == 1042
    seen = flow("wholeLog", server.url, name="busy")
    check_quiet(seen)
    assert seen["counts"] == [100, 200, 300, 400, 500]
    assert seen["rest"] == ["542 earlier: the file has them all"]
    assert [row["digest"] for row in rows_of(seen["csv"])] == [entry["digest"] for entry in log]
    # What became of the version long ago is still on its page.
    version = ask(server, "models/busy/versions/1")
    assert version["log_in_all"] == 1041 and len(version["log"]) == 500


def test_a_version_says_of_what_it_is_a_copy(logged):
    server, _ = logged
    api = seed_page.Api(server.url)
    for name in ("ward", "clinic"):
        api.post("registered-models/create", name=name)
    api.post("model-versions/create", name="ward", source="s3://bucket/1")
    api.post("model-versions/create", name="clinic", source="models:/ward/1")
    api.post("model-versions/create", name="clinic", source="s3://bucket/2", tags=seed_page.pairs({
        "quern.copied_from": "lab/7", "quern.copied_from.registry": "http://lab:5000"}))
    for version, words in ((1, "Copy of\nward version 1"), (2, "Copy of\nlab/7 of http://lab:5000")):
        seen = flow("look", server.url, path=f"/models/clinic/versions/{version}")
        check_look(seen)
        assert words in seen["text"]
    assert "Copy of" not in flow("look", server.url, path="/models/ward/versions/1")["text"]


def test_the_colour_of_runs_is_chosen(logged):
    server, _ = logged
    api = seed_page.Api(server.url)
    experiment = api.experiment("colours")
    runs = [api.run(experiment, f"r{n}", seed_page.START + n * 1000) for n in range(3)]
    seen = flow("colour", server.url, experiment=experiment, runs=runs)
    # Only the run whose tag is gone already refuses to lose it, which is as good.
    assert seen["messages"] == [] and seen["violations"] == []
    assert seen["chosen"].count("rgb(16, 32, 48)") == 1 and seen["own"] not in ("rgb(16, 32, 48)",)
    assert seen["after"].count("rgb(160, 176, 192)") == 1
    tags = [run["data"].get("tags", []) for run in api.post("runs/search", experiment_ids=[experiment])["runs"]]
    assert sum({"key": "mlflow.runColor", "value": "#a0b0c0"} in one for one in tags) == 1


def test_a_model_is_found_among_more_than_one_answer_holds(quern, tmp_path):
    server = quern_server(quern, Store(tmp_path / "store"), "--durability", "relaxed")
    try:
        with requests.Session() as session:
            for n in range(1005):
                answer = session.post(f"{server.url}/api/2.0/mlflow/registered-models/create", json={"name": f"model-{n:04}"}, timeout=60)
                assert answer.status_code == 200, answer.text
        seen = flow("look", server.url, path="/models?search=model-1004")
        check_quiet(seen)
        assert "model-1004" in seen["text"] and "1 model" in seen["text"]
        files = saved(server, "/models")
        assert len(rows_of(files["/models"]["Registered_models.csv"])) == 1005
    finally:
        server.kill()
