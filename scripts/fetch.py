#!/usr/bin/env python3
"""Brings the dependencies of third_party/manifest into the dependency folder.

    fetch.py DEPS --list              one line per dependency: name, version, "present" or "missing"
    fetch.py DEPS --fetch NAME        downloads, checks the digest, unpacks; prints nothing when good

Archives come through the registries' own clients (pip, npm, mvn) and are kept in ~/.cache/quern (or
$QUERN_CACHE), so that a second checkout downloads nothing. A file that is already in place with the
same content is left alone: what links to it need not be built again.
"""

import argparse
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "third_party" / "manifest"
MAVEN_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:2.8"
SYSTEM_LIBRARY_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib")


class FetchError(Exception):
    """A failure whose message names the file and the remedy."""


def load_manifest():
    with open(MANIFEST, "rb") as file:
        return tomllib.load(file)["dependency"]


def cache_folder():
    home = os.environ.get("QUERN_CACHE") or pathlib.Path.home() / ".cache" / "quern"
    folder = pathlib.Path(home)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stamp_of(dependency):
    """Changes whenever the manifest says something else about the dependency."""
    return hashlib.sha256(json.dumps(dependency, sort_keys=True).encode()).hexdigest()


def stamp_path(deps, dependency):
    return deps / "stamps" / dependency["name"]


def is_present(deps, dependency):
    stamp = stamp_path(deps, dependency)
    if not stamp.exists() or stamp.read_text().strip() != stamp_of(dependency):
        return False
    targets = list(dependency["unpack"].values()) + list(dependency.get("link", {}))
    return all((deps / target).exists() for target in targets)


# pip asks every source archive for its metadata by way of the package's own build tool, which would
# build half of it. This stands in for that tool: all that pip wants to know is what it asked for.
BACKEND = """
import pathlib

def get_requires_for_build_wheel(settings=None):
    return []

def prepare_metadata_for_build_wheel(folder, settings=None):
    info = pathlib.Path(folder) / "{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    return info.name
"""


def pip_source_command(deps, dependency, folder):
    """pip download of a source archive, of which nothing is built or run."""
    stand_in = pathlib.Path(folder) / "backend"
    stand_in.mkdir()
    name, version = dependency["package"].split("==")
    (stand_in / f"{dependency['backend']}.py").write_text(BACKEND.format(name=name, version=version))
    return ["env", f"PYTHONPATH={stand_in}", str(deps / "venv" / "bin" / "python"), "-m", "pip", "download",
            "--no-deps", "--no-build-isolation", "--no-binary", name, "--dest", str(folder), dependency["package"]]


def download(deps, dependency, folder):
    """Asks the registry's client for the archive; it lands in `folder`."""
    if dependency["source"] == "pypi-source":
        command = pip_source_command(deps, dependency, folder)
    elif dependency["source"] == "pypi":
        command = [str(deps / "venv" / "bin" / "python"), "-m", "pip", "download", "--no-deps",
                   "--only-binary=:all:", "--python-version", dependency["python"],
                   "--platform", dependency["platform"], "--dest", str(folder), dependency["package"]]
    elif dependency["source"] == "npm":
        command = ["npm", "pack", "--pack-destination", str(folder), dependency["package"]]
    elif dependency["source"] == "maven":
        # Its own repository is thrown away with the folder: nothing is left in the user's.
        command = ["mvn", "-B", "-q", f"-Dmaven.repo.local={folder}/repository", f"{MAVEN_PLUGIN}:copy",
                   f"-Dartifact={dependency['package']}", f"-DoutputDirectory={folder}"]
    else:
        raise FetchError(f"{MANIFEST}: {dependency['name']}: unknown source {dependency['source']!r}")
    print("+", " ".join(command), file=sys.stderr, flush=True)
    result = subprocess.run(command, cwd=folder, stdout=sys.stderr)
    if result.returncode != 0:
        raise FetchError(f"{dependency['package']}: the download failed (is the network up?)")


def archive_of(deps, dependency):
    """The archive with the digest of the manifest, from the cache or the registry."""
    kept = cache_folder() / dependency["file"]
    if kept.exists() and sha256(kept) == dependency["sha256"]:
        return kept
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        download(deps, dependency, folder)
        fetched = pathlib.Path(folder) / dependency["file"]
        if not fetched.exists():
            names = ", ".join(sorted(os.listdir(folder))) or "nothing"
            raise FetchError(f"{dependency['package']} brought {names}, not {dependency['file']}")
        digest = sha256(fetched)
        if digest != dependency["sha256"]:
            raise FetchError(
                f"{dependency['file']}: sha256 is {digest}, third_party/manifest says "
                f"{dependency['sha256']}. Not unpacked. If the manifest was moved to another version, "
                "correct its sha256; otherwise do not trust this file.")
        os.replace(fetched, kept)
    return kept


def entries(archive):
    """Yields (path, mode, opener) of the archive itself and of every file in a wheel or an npm tarball."""
    yield ".", 0o644, archive.read_bytes
    if archive.suffix == ".jar":
        return
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for info in wheel.infolist():
                if not info.is_dir():
                    yield info.filename, info.external_attr >> 16, lambda info=info: wheel.read(info)
    else:
        with tarfile.open(archive) as tarball:
            for member in tarball:
                if member.isfile():
                    yield member.name, member.mode, lambda member=member: tarball.extractfile(member).read()


def same_content(path, content):
    return (path.is_file() and not path.is_symlink() and path.stat().st_size == len(content)
            and path.read_bytes() == content)


def place(path, content, mode):
    """Writes aside and renames, so that nobody ever sees half a library."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if same_content(path, content):
        return
    aside = path.with_name(path.name + ".new")
    with open(aside, "wb") as file:
        file.write(content)
    os.chmod(aside, 0o755 if mode & 0o111 else 0o644)
    os.replace(aside, path)


def place_link(path, target):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() and os.readlink(path) == target:
        return
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    os.replace(aside, path)


def system_library(name):
    for folder in SYSTEM_LIBRARY_FOLDERS:
        if os.path.exists(os.path.join(folder, name)):
            return os.path.join(folder, name)
    raise FetchError(f"{name} is not among the system's libraries: apt-get install libgomp1")


def target_of(path, dependency):
    """Where an archive's entry goes below the dependency folder, or None."""
    for source, target in dependency["unpack"].items():
        if path == source:
            return target
        if source.endswith("/") and path.startswith(source):
            return target + path[len(source):]
    if path in dependency["notices"]:
        return f"licenses/{dependency['name']}/{os.path.basename(path)}"
    return None


def fetch(deps, dependency):
    archive = archive_of(deps, dependency)
    stamp_path(deps, dependency).unlink(missing_ok=True)
    placed = set()
    for path, mode, read in entries(archive):
        target = target_of(path, dependency)
        if target is not None:
            place(deps / target, read(), mode)
            placed.add(path)
    wanted = [name for name in dependency["unpack"] if not name.endswith("/")] + dependency["notices"]
    for name in wanted:
        if name not in placed:
            raise FetchError(f"{archive.name} has no {name}")
    for path, target in dependency.get("link", {}).items():
        if target.startswith("system:"):
            target = system_library(target.removeprefix("system:"))
        place_link(deps / path, target)
    stamp_path(deps, dependency).parent.mkdir(parents=True, exist_ok=True)
    stamp_path(deps, dependency).write_text(stamp_of(dependency) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("deps", type=pathlib.Path)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--list", action="store_true")
    group.add_argument("--fetch", metavar="NAME")
    arguments = parser.parse_args()
    dependencies = load_manifest()
    if arguments.list:
        for dependency in dependencies:
            state = "present" if is_present(arguments.deps, dependency) else "missing"
            print(dependency["name"], dependency["version"], dependency["use"], state)
        return 0
    chosen = [one for one in dependencies if one["name"] == arguments.fetch]
    if not chosen:
        print(f"{MANIFEST}: no dependency named {arguments.fetch!r}", file=sys.stderr)
        return 2
    try:
        fetch(arguments.deps, chosen[0])
    except (FetchError, OSError, tarfile.TarError, zipfile.BadZipFile) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
