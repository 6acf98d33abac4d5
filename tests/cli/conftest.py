"""Collects every *.test of this folder as one pytest test: a transcript of commands."""

import os
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import transcript  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def pytest_collect_file(parent, file_path):
    if file_path.suffix == ".test":
        return TranscriptFile.from_parent(parent, path=file_path)
    return None


class TranscriptFailure(Exception):
    """A command printed something else; the text shows both."""


class TranscriptFile(pytest.File):
    def collect(self):
        yield TranscriptItem.from_parent(self, name=self.path.stem)


class TranscriptItem(pytest.Item):
    def runtest(self):
        bin_folder = pathlib.Path(os.environ.get("QUERN_BUILD", ROOT / "build")).resolve() / "bin"
        if not (bin_folder / "quern").exists():
            raise TranscriptFailure(f"{bin_folder}/quern is missing: run ./dev build")
        head, blocks = transcript.parse(self.path.read_text())
        folder = pathlib.Path(tempfile.mkdtemp(prefix="quern-cli-"))
        # The ordinary user of `as-user` has to get in as well.
        folder.chmod(0o755)
        try:
            self.run_blocks(head, blocks, folder, bin_folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def run_blocks(self, head, blocks, folder, bin_folder):
        update = os.environ.get("QUERN_UPDATE_EXPECT") == "1"
        for block in blocks:
            actual, code = transcript.execute(block, folder, bin_folder)
            if code == block.exit_code and transcript.matches(block.expected, actual):
                continue
            if not update:
                raise TranscriptFailure(transcript.difference(self.path, block, actual, code))
            block.expected = transcript.refreshed(block.expected, actual)
            block.exit_code = code
        if update:
            self.path.write_text(transcript.render(head, blocks))

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, (TranscriptFailure, transcript.FormatError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, 0, f"transcript {self.name}"
