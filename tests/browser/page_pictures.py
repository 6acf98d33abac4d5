"""Takes the pictures of docs/page.md, every page in light and dark, wide and as on a phone: page_pictures.py [FOLDER].
Needs build/bin/quern, node and chromium.

Those of the life cycle are of a whole run of examples/heart, which takes a minute or two; `STORY=FOLDER` takes one that was told before."""

import itertools
import json
import os
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import requests  # noqa: E402

import seed_page  # noqa: E402 - found by the line above
from pages import flow  # noqa: E402
from ports import free_port  # noqa: E402
from wire.model_server import ModelServer  # noqa: E402
from wire.tracking_servers import Process  # noqa: E402
from wire.visits import make  # noqa: E402
from wire.whole_story import tell_story  # noqa: E402
from where import ROOT, build_folder  # noqa: E402


def pages(known):
    heart, rich = known["heart"], known["rich"]
    compared = json.dumps([known["runs"][n] for n in (30, 31, 32, 35)])
    return {
        "experiments": "/experiments", "runs": f"/experiments/{heart}?pins={json.dumps([rich])}", "groups": f"/experiments/{heart}?group=params.model&order=metrics.auc DESC",
        "charts": f"/experiments/{heart}?mode=charts&find=loss&smooth=40", "run": f"/experiments/{heart}/runs/{rich}",
        "policy": ("/models/heart", "What champion asks for"), "curves": f"/experiments/{heart}/runs/{rich}?tab=charts&find=loss", "files": f"/experiments/{heart}/runs/{rich}?tab=artifacts&path=data%2Frows.csv", "compare": f"/experiments/{heart}/compare?runs={compared}",
        "parallel": f"/experiments/{heart}/compare?tab=charts&find=auc&runs={compared}",
        "filter": f"/experiments/{heart}?filter=metrics.auc > 0.8 AND params.model LIKE boost",
    }


def pages_of_life_cycle(url):
    # The run made one of its own, from the first version to the second.
    releases = requests.get(f"{url}/api/2.0/quern/serving", timeout=60).json()["releases"]
    release, = [release for release in releases if release["stable"] == "2"]
    return {
        "home": "/", "requirements": "/requirements", "data": "/data", "source": "/data/va", "pipeline": "/pipeline?step=evaluate", "models": "/models",
        "model": "/models/heart", "version": "/models/heart/versions/champion", "versions": "/models/heart/compare?versions=%5B%221%22%2C%222%22%5D",
        "serving": "/serving", "release": f"/serving/releases/{release['id']}", "monitoring": "/monitoring", "lineage": "/lineage",
    }


def seeded(url):
    known = seed_page.seed(url)
    asked = {"policy": {"key_metrics": ["auc >= 0.8"], "reviewer": "other", "checks": ["bias_audit"]}, "reason": "as the ward asked for", "actor": "ada"}
    assert requests.put(f"{url}/api/2.0/quern/models/heart/policies/champion", json=asked, timeout=60).status_code == 200
    return pages(known)


def take(folder, store, pages_of):
    port = free_port()
    server = Process([build_folder() / "bin" / "quern", "server", "--root", store, "--port", str(port)], port, f"{store}.log", 60)
    try:
        pages = [(name, *((page, None) if isinstance(page, str) else page)) for name, page in pages_of(server.url).items()]
        for width, theme in itertools.product((1280, 400), ("light", "dark")):
            flow("pictures", server.url, width=width, height=800, theme=theme,
                 pages=[{"path": path, "click": click, "file": folder / f"{name}-{width}-{theme}.webp"} for name, path, click in pages])
    finally:
        server.stop()


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images" / "page"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as store:
        take(folder, f"{store}/store", seeded)
        told = os.environ.get("STORY")
        shutil.copytree(told or ROOT / "examples" / "heart", f"{store}/heart", symlinks=True, ignore=None if told else shutil.ignore_patterns(".quern"))
        if not told:
            tell_story(build_folder() / "bin" / "quern", f"{store}/heart")
        serving = ModelServer(build_folder() / "bin" / "quern", "heart@champion", folder=f"{store}/heart")
        take(folder, f"{store}/heart", pages_of_life_cycle)
        serving.stop()
        visits = pathlib.Path(store) / "visits"
        visits.mkdir()
        take(folder, make(build_folder() / "bin" / "quern", visits), lambda url: {"snapshots": "/data/visits/compare"})


if __name__ == "__main__":
    main()
