#!/usr/bin/env python3
"""Writes THIRD_PARTY_NOTICES: every component that an installed Quern contains, with its licence's text.

Components are the dependencies of third_party/manifest that are no tools and not for tests alone, the Debian packages of
third_party/debian.txt that name a licence, and the npm packages that end in the pages. --check
writes nothing and fails when a text is missing or a licence is not one that allows redistribution.
"""

import argparse
import dataclasses
import json
import pathlib
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "THIRD_PARTY_NOTICES"
ALLOWED = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "ISC", "MIT", "MPL-2.0",
           "PostgreSQL", "Unlicense", "Zlib", "blessing", "curl"}


@dataclasses.dataclass
class Component:
    name: str
    version: str
    licence: str
    origin: str
    text: str


def native_components(deps):
    with open(ROOT / "third_party" / "manifest", "rb") as file:
        dependencies = tomllib.load(file)["dependency"]
    for one in dependencies:
        if one["use"] in ("tool", "test"):
            continue
        folder = deps / "licenses" / one["name"]
        files = [folder / pathlib.Path(notice).name for notice in one["notices"]]
        text = "\n\n".join(file.read_text(errors="replace").strip() for file in files if file.exists())
        yield Component(one["name"], one["version"], one["licence"], one["package"], text)


def debian_version(package):
    result = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True)
    return result.stdout.strip()


def debian_components():
    for line in (ROOT / "third_party" / "debian.txt").read_text().splitlines():
        words = line.split()
        if not words or line.startswith("#") or words[2] == "-":
            continue
        path = pathlib.Path("/usr/share/doc") / words[0] / "copyright"
        text = path.read_text(errors="replace").strip() if path.exists() else ""
        yield Component(words[0], debian_version(words[0]), words[2], "Debian 12", text)


def npm_components():
    lock = ROOT / "ui" / "package-lock.json"
    if not lock.exists():
        return
    for path, one in sorted(json.loads(lock.read_text())["packages"].items()):
        if not path or one.get("dev") or one.get("optional"):
            continue
        folder = ROOT / "ui" / path
        files = sorted(file for file in folder.glob("*")
                       if file.is_file() and file.name.upper().startswith(("LICENSE", "LICENCE", "NOTICE")))
        text = "\n\n".join(file.read_text(errors="replace").strip() for file in files)
        yield Component(path.removeprefix("node_modules/"), one["version"], one.get("license", ""), "npm", text)


def problems_of(components):
    for one in components:
        if not one.text:
            yield f"{one.name}: no licence text found; run ./dev setup, or correct its `notices`"
        if one.licence not in ALLOWED:
            yield f"{one.name}: licence {one.licence!r} is not one of {', '.join(sorted(ALLOWED))}"


def render(components):
    lines = ["Quern contains or links the third-party software below. Quern itself is under the Apache License 2.0",
             "(see LICENSE). Written by ./dev licenses.", ""]
    width = max(len(one.name) for one in components)
    lines += [f"  {one.name:<{width}}  {one.version:<24} {one.licence}" for one in components]
    shown = {}
    for one in components:
        lines += ["", "=" * 78, f"{one.name} {one.version} ({one.licence}; {one.origin})", "=" * 78, ""]
        if one.text in shown:
            lines.append(f"The same text as for {shown[one.text]}.")
        else:
            shown[one.text] = one.name
            lines.append(one.text)
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deps", type=pathlib.Path, default=ROOT / ".deps")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    components = [*native_components(arguments.deps), *debian_components(), *npm_components()]
    problems = list(problems_of(components))
    for problem in problems:
        print(f"  {problem}")
    if problems:
        return 1
    if arguments.check:
        print(f"  licences: {len(components)} components")
        return 0
    OUTPUT.write_text(render(components))
    print(f"{OUTPUT.name}: {len(components)} components, {OUTPUT.stat().st_size // 1024} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
