"""Takes the pictures of docs/page.md: page_pictures.py [FOLDER]. Needs build/bin/quern, node and chromium."""

import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "wire")]

import seed_page  # noqa: E402 - found by the line above
from tracking_servers import Process, free_port  # noqa: E402
from where import ROOT, build_folder  # noqa: E402


def pages(known):
    heart, rich = known["heart"], known["rich"]
    compared = json.dumps([known["runs"][n] for n in (30, 31, 32, 35)])
    return {
        "experiments": "/experiments", "runs": f"/experiments/{heart}?pins={json.dumps([rich])}", "groups": f"/experiments/{heart}?group=params.model&order=metrics.auc DESC",
        "charts": f"/experiments/{heart}?mode=charts&find=loss&smooth=40", "run": f"/experiments/{heart}/runs/{rich}",
        "files": f"/experiments/{heart}/runs/{rich}?tab=artifacts&path=data%2Frows.csv", "compare": f"/experiments/{heart}/compare?runs={compared}",
        "parallel": f"/experiments/{heart}/compare?tab=charts&find=auc&runs={compared}",
        "filter": f"/experiments/{heart}?filter=metrics.auc > 0.8 AND params.model LIKE boost",
    }


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images" / "page"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as store:
        port = free_port()
        server = Process([build_folder() / "bin" / "quern", "server", "--root", f"{store}/store", "--port", str(port)], port, pathlib.Path(store) / "log", 60)
        try:
            known = seed_page.seed(server.url)
            for name, path in pages(known).items():
                for width, height, theme in ((1280, 800, "light"), (400, 800, "dark")):
                    args = {"path": path, "width": width, "height": height, "theme": theme, "file": str(folder / f"{name}-{width}-{theme}.png")}
                    subprocess.run(["node", str(HERE / "page.mjs"), "picture", server.url, json.dumps(args)], check=True, stdout=subprocess.DEVNULL)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
