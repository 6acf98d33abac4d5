"""What the tests of the pages share: the flows of page.mjs, and what no page may do."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
UI = HERE.parents[1] / "ui"
CHROMIUM = os.environ.get("QUERN_CHROMIUM", "/usr/bin/chromium")

needs_browser = [
    pytest.mark.skipif(not shutil.which("node") or not (UI / "node_modules").exists(), reason="./dev setup brings node"),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="./dev setup brings chromium"),
]


def node(script, *arguments):
    """What a script of this folder printed."""
    done = subprocess.run(["node", str(HERE / script), *map(str, arguments)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def flow(name, url, /, **arguments):
    return node("page.mjs", name, url, json.dumps(arguments, default=str))


def check_quiet(seen):
    assert seen["messages"] == []
    assert seen["dialogs"] == 0
    assert seen["refused"] == []
    assert seen["outside"] == []


def check_look(seen, charts=False):
    """A page as it stands: quiet, accessible, as wide as its window, and in words."""
    check_quiet(seen)
    assert seen["violations"] == []
    assert seen["overflow"] <= 0
    assert seen["alerts"] == []
    for word in ("undefined", "[object", "Invalid Date"):
        assert word not in seen["text"]
    if charts:
        assert seen["charts"] > 0
