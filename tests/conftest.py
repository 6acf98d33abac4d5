"""What every suite shares: where the programs are, and ports nobody uses."""

import pathlib
import socket
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from where import build_folder  # noqa: E402 - found by the line above


@pytest.fixture(scope="session")
def quern():
    """The path of the program under test."""
    program = build_folder() / "bin" / "quern"
    assert program.exists(), f"{program} is missing: run ./dev build"
    return program


@pytest.fixture
def free_port():
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
