#!/usr/bin/env python3
"""Runs clang-tidy over the sources of src/, one process per core, and shows each finding once.

A file whose text, headers of src/ and configuration did not change since it was found clean is not looked
at again (stamps under BUILD/tidy/).
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FINDING = re.compile(r"^(\S+?:\d+:\d+): (?:error|warning): (.*)$", re.M)


INCLUDED = re.compile(r'^#include "(.*)"$', re.M)


def commands_of(build):
    """How to compile each source by itself, those too that are compiled several as one (QUERN_UNITY)."""
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        unit = pathlib.Path(entry["file"])
        sources = INCLUDED.findall(unit.read_text()) if unit.parent.name == "Unity" else [str(unit)]
        for source in sources:
            if source.startswith(f"{ROOT}/src/"):
                command = entry["command"].replace(shlex.quote(str(unit)), shlex.quote(source))
                commands[source] = {"directory": entry["directory"], "file": source, "command": command}
    return commands


def state_of_headers():
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for path in sorted((ROOT / "src").rglob("*.h")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def look_at(file, build, headers):
    key = hashlib.sha256(pathlib.Path(file).read_bytes() + headers.encode()).hexdigest()
    stamp = build / "tidy" / os.path.relpath(file, ROOT / "src").replace("/", "_")
    if stamp.exists() and stamp.read_text() == key:
        return set()
    command = ["clang-tidy-19", "--quiet", "-p", str(build / "tidy"), "--extra-arg=-Wno-unknown-warning-option",
               "--extra-arg=-Wthread-safety", file]
    result = subprocess.run(command, capture_output=True, text=True, errors="replace")
    found = {(os.path.relpath(place, ROOT), text) for place, text in FINDING.findall(result.stdout)}
    if result.returncode != 0 and not found:
        found = {(os.path.relpath(file, ROOT), result.stderr.strip()[-400:] or "clang-tidy failed")}
    if not found:
        stamp.write_text(key)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("pattern", nargs="?", default="")
    arguments = parser.parse_args()
    build = (ROOT / arguments.build).resolve()
    commands = commands_of(build)
    (build / "tidy").mkdir(exist_ok=True)
    (build / "tidy" / "compile_commands.json").write_text(json.dumps(list(commands.values())))
    files = [file for file in sorted(commands) if arguments.pattern in file]
    headers = state_of_headers()
    found = set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for findings in pool.map(lambda file: look_at(file, build, headers), files):
            for place, text in sorted(findings - found):
                print(f"  {place}: {text}", flush=True)
            found |= findings
    print(f"  clang-tidy: {len(files)} files, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
