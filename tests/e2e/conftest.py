"""Projects that several tests look at; a test that changes one works on a copy."""

import pathlib
import shutil
import sys
import types

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import projects  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def heart(quern, tmp_path_factory):
    """The heart example, run once: `folder`, the finished process `done`, its `events`."""
    folder = tmp_path_factory.mktemp("heart") / "heart"
    shutil.copytree(ROOT / "examples" / "heart", folder,
                    ignore=shutil.ignore_patterns(".quern", "quern.lock"))
    done, events = projects.run_events(quern, folder)
    return types.SimpleNamespace(folder=folder, done=done, events=events)


@pytest.fixture(scope="session")
def small_run(quern, tmp_path_factory):
    """The small project, run once without disturbance."""
    folder = projects.write_small(tmp_path_factory.mktemp("small") / "small")
    done, events = projects.run_events(quern, folder)
    assert done.returncode == 0, done.stderr
    return types.SimpleNamespace(folder=folder, done=done, events=events,
                                 lines=done.stdout.splitlines(), lock=(folder / "quern.lock").read_bytes())


@pytest.fixture
def small_copy(small_run, tmp_path):
    """A copy of the small project with everything it has in its cache."""
    return shutil.copytree(small_run.folder, tmp_path / "small")
