"""The page of `quern server` in a real browser, over a real server with a seeded store."""

import csv
import io
import json

import pytest
import requests
import seed_page
from pages import check_look, check_quiet, flow, needs_browser

from ports import free_port
from wire.tracking_servers import Process

MANY = 3000

pytestmark = needs_browser


@pytest.fixture(scope="session")
def page(quern, tmp_path_factory):
    """A server, and the ids of what is in it."""
    folder = tmp_path_factory.mktemp("page")
    port = free_port()
    server = Process([quern, "server", "--root", folder / "store", "--port", str(port), "--durability", "relaxed"], port, folder / "log", 60)
    known = seed_page.seed(server.url, MANY)
    yield server.url, known
    server.stop()


def addresses(known):
    heart, rich = known["heart"], known["rich"]
    two = json.dumps(known["runs"][30:33])
    return {
        "experiments": "/experiments", "runs": f"/experiments/{heart}", "groups": f"/experiments/{heart}?group=params.model",
        "charts": f"/experiments/{heart}?mode=charts", "bands charts": f"/experiments/{heart}?mode=charts&group=params.model&find=val", "run": f"/experiments/{heart}/runs/{rich}",
        "run charts": f"/experiments/{heart}/runs/{rich}?tab=charts&smooth=60&x=relative", "files": f"/experiments/{heart}/runs/{rich}?tab=artifacts&path=data%2Frows.csv",
        "model": f"/experiments/{heart}/runs/{rich}?tab=artifacts&path=model%2FMLmodel", "compare": f"/experiments/{heart}/compare?runs={two}",
        "compare charts": f"/experiments/{heart}/compare?runs={two}&tab=charts", "odd": f"/experiments/{known['odd']}",
        "odd run": f"/experiments/{known['odd']}/runs/{known['hostile']}", "many metrics": f"/experiments/{known['odd']}/runs/{known['many_metrics']}",
    }


@pytest.mark.parametrize("width, theme", [(1440, "light"), (400, "dark")])
@pytest.mark.parametrize("name", ["experiments", "runs", "groups", "charts", "bands charts", "run", "run charts", "files", "model", "compare", "compare charts", "odd", "odd run", "many metrics"])
def test_every_page_is_quiet_and_accessible(page, name, width, theme):
    url, known = page
    seen = flow("look", url, path=addresses(known)[name], width=width, theme=theme)
    check_look(seen)
    assert seen["title"].endswith("· Quern")
    if "charts" in name:
        assert seen["charts"] > 0


def test_filter_offers_words_and_shows_where_it_is_wrong(page):
    url, known = page
    seen = flow("filter", url, experiment=known["heart"])
    assert seen["keys"][0] == "metrics.auc"
    assert seen["values"] == ["'boosting'", "'forest'", "'logistic'"]
    assert seen["applied"] == "metrics.auc > 0.85 AND params.model = 'boosting'"
    truth = seed_page.Api(url).post("runs/search", experiment_ids=[known["heart"]], filter=seen["applied"])["runs"]
    assert seen["names"] == [run["info"]["run_name"] for run in truth]
    assert seen["foot"] == f"{len(truth)} of {len(truth)} runs loaded"
    # The place that the server's message names.
    assert "at column" in seen["words"]
    column = int(seen["words"].split("at column ")[1].split(":")[0].split()[0])
    assert len(seen["before"]) == column - 1
    assert seen["messages"] == ["Failed to load resource: the server responded with a status of 400 (Bad Request)"]


def test_named_views_are_shared(page):
    url, known = page
    name = "best <b>of</b> all"
    seen = flow("views", url, experiment=known["heart"], name=name)
    check_quiet(seen)
    assert seen["taken"] == seen["saved"]
    assert seen["taken"]["order"] == "metrics.auc DESC"
    assert "log_loss" not in seen["heads"] and "auc" in seen["heads"]
    truth = seed_page.Api(url).post("runs/search", experiment_ids=[known["heart"]], filter="metrics.auc > 0.85", order_by=["metrics.auc DESC"])["runs"]
    assert seen["names"] == [run["info"]["run_name"] for run in truth][:len(seen["names"])]
    tags = requests.get(f"{url}/api/2.0/mlflow/experiments/get", params={"experiment_id": known["heart"]}).json()["experiment"]["tags"]
    kept = [json.loads(tag["value"]) for tag in tags if tag["key"].startswith("quern.view.")]
    assert [view["name"] for view in kept] == [name]


def test_groups_children_and_pins(page):
    url, known = page
    seen = flow("order", url, experiment=known["heart"])
    check_quiet(seen)
    assert seen["top"][0] == "search" and not any(name.startswith("search-") for name in seen["top"])
    assert seen["nested"][1:13] == [f"search-{n:02}" for n in range(11, -1, -1)]
    # From the row that was unfolded, two down.
    assert seen["pinned"] == ["search-10"]
    # Children are runs of their own in groups: 13 forests, 13 boostings and 12 of the search, 14 logistic ones, and the search.
    assert seen["groups"] == ["boosting 25", "forest 13", "logistic 14", "(none) 1"]
    assert "group" not in seen["after"]


def test_bulk_actions(page):
    url, _ = page
    api = seed_page.Api(url)
    experiment = api.experiment("bulk")
    for n in range(4):
        api.run(experiment, f"r{n}", seed_page.START + n * 1000)
    seen = flow("bulk", url, experiment=experiment)
    check_quiet(seen)
    assert seen["chosen"] == "2 runs chosen"
    assert seen["tagged"] == seen["deleted"] == seen["restored"] == ["r3", "r2"]


def test_a_bulk_action_stops_at_what_is_refused(page):
    url, known = page
    api = seed_page.Api(url)
    experiment = api.experiment("refusal")
    for n in range(40):
        api.run(experiment, f"r{n}", seed_page.START + n * 1000)
    seen = flow("refusal", url, experiment=experiment)
    assert seen["refused"] == ["403 /ajax-api/2.0/mlflow/runs/set-tag"]
    assert len(seen["alerts"]) == 1 and "not this one" in seen["alerts"][0]
    # At most what was begun at once, and what each of them took up before the answer came.
    assert seen["asked"] < 30 and seen["chosen"] == "40 runs chosen"


def test_comparison_shows_what_differs(page):
    url, known = page
    seen = flow("compare", url, experiment=known["heart"])
    check_quiet(seen)
    assert {"auc", "model", "seed"} <= set(seen["different"])
    assert set(seen["different"]) < set(seen["all"])
    assert "mlflow.source.name" in seen["all"] and "mlflow.source.name" not in seen["different"]


def test_export_holds_all_that_the_filter_finds(page):
    url, known = page
    seen = flow("csv", url, experiment=known["many"], filter="tags.team = 'red'")
    check_quiet(seen)
    rows = list(csv.DictReader(io.StringIO(seen["csv"])))
    assert seen["name"] == "many.csv"
    assert len(rows) == MANY // 2 == len({row["run_id"] for row in rows})
    assert {row["tags.team"] for row in rows} == {"red"}
    assert all(0 <= float(row["metrics.auc"]) <= 1 for row in rows)


def test_notes_are_markdown_and_never_markup(page):
    url, known = page
    run = known["runs"][5]
    text = "# Plan\n\n<img src=x onerror=alert(1)> [no](javascript:alert(1)) [yes](https://example.org/) **bold**"
    seen = flow("notes", url, experiment=known["heart"], run=run, text=text)
    check_quiet(seen)
    assert "<h3>Plan</h3>" in seen["html"] and "<strong>bold</strong>" in seen["html"]
    assert "<img" not in seen["html"] and "&lt;img" in seen["html"]
    assert seen["links"] == ["https://example.org/"]
    tags = requests.get(f"{url}/api/2.0/mlflow/runs/get", params={"run_id": run}).json()["run"]["data"]["tags"]
    assert {"key": "mlflow.note.content", "value": text} in tags


def test_files_are_shown_and_cannot_act(page):
    url, known = page
    paths = ["plots/confusion.png", "data/rows.csv", "notes/README.md", "log.txt", "config.json", "report.html", "hostile.svg", "broken.png", "model/MLmodel", "weights.bin"]
    seen = flow("artifacts", url, experiment=known["heart"], run=known["rich"], paths=paths)
    shown = seen["shown"]
    assert seen["dialogs"] == 0 and seen["outside"] == [] and seen["title"] == "boosting-38 · Quern"
    # Chromium says of each script that it did not let it run; nothing else was said.
    assert all("sandboxed" in message for message in seen["messages"])
    assert shown["plots/confusion.png"]["width"] == 320
    assert shown["hostile.svg"]["width"] == 80
    assert "cannot draw this file" in shown["broken.png"]["text"]
    assert "row 0, with a comma" in shown["data/rows.csv"]["text"]
    assert "what is" not in shown["notes/README.md"]["text"] and "What is here" in shown["notes/README.md"]["text"]
    assert '"depth": 4' in shown["config.json"]["text"] and seed_page.HOSTILE in shown["config.json"]["text"]
    assert shown["report.html"]["sandbox"] == ""
    assert "age" in shown["model/MLmodel"]["text"] and "optional" in shown["model/MLmodel"]["text"]
    assert "No viewer shows this kind of file" in shown["weights.bin"]["text"]


def test_a_run_leads_to_its_datasets_and_models(page):
    url, known = page
    seen = flow("model", url, experiment=known["heart"], run=known["rich"])
    check_quiet(seen)
    assert [thing.split()[0] for thing in seen["things"]] == ["patients", "boosted", "heart"]
    assert "@champion" in seen["things"][2]
    assert seen["files"] == ["MLmodel"]
    assert seen["columns"] == ["age", "sex", "0"]


def test_charts_zoom_and_give_their_data(page):
    url, known = page
    seen = flow("zoom", url, experiment=known["heart"], run=known["rich"])
    check_quiet(seen)
    first, last = map(int, seen["steps"])
    assert 10 < first < last < 50
    assert (seen["zoomed"]["from"], seen["zoomed"]["to"]) == (str(first), str(last))
    assert "from" not in seen["after"]
    assert seen["svg"].startswith("<svg") and "var(--" not in seen["svg"]
    rows = list(csv.DictReader(io.StringIO(seen["csv"])))
    history = requests.get(f"{url}/api/2.0/mlflow/metrics/get-history", params={"run_id": known["rich"], "metric_key": "train/loss"}).json()["metrics"]
    assert [(int(row["step"]), float(row["value"])) for row in rows] == [(point["step"], point["value"]) for point in history]


def test_a_table_of_any_length_is_short_in_the_page(page):
    url, known = page
    seen = flow("scroll", url, experiment=known["many"], runs=MANY, last="run-000000")
    check_quiet(seen)
    assert seen["most"] < 80


def test_a_table_that_is_scrolled_draws_few_rows_in_few_frames(page):
    url, known = page
    seen = flow("glide", url, experiment=known["many"], frames=60, pixels=20)
    check_quiet(seen)
    # Each row that comes is drawn once, and rows come four at a time; one more time for the beginning and the end each.
    assert 0 < seen["rows"] <= seen["passed"] + 8, seen
    assert seen["changed"] <= seen["passed"] / 4 + 2, seen
    assert seen["blank"] == 0
    # A cell that sticks is a layer in every frame: only once one scrolls aside, and then it does stay.
    assert (seen["stuck"], round(seen["aside"])) == (0, 1), seen


@pytest.mark.parametrize("name, files, searches", [("experiments", 10, 0), ("runs", 14, 3), ("charts", 17, 3), ("run", 15, 1), ("model page", 13, 0), ("data", 10, 0)])
def test_a_page_asks_for_little(page, name, files, searches):
    """Files and searches from the address to a page that is there, by a browser that has nothing of it."""
    url, known = page
    path = {**addresses(known), "model page": "/models/heart", "data": "/data"}[name]
    seen = flow("cost", url, path=path)
    check_quiet(seen)
    assert seen["windows"] == []
    assert seen["files"] <= files and seen["searches"] <= searches, seen
    if name == "charts":
        # What is far below is neither asked for nor drawn.
        assert 0 < seen["drawn"] <= seen["cards"]
        assert seen["waiting"][-2:] == ["Contours", "Boxes"], seen


def test_a_long_table_is_not_asked_for_again(page):
    url, known = page
    api = seed_page.Api(url)
    run = api.post("runs/search", experiment_ids=[known["many"]], max_results=1)["runs"][0]["info"]["run_id"]
    seen = flow("long", url, experiment=known["many"], run=run)
    check_quiet(seen)
    assert "first" in seen["short"] and seen["long"] == []


@pytest.mark.parametrize("view, asks", [("", "/runs/search"), ("?mode=charts", "/metrics/columns")])
def test_memory_stays_while_the_page_is_told_of_changes(page, view, asks):
    url, _ = page
    api = seed_page.Api(url)
    experiment = api.experiment(f"live {view}")
    run = api.run(experiment, "learning", seed_page.START, {"depth": 4}, {"live": [0.5, 0.6]}, status="RUNNING")
    seen = flow("memory", url, path=f"/experiments/{experiment}{view}", run=run, asks=asks, warm=20, updates=40)
    check_quiet(seen)
    assert seen["asked"] >= 40
    # Megabytes. An answer or a picture that is kept each time would be several more; compiled code is some tenths.
    assert seen["after"] - seen["before"] < 1.5, seen


def test_keys_zones_and_ways_back(page):
    url, known = page
    seen = flow("keys", url, experiment=known["heart"])
    check_quiet(seen)
    assert seen["utc"].endswith(" UTC") and seen["local"] != seen["utc"][:-4]
    assert (seen["help"], seen["open"]) == ("Keys", 0)
    assert (seen["inside"], seen["kept"]) == ("heart disease", "heart")


def test_theme_follows_the_system_until_chosen(page):
    seen = flow("theme", page[0])
    check_quiet(seen)
    assert (seen["before"], seen["chosen"], seen["kept"]) == ("dark", "light", "light")


def test_a_server_that_goes_away_and_comes_back(quern, tmp_path):
    port = free_port()
    seen = flow("away", f"http://127.0.0.1:{port}", program=str(quern), root=str(tmp_path / "store"))
    assert seen["before"] == [] == seen["after"]
    assert "has gone away" in seen["gone"][0]


def test_a_tab_of_before_an_upgrade_says_so(page):
    seen = flow("stale", page[0])
    check_quiet(seen)
    assert seen["before"] == [] == seen["after"]
    assert "was upgraded" in seen["said"][0]


@pytest.mark.parametrize("address, headline", [
    ("/#/experiments/{heart}", "heart disease"), ("/#/experiments/{heart}/runs/{rich}", "boosting-38"), ("/nowhere", None), ("/experiments/987654", "Experiment")])
def test_addresses_of_mlflow_and_of_nothing(page, address, headline):
    url, known = page
    if headline is None:
        assert requests.get(url + address, headers={"Accept": "text/html"}).status_code == 404
        return
    seen = flow("look", url, path=address.format(**known))
    assert seen["headline"] == headline
    assert bool(seen["alerts"]) == ("987654" in address)
