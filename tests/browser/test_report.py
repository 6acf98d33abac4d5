"""The report page in a real browser: complete, quiet, readable, and without a network."""
import json
import subprocess

import pytest
from pages import UI, needs_browser, node

SECTIONS = ["charter", "data", "training", "evaluation", "deployment", "monitoring", "retraining", "lineage", "run"]

pytestmark = needs_browser


@pytest.fixture(scope="session")
def write(tmp_path_factory):
    """Fills the page with a document, as src/report does."""
    folder = tmp_path_factory.mktemp("report")
    template = UI / "dist" / "report.html"
    if not template.exists():
        subprocess.run(["node", "scripts/build.mjs"], cwd=UI, check=True, capture_output=True)
    page = template.read_text(encoding="utf-8")

    def fill(name, document):
        text = json.dumps(document).replace("<", "\\u003c")
        path = folder / f"{name}.html"
        path.write_text(page.replace('"@QUERN_DOCUMENT@"', text), encoding="utf-8")
        return path

    return fill


def sample(name):
    return json.loads((UI / "sample" / f"{name}.json").read_text(encoding="utf-8"))


def check_quiet(seen):
    assert seen["messages"] == []
    assert seen["alerts"] == []
    assert seen["requests"] == []
    assert seen["overflow"] <= 0
    assert seen["outside"] == []
    assert seen["long"] == [], "numbers with more digits than anyone reads"
    assert seen["violations"] == []


@pytest.mark.parametrize("width, theme", [(1280, "light"), (390, "dark")])
def test_whole_report(write, width, theme):
    path = write("report", sample("report"))
    assert path.stat().st_size < 2_000_000
    seen = node("look.mjs", path, width, theme)
    check_quiet(seen)
    assert seen["sections"] == SECTIONS
    assert seen["charts"] >= 9
    assert seen["explorer"]["before"] != seen["explorer"]["after"]
    assert seen["toggled"] == ([theme, "light"] if theme == "dark" else [theme, "dark"])


def test_wide_texts_stay_in_their_boxes(write):
    document = sample("report")
    for node_of in document["lineage"]["nodes"]:
        node_of["label"], node_of["detail"] = "W" * 30, "MW" * 20
    seen = node("look.mjs", write("wide", document), 1280, "light")
    assert seen["outside"] == []
    # Cut, not gone.
    assert seen["text"].count("WWWWWW") >= len(document["lineage"]["nodes"])


@pytest.mark.parametrize("name", ["multiclass", "regression", "stopped"])
def test_other_documents(write, name):
    seen = node("look.mjs", write(name, sample(name)), 390, "light")
    check_quiet(seen)
    assert seen["sections"] == SECTIONS
    assert any("Nothing was registered or deployed" in text for text in seen["empty"])


def test_empty_document_says_what_did_not_run(write):
    seen = node("look.mjs", write("empty", {"project": "empty"}), 390, "light")
    check_quiet(seen)
    assert seen["sections"] == SECTIONS
    assert len(seen["empty"]) >= len(SECTIONS)


def hollow(value, depth=0):
    """The document with every leaf null and one element in every list."""
    if isinstance(value, dict):
        kept = ("source", "batch", "name", "id", "kind", "column", "metric", "label", "text", "status", "success", "from", "to",
                "by", "value", "model", "a", "b", "when", "key", "role")
        return {k: (v if k in kept and not isinstance(v, (dict, list)) else hollow(v, depth + 1)) for k, v in value.items()}
    if isinstance(value, list):
        return [hollow(v, depth + 1) for v in value[:1] if isinstance(v, (dict, list))]
    return None


def test_null_everywhere_is_kindly_shown(write):
    seen = node("look.mjs", write("hollow", hollow(sample("report"))), 390, "light")
    assert seen["messages"] == []
    assert seen["alerts"] == []
    for word in ("NaN", "undefined", "null", "[object"):
        assert word not in seen["text"]


def test_text_of_a_document_is_never_markup(write):
    document = sample("stopped")
    document["project"] = "</script><img src=x onerror=alert(1)>"
    seen = node("look.mjs", write("hostile", document), 1280, "light")
    check_quiet(seen)
    assert seen["headline"] == document["project"]


def test_profile_shows_data_alone(write):
    record = sample("report")["explore"][2]
    seen = node("look.mjs", write("profile", {"view": "profile", "project": "va.csv", "explore": [record]}), 390, "dark")
    check_quiet(seen)
    assert seen["sections"] == ["data"]


def test_print_is_whole_and_light(write, tmp_path):
    seen = node("print.mjs", write("print", sample("report")), tmp_path / "report.pdf")
    assert seen["wide"] == []
    assert seen["background"] == "rgb(255, 255, 255)"
    assert seen["closed"] == 0
    assert seen["formulas"] > 0
    assert (tmp_path / "report.pdf").stat().st_size > 50_000
