#!/usr/bin/env python3
"""Runs the unit tests (ctest) and the suites under tests/ (pytest), and counts them together.

The last line is `N passed, N failed, N skipped`: every doctest case and every pytest test counts once.
Exits 1 when anything failed or nothing ran.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCTEST_SUMMARY = re.compile(
    r"\[doctest\] test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped")


@dataclasses.dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __iadd__(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        return self

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def count_program(text, good):
    """Cases of one doctest program; one that died before its summary counts as one failure."""
    match = DOCTEST_SUMMARY.search(text)
    if match is None:
        return Count(failed=0 if good else 1, passed=1 if good else 0)
    count = Count(*map(int, match.groups()[1:]))
    if not good and count.failed == 0:
        count.failed = 1
    return count


def blocks_of_log(log):
    """Splits ctest's LastTest.log into {test name: (output, passed)}."""
    blocks = {}
    for part in re.split(r"^\d+/\d+ Testing: ", log, flags=re.M)[1:]:
        name = part.split("\n", 1)[0].strip()
        blocks[name] = (part, "\nTest Passed.\n" in part)
    return blocks


def run_units(build, pattern):
    print("unit tests", flush=True)
    command = ["ctest", "--test-dir", str(build), "--output-on-failure", "-j", str(os.cpu_count() or 1),
               "--timeout", "600"]
    if pattern:
        command += ["-R", re.escape(pattern)]
    log_path = build / "Testing" / "Temporary" / "LastTest.log"
    log_path.unlink(missing_ok=True)
    environment = dict(os.environ, CTEST_OUTPUT_ON_FAILURE="1")
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace")
    total = Count()
    log = log_path.read_text(errors="replace") if log_path.exists() else ""
    for name, (text, good) in sorted(blocks_of_log(log).items()):
        count = count_program(text, good)
        total += count
        print(f"  {name:<28} {count}", flush=True)
    if result.returncode != 0 and total.failed == 0 and not (pattern and not log):
        total.failed += 1
    if total.failed:
        print(result.stdout, result.stderr, sep="\n", flush=True)
    return total


def run_suites(build, pattern):
    print("suites under tests/", flush=True)
    report = build.resolve() / "pytest.xml"
    report.unlink(missing_ok=True)
    environment = dict(os.environ)
    environment["PATH"] = f"{(build / 'bin').resolve()}:{environment['PATH']}"
    environment["QUERN_BUILD"] = str(build.resolve())
    command = [sys.executable, "-m", "pytest", "tests", "-q", "-rs", "--durations=5", f"--junitxml={report}"]
    if pattern:
        command += ["-k", pattern]
    else:
        # A file's tests stay together, for they share its servers.
        command += ["-n", str(os.cpu_count() or 1), "--dist", "loadfile"]
    code = subprocess.run(command, cwd=ROOT, env=environment).returncode
    if not report.exists():
        return Count(failed=1)
    suite = xml.etree.ElementTree.parse(report).getroot().find("testsuite")
    number = {key: int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")}
    failed = number["failures"] + number["errors"]
    count = Count(number["tests"] - failed - number["skipped"], failed, number["skipped"])
    # 5: pytest collected nothing, which the count shows by itself.
    if code not in (0, 1, 5) and count.failed == 0:
        count.failed = 1
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--pattern", default="")
    parser.add_argument("--started", type=int, default=0, help="when the caller began, in epoch milliseconds")
    arguments = parser.parse_args()
    build = ROOT / arguments.build
    began = time.time()
    units = run_units(build, arguments.pattern)
    print(f"unit tests: {units} in {time.time() - began:.1f} s", flush=True)
    began = time.time()
    suites = run_suites(build, arguments.pattern)
    print(f"suites: {suites} in {time.time() - began:.1f} s", flush=True)
    if arguments.started:
        print(f"test done in {time.time() - arguments.started / 1000:.1f} s, setup and build included")
    units += suites
    print(units, flush=True)
    return 1 if units.failed or units.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
