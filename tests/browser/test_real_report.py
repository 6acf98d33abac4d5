"""The page over the records of real runs: what the program writes is what the page reads."""
import shutil
import subprocess
import sys

import pytest
from pages import HERE, needs_browser, node
from test_report import SECTIONS, check_quiet

pytestmark = needs_browser

sys.path.insert(0, str(HERE.parent / "e2e"))


@pytest.fixture(scope="module")
def report(quern, tmp_path_factory):
    """Name of a project -> its report, run once."""
    task_projects = pytest.importorskip("task_projects")
    written = {}

    def get(name):
        if name not in written:
            folder = tmp_path_factory.mktemp("real") / name
            if name == "heart":
                shutil.copytree(HERE.parents[1] / "examples" / "heart", folder, ignore=shutil.ignore_patterns(".quern"))
            else:
                task_projects.ALL[name](quern, folder)
            done = subprocess.run([quern, "run", folder], capture_output=True, text=True, timeout=180)
            # A gate on latency may fail on a busy machine; the report tells of it.
            assert done.returncode in (0, 3), done.stdout + done.stderr
            written[name] = folder / ".quern" / "report.html"
        return written[name]
    return get


@pytest.mark.parametrize("width, theme", [(1280, "dark"), (390, "light")])
@pytest.mark.parametrize("name", ["wine_stream", "diabetes_stream", "heart"])
def test_every_part_of_a_real_report_is_drawn(report, name, width, theme):
    path = report(name)
    assert path.stat().st_size < 2_000_000
    seen = node("look.mjs", path, width, theme)
    check_quiet(seen)
    assert seen["sections"] == SECTIONS
    assert seen["bare"] == []
    for word in ("NaN", "undefined", "[object"):
        assert word not in seen["text"]


def test_several_classes_and_numbers_have_their_own_words(report):
    wine = node("look.mjs", report("wine_stream"), 1280, "light")["text"]
    assert "It names the right one of 3 classes" in wine
    assert "positives" not in wine
    assert "2 of unknown classes" in wine
    diabetes = node("look.mjs", report("diabetes_stream"), 1280, "light")["text"]
    assert "of the variance" in diabetes and "Predicted against actual" in diabetes
    assert "Realised performance" in diabetes and "Gain in RMSE" in diabetes
    assert "Right and wrong answers" not in diabetes
