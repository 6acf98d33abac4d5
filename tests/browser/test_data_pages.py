"""Long series, surfaces, snapshots, PDF files and the code of a run in a real browser, over a project with a seeded store."""

import csv
import io
import random

import pytest
import requests
import seed_page
from pages import check_look, check_quiet, flow, needs_browser

from wire.tracking_servers import Store, quern_server
from wire.visits import make

pytestmark = needs_browser

LONG = 200_000
SPIKE = 123_457
COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIFF = """diff --git a/train.py b/train.py
index 83db48f..bf269f4 100644
--- a/train.py
+++ b/train.py
@@ -1,3 +1,4 @@ def train():
 depth = 3
-rate = 0.1
+rate = 0.2
+name = "<img src=x onerror=alert(1)>"
 -- not a header
diff --git a/new.txt b/new.txt
new file mode 100644
--- /dev/null
+++ b/new.txt
@@ -0,0 +1 @@
+one
\\ No newline at end of file
"""


def pdf(*texts):
    """Pages with a line each; one that opens tries to run a script, and has a link elsewhere."""
    objects = ["<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> >>", "",
               "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for text in texts:
        content = f"BT /F1 36 Tf 60 700 Td ({text}) Tj ET 60 600 200 40 re f"
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R /Resources << /Font << /F1 3 0 R >> >> "
                       "/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 612 792] /A << /S /URI /URI (http://example.org/) >> >>] >>")
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out, places = "%PDF-1.7\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{one}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return f"{out}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer << /Root 1 0 R /Size {len(objects) + 1} >>\nstartxref\n{len(out)}\n%%EOF\n".encode()


def seed(url):
    api = seed_page.Api(url)
    rng = random.Random(5)
    experiment = api.experiment("surfaces")
    runs = [api.run(experiment, f"trial-{n:02}", seed_page.START + n * 60_000,
                    {"learning_rate": f"{10 ** rng.uniform(-4, -1):.6f}", "depth": rng.randint(2, 10), "leaves": rng.randint(8, 64), "kind": "boosting" if n % 2 else "forest"},
                    {"auc": 0.7 + 0.2 * rng.random()}) for n in range(30)]
    long = [api.run(experiment, f"long-{n}", seed_page.START + n, {"kind": "boosting" if n else "forest"}, tags={
        "mlflow.source.git.commit": COMMIT, "mlflow.source.git.branch": "feature/x", "mlflow.source.git.repoURL": "git@github.com:team/heart.git",
        "mlflow.source.git.dirty": "true", "mlflow.source.git.diff": DIFF}) for n in range(2)]
    for n, run in enumerate(long):
        body = io.StringIO()
        for step in range(LONG):
            value = 9.5 if step == SPIKE and n == 0 else 0.5 + 0.1 * n + rng.gauss(0, 0.02)
            body.write(f'{{"run_id":"{run}","key":"long","step":{step},"timestamp":{seed_page.START + step * 10},"value":{value}}}\n')
        answer = requests.post(f"{url}/api/2.0/quern/ingest", data=body.getvalue(), headers={"Content-Type": "application/x-ndjson"}, timeout=120)
        assert answer.ok, answer.text[:500]
    api.artifact(experiment, long[0], "paper.pdf", pdf("First page", "Second page"))
    api.artifact(experiment, long[0], "broken.pdf", b"%PDF-1.7 and nothing that follows")
    api.artifact(experiment, long[0], "changes.patch", DIFF)
    return {"experiment": experiment, "runs": runs, "long": long}


@pytest.fixture(scope="module")
def page(quern, tmp_path_factory):
    folder = make(quern, tmp_path_factory.mktemp("visits"))
    process = quern_server(quern, Store(folder))
    yield process.url, seed(process.url)
    process.kill()


def addresses(known):
    run = f"/experiments/{known['experiment']}/runs/{known['long'][0]}"
    return {
        "snapshots": "/data/visits/compare", "source": "/data/visits", "charts": f"/experiments/{known['experiment']}?mode=charts",
        "band charts": f"/experiments/{known['experiment']}?mode=charts&group=params.kind&find=long", "smooth charts": f"{run}?tab=charts&smooth=50&x=time",
        "pdf": f"{run}?tab=artifacts&path=paper.pdf", "patch": f"{run}?tab=artifacts&path=changes.patch", "code": run,
    }


@pytest.mark.parametrize("width, theme", [(1440, "light"), (1440, "dark"), (400, "dark")])
@pytest.mark.parametrize("name", ["snapshots", "source", "charts", "band charts", "smooth charts", "pdf", "patch", "code"])
def test_every_page_is_quiet_and_accessible(page, name, width, theme):
    url, known = page
    seen = flow("look", url, path=addresses(known)[name], width=width, theme=theme)
    check_look(seen)
    assert "NaN" not in seen["text"]
    if "charts" in name:
        assert seen["charts"] > 0


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_spike_of_one_point_in_a_long_series_is_drawn(page):
    url, known = page
    seen = flow("spike", url, experiment=known["experiment"], run=known["long"][0])
    check_quiet(seen)
    drawn = rows_of(seen["csv"])
    assert len(drawn) == 320
    assert f"320 of {LONG // 1000}\u2009000 points are drawn" in seen["words"].replace("\n", " ") or "320 of 200" in seen["words"]
    assert [row["step"] for row in drawn if float(row["value"]) == 9.5] == [str(SPIKE)]
    # The axis ends at 10: the spike is near the top of the picture.
    assert 0 < seen["top"] < 40
    assert seen["svg"].startswith("<svg") and "<path" in seen["svg"] and "var(--" not in seen["svg"]
    first, last = seen["steps"]
    assert 0 < first < last < LONG
    assert (seen["zoomed"]["from"], seen["zoomed"]["to"]) == (str(first), str(last))
    closer = [int(row["step"]) for row in rows_of(seen["closer"])]
    assert 300 < len(closer) <= 320 and first <= min(closer) and max(closer) <= last


def test_a_metric_is_drawn_over_two_parameters(page):
    url, known = page
    seen = flow("contour", url, experiment=known["experiment"])
    check_quiet(seen)
    assert seen["violations"] == []
    api = seed_page.Api(url)
    truth = {}
    for run in api.post("runs/search", experiment_ids=[known["experiment"]], max_results=100)["runs"]:
        metrics = {metric["key"]: metric["value"] for metric in run["data"].get("metrics", [])}
        if "auc" in metrics:
            truth[run["info"]["run_id"]] = metrics["auc"]
    got = rows_of(seen["csv"])
    # The page draws the first 20 runs of an experiment.
    assert len(got) >= 15 and all(float(row["auc"]) == truth[row["run_id"]] for row in got)
    assert seen["svg"].count("<path") > 8
    assert seen["label"].startswith("auc over ") and seen["after"].startswith("auc over depth and ")
    assert "Between the runs" in seen["before"]


def test_a_pdf_is_read_page_by_page_and_runs_nothing(page):
    url, known = page
    seen = flow("pdf", url, experiment=known["experiment"], run=known["long"][0])
    check_quiet(seen)
    assert seen["violations"] == []
    assert (seen["first"]["text"], seen["second"]["text"]) == ("First page", "Second page")
    assert seen["first"]["ink"] > 1000 and seen["second"]["ink"] > 1000
    assert "of 2" in seen["bar"] and seen["last"]
    assert seen["broken"].startswith("This is not a PDF that can be read")


def test_code_leads_to_its_commit_and_shows_what_was_changed(page):
    url, known = page
    seen = flow("code", url, experiment=known["experiment"], run=known["long"][0])
    check_quiet(seen)
    assert seen["violations"] == []
    assert seen["links"] == [[COMMIT[:12], f"https://github.com/team/heart/commit/{COMMIT}", "noopener noreferrer"],
                             ["feature/x", "https://github.com/team/heart/tree/feature/x", "noopener noreferrer"],
                             ["git@github.com:team/heart.git", "https://github.com/team/heart", "noopener noreferrer"]]
    assert [text.split()[0] for text in seen["files"]] == ["train.py", "new.txt"]
    assert seen["added"] == ["rate = 0.2", 'name = "<img src=x onerror=alert(1)>"', "one"]
    assert seen["taken"] == ["rate = 0.1"]
    assert seen["remarks"] == ["No newline at end of file"]


def test_two_snapshots_are_compared(page):
    url, _ = page
    seen = flow("snapshots", url, source="visits")
    check_quiet(seen)
    assert "100 removed" in seen["text"] and "weight added" in seen["text"]
    assert set(seen["cards"]) >= {"age", "sex", "ill"}
    assert (seen["swapped"]["before"], seen["swapped"]["after"]) == (seen["search"]["after"], seen["search"]["before"])
    assert "weight removed" in seen["lead"]
