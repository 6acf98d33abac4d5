"""Where things are: for tests, and for what they share."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def build_folder():
    return pathlib.Path(os.environ.get("QUERN_BUILD", ROOT / "build")).resolve()


def dependencies():
    """What ./dev setup fetched."""
    return pathlib.Path(os.environ.get("QUERN_DEPS") or ROOT / ".deps").resolve()
