"""A small project, written afresh for each test, and how to run the program on it."""

import json
import random
import re
import subprocess

TIMEOUT_SECONDS = 120
YAML = """\
project: small
data:
  sources:
    base: {csv: data.csv}
    later: {csv: later.csv}
  train: [base]
  target: {name: y, expr: "sick > 0", positive: 1}
training:
  seed: 3
  models: {dummy: {}, logistic: {}}
monitoring:
  stream: [later]
"""
# What a crash, an escaped exception or a debugging aid would print.
CRASH = re.compile(r"Traceback|terminate called|what\(\):|Segmentation|core dumped|Sanitizer|Assertion")


def table(rows, shift, seed):
    """CSV of patients: two numbers, one of them sometimes missing, a group, and an outcome that depends on all."""
    rng = random.Random(seed)
    lines = ["age,dose,group,sick"]
    for _ in range(rows):
        age, dose, group = rng.randint(20, 80), round(rng.gauss(5 + shift, 2), 2), rng.choice("abc")
        sick = (age - 50) / 10 + dose - 5 + (group == "a") + rng.gauss(0, 1.5) > 0
        lines.append(f"{age},{dose if rng.random() > 0.05 else ''},{group},{int(sick)}")
    return "\n".join(lines) + "\n"


def write_small(folder, yaml=YAML):
    """Writes the small project into `folder`, which may not exist yet, and returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "quern.yaml").write_text(yaml)
    (folder / "data.csv").write_text(table(300, 0, 1))
    (folder / "later.csv").write_text(table(150, 1, 2))
    return folder


def edit(path, old, new):
    """Replaces text that must be there once."""
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new))


def call(program, *arguments, **options):
    """Runs the program to its end; its output is text."""
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, **options)


def run_events(program, folder, *arguments):
    """`quern run --json`: (finished process, events)."""
    done = call(program, "run", folder, "--json", *arguments)
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def last_states(events):
    """Step -> its last state, from the events of a run."""
    return {event["id"]: event["state"] for event in events if event["event"] == "step"}


def ran(events):
    """Ids of the steps that really ran."""
    return {event["id"] for event in events if event["event"] == "step" and event["state"] == "running"}


def plan(program, folder, *arguments):
    """`quern plan --json`: step -> {action, reason, …}."""
    done = call(program, "plan", folder, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return {step["id"]: step for step in json.loads(done.stdout)["steps"]}


def models(program, folder):
    """Registered versions, `path` made absolute."""
    done = call(program, "models", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    versions = json.loads(done.stdout)["versions"]
    return [{**version, "path": folder / version["path"]} for version in versions]


def check_no_crash(done):
    """The program ended by its own decision, with one of its declared exit codes."""
    assert done.returncode in (0, 2, 3, 4, 5, 130), (done.returncode, done.stdout, done.stderr)
    assert not CRASH.search(done.stdout + done.stderr), done.stdout + done.stderr
