#!/usr/bin/env python3
"""Checks every #include of src/, and every DEPS of src/CMakeLists.txt, against ARCHITECTURE.md.

Three fenced blocks of that page are read: `rooms` (floor, room, rooms it may include), `fences` (a
library's header and the only rooms that may see it) and `absent` (headers a room never includes). A test may
include any room on its own floor or below; what a front's main.cc may include is what its room may.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "ARCHITECTURE.md"
TEST_FILE = re.compile(r"(_test\.cc|_bench\.cc|/test_\w+\.(h|cc))$")
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
ROOM_LINE = re.compile(r"^\s*quern_room\((\w+)([^)]*)\)", re.M)


def block(name):
    """The lines of one fenced block, as (line number, text), without comments."""
    lines, inside = [], False
    for number, line in enumerate(PAGE.read_text().splitlines(), 1):
        if line.strip() == f"```{name}":
            inside = True
        elif line.startswith("```"):
            inside = False
        elif inside and line.strip() and not line.lstrip().startswith("#"):
            lines.append((number, line))
    if not lines:
        sys.exit(f"{PAGE.name}: no ```{name} block")
    return lines


def read_rooms(problems):
    floors, allowed = {}, {}
    for number, line in block("rooms"):
        head, _, tail = line.partition(":")
        floor, room = head.split()
        floors[room], allowed[room] = int(floor), tail.split()
        for other in allowed[room]:
            if other not in floors and other != room:
                problems.append(f"{PAGE.name}:{number}: {room} lists {other}, which no earlier line declares "
                                "(lower floors first; a circle on one floor is not allowed)")
            elif floors[other] > floors[room]:
                problems.append(f"{PAGE.name}:{number}: {room} is below {other}")
    return floors, allowed


def read_table(name):
    return {head.strip(): tail.split() for head, _, tail in (line.partition(":") for _, line in block(name))}


def sources():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "src"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout.split()
    return sorted(name for name in listed if name.endswith((".h", ".cc")) and (ROOT / name).exists())


def includes(path):
    for number, line in enumerate((ROOT / path).read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def room_of(path):
    """The room that a path under src/ belongs to: its first folder."""
    return path.split("/", 1)[0]


def inside(path, places):
    return any(path.startswith(place + "/") for place in places)


def check_edge(where, inner, header, floors, allowed, problems):
    here, there = room_of(inner), room_of(header)
    if there == here or there not in floors:
        return
    if TEST_FILE.search(inner):
        if floors[there] > floors[here]:
            problems.append(f"{where}: a test of {here} (floor {floors[here]}) includes {header} of floor "
                            f"{floors[there]}")
    elif there not in allowed[here]:
        problems.append(f"{where}: {here} includes {header}, but ARCHITECTURE.md lists no edge {here} -> {there}")


def check_file(path, floors, allowed, fences, absent, problems):
    inner = path.removeprefix("src/")
    here = room_of(inner)
    if here not in floors:
        text = f"src/{here}/: room {here} is not in ARCHITECTURE.md"
        if text not in problems:
            problems.append(text)
        return
    for number, quote, header in includes(path):
        where = f"{path}:{number}"
        if quote == '"':
            check_edge(where, inner, header, floors, allowed, problems)
            if "/" not in header and not (ROOT / "src" / header).exists():
                problems.append(f'{where}: "{header}": includes are absolute from src/')
        for fence, places in fences.items():
            seen = header.startswith(fence) if fence.endswith("/") else header == fence or (
                header.endswith("/" + fence))
            if seen and not inside(inner, places):
                problems.append(f"{where}: only {', '.join(places)} may include {header}")
        name = f"<{header}>" if quote == "<" else header
        if name in absent.get(here, []) and not TEST_FILE.search(inner):
            problems.append(f"{where}: {here}/ never includes {name} (no input or output in mathematics)")


def check_cmake(floors, allowed, problems):
    text = (ROOT / "src" / "CMakeLists.txt").read_text()
    for match in ROOM_LINE.finditer(text):
        room, rest = match.group(1).split("_")[0], match.group(2)
        line = text[:match.start()].count("\n") + 1
        deps = re.search(r"(?<![A-Z_])DEPS\s+([a-z_ \n]+)", rest)
        for dep in deps.group(1).split() if deps else []:
            there = dep.split("_")[0]
            if room not in floors:
                problems.append(f"src/CMakeLists.txt:{line}: room {room} is not in ARCHITECTURE.md")
                break
            if there != room and there not in allowed[room]:
                problems.append(f"src/CMakeLists.txt:{line}: {room} links {there}, but ARCHITECTURE.md lists no "
                                f"edge {room} -> {there}")


def main():
    problems = []
    floors, allowed = read_rooms(problems)
    fences, absent = read_table("fences"), read_table("absent")
    files = sources()
    for path in files:
        check_file(path, floors, allowed, fences, absent, problems)
    check_cmake(floors, allowed, problems)
    for room in floors:
        if not any(path.startswith(f"src/{room}/") for path in files):
            problems.append(f"ARCHITECTURE.md: room {room} has no folder in src/")
        elif not (ROOT / "src" / room / "README.md").exists():
            problems.append(f"src/{room}/README.md is missing")
    for problem in problems:
        print(f"  {problem}")
    print(f"  includes: {len(files)} files, {len(floors)} rooms, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
