"""What every suite shares: where the programs are, and ports nobody uses."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import ports  # noqa: E402 - found by the line above
from where import build_folder  # noqa: E402

# Helpers that check something: say what was found, as tests do.
pytest.register_assert_rewrite("wire", "e2e.projects", "e2e.remote_tools")


@pytest.fixture(scope="session")
def quern():
    """The path of the program under test."""
    program = build_folder() / "bin" / "quern"
    assert program.exists(), f"{program} is missing: run ./dev build"
    return program


@pytest.fixture(name="free_port")
def _free_port():
    return ports.free_port()


ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def trained(quern, tmp_path_factory):
    """examples/heart with a registered champion. Nothing is served from it or written to it: tests take copies."""
    folder = tmp_path_factory.mktemp("trained") / "heart"
    shutil.copytree(ROOT / "examples" / "heart", folder, ignore=shutil.ignore_patterns(".quern"))
    done = subprocess.run([quern, "run", folder, "--until", "register"], capture_output=True, text=True)
    assert done.returncode in (0, 3), done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session")
def story(request, quern, tmp_path_factory):
    """The same to its end: deployed, watched, retrained, and a release rolled back. Servers read it; nothing changes it.
    `STORY=FOLDER` takes a copy of one that was told before, which saves minutes while one works on what reads it."""
    from wire.whole_story import tell_story

    told = os.environ.get("STORY")
    folder = shutil.copytree(told or request.getfixturevalue("trained"), tmp_path_factory.mktemp("story") / "heart", symlinks=True)
    if not told:
        tell_story(quern, folder)
    return folder


@pytest.fixture(scope="session")
def two_versions(quern, trained, tmp_path_factory):
    """The same with two versions that differ; the first is the champion. Tests take copies of it, too."""
    folder = shutil.copytree(trained, tmp_path_factory.mktemp("two_versions") / "heart", symlinks=True)
    # A gate may stop the run: the version is there all the same.
    subprocess.run([quern, "run", ".", "--set", "training.seed=8", "--until", "register"], cwd=folder, check=False, capture_output=True, timeout=300)
    done = subprocess.run([quern, "models", "heart/1", "--set-alias", "champion", "--reason", "first"], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def serve(quern, project):
    """Starts model servers in the test's `project`; what is served is its champion unless `model` says otherwise."""
    from wire.model_server import ModelServer

    started = []

    def start(*options, model="heart@champion"):
        started.append(ModelServer(quern, model, "--watch", "0.2", *options, folder=project))
        return started[-1]

    yield start
    for running in started:
        running.kill()
