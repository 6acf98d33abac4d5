"""Reads, runs, compares and rewrites command transcripts; tests/cli/README.md describes the format."""

import dataclasses
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TIMEOUT_SECONDS = 180
PLACEHOLDERS = {"<...>": ".*?", "<number>": r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", "<hex>": "[0-9a-f]+",
                "<time>": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"}


@dataclasses.dataclass
class Block:
    """One command: where it stands, its text, the lines it should print, the exit code it should give."""

    line: int
    command: list[str]
    expected: list[str]
    exit_code: int = 0
    # Blank lines and comments between this block and the next, kept when the file is rewritten.
    trailer: list[str] = dataclasses.field(default_factory=list)


class FormatError(Exception):
    """A transcript that cannot be read."""


def parse(text):
    """Returns (lines before the first command, blocks)."""
    head, blocks = [], []
    for number, line in enumerate(text.splitlines(), 1):
        block = blocks[-1] if blocks else None
        if line.startswith("$ "):
            blocks.append(Block(number, [line[2:]], []))
        elif block is None:
            if line.strip() and not line.startswith("##"):
                raise FormatError(f"line {number}: expected a command ('$ …') or a comment ('## …')")
            head.append(line)
        elif line.startswith("> ") and not block.expected and not block.trailer:
            block.command.append(line[2:])
        elif line.startswith("##"):
            block.trailer.append(line)
        elif re.fullmatch(r"\? \d+", line):
            block.exit_code = int(line[2:])
        elif block.trailer and any(entry.startswith("##") for entry in block.trailer) and line.strip():
            raise FormatError(f"line {number}: output after a comment")
        elif block.trailer or not line.strip():
            # A blank line belongs to the output only if more output follows it.
            block.trailer.append(line)
            if line.strip():
                block.expected += block.trailer
                block.trailer = []
        else:
            block.expected.append(line)
    return head, blocks


def render(head, blocks):
    lines = list(head)
    for block in blocks:
        lines.append("$ " + block.command[0])
        lines += ["> " + line for line in block.command[1:]]
        lines += block.expected
        if block.exit_code:
            lines.append(f"? {block.exit_code}")
        lines += block.trailer
    return "\n".join(lines).rstrip("\n") + "\n"


def pattern_of(line):
    parts = re.split("(" + "|".join(map(re.escape, PLACEHOLDERS)) + ")", line)
    return re.compile("".join(PLACEHOLDERS.get(part, re.escape(part)) for part in parts))


def matches(expected, actual):
    """Whether the lines agree; `...` alone on a line stands for any number of lines."""
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(matches(expected[1:], actual[skip:]) for skip in range(len(actual) + 1))
    return bool(actual) and pattern_of(expected[0]).fullmatch(actual[0]) is not None and (
        matches(expected[1:], actual[1:]))


def refreshed(expected, actual):
    """The actual lines, each replaced by the expected line that describes it, where one still does."""
    kept, at = [], 0
    for line in actual:
        for ahead in range(at, len(expected)):
            if expected[ahead] != "..." and pattern_of(expected[ahead]).fullmatch(line):
                kept.append(expected[ahead])
                at = ahead + 1
                break
        else:
            kept.append(line)
    return kept


def environment(folder, bin_folder):
    return {
        "PATH": f"{bin_folder}:{ROOT / 'tests' / 'cli' / 'bin'}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8", "TERM": "dumb", "NO_COLOR": "1",
        "EXAMPLES": str(ROOT / "examples"), "PYTHON": sys.executable,
    }


def execute(block, folder, bin_folder):
    """Runs one command in `folder`; returns (lines printed on stdout and stderr together, exit code)."""
    result = subprocess.run(["bash", "-c", "\n".join(block.command)], cwd=folder, env=environment(folder, bin_folder),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            timeout=TIMEOUT_SECONDS)
    text = result.stdout.decode("utf-8", errors="replace").replace(str(folder), "$PWD")
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines, result.returncode


def difference(path, block, actual, code):
    lines = [f"{path}:{block.line}", "$ " + "\n> ".join(block.command)]
    if code != block.exit_code:
        lines.append(f"exit code {code}, expected {block.exit_code}")
    lines += ["--- expected", *block.expected, "--- printed", *actual]
    lines.append("(QUERN_UPDATE_EXPECT=1 rewrites the file)")
    return "\n".join(lines)
