"""Where things are: for tests, and for what they share."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def build_folder():
    return pathlib.Path(os.environ.get("QUERN_BUILD", ROOT / "build")).resolve()
