#!/usr/bin/env python3
"""Checks what no compiler looks at: lengths of files, header guards, stray notes, and reference data."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOFT_LINES, HARD_LINES = 400, 800
FIXTURE_BYTES = 300_000


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(name for name in listed if (ROOT / name).is_file())


def check_source(name, problems, notes):
    lines = (ROOT / name).read_text(errors="replace").splitlines()
    if len(lines) > HARD_LINES:
        problems.append(f"{name}: {len(lines)} lines, at most {HARD_LINES}")
    elif len(lines) > SOFT_LINES:
        notes.append(f"{name}: {len(lines)} lines; aim at {SOFT_LINES}")
    if name.endswith(".h") and "#pragma once" not in lines:
        problems.append(f"{name}: no #pragma once")
    for number, line in enumerate(lines, 1):
        if re.search(r"\b(TODO|FIXME|XXX)\b", line):
            problems.append(f"{name}:{number}: a note to do something belongs in an issue")
        if line.startswith("using namespace") and not name.endswith("_test.cc"):
            problems.append(f"{name}:{number}: no `using namespace` for a whole file")


def check_fixtures(problems):
    """Reference values are written by a committed script, never by hand, and stay small."""
    scripts = "\n".join((ROOT / name).read_text() for name in tracked("tests/**/*.py"))
    for name in tracked("tests/parity/data/*"):
        path = pathlib.Path(name)
        known = path.name in scripts or path.stem in scripts
        if not known:
            problems.append(f"{name}: no script under tests/ names it")
        if (ROOT / name).stat().st_size > FIXTURE_BYTES:
            problems.append(f"{name}: {(ROOT / name).stat().st_size} bytes, at most {FIXTURE_BYTES}")


def main():
    problems, notes = [], []
    files = tracked("src/*.h", "src/*.cc")
    for name in files:
        check_source(name, problems, notes)
    check_fixtures(problems)
    for note in notes:
        print(f"  note: {note}")
    for problem in problems:
        print(f"  {problem}")
    print(f"  sources: {len(files)} files, {len(problems)} problems, {len(notes)} notes")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
