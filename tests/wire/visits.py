"""A small project whose data change: what is read twice is two snapshots."""

import subprocess

import numpy as np

YAML = """project: visits
data:
  sources: {visits: {csv: visits.csv}}
  target: {name: ill, expr: "ill > 0"}
  %s
  expectations:
    - {column: age, between: [18, 90], severity: warn}
features: {numeric: {impute: median}}
training: {split: {test: 0.2}, cross_validation: {folds: 2}, models: {logistic: {}}}
"""


def table(first, shift, extra):
    rng = np.random.default_rng(3)
    rows = []
    for i in range(1000):
        age = 40 + rng.normal(0, 10) + shift
        rows.append((i, f"{age:.2f}" if i % 20 else "", "mf"[i % 2], int(age > 45)))
    head = "id,age,sex,ill" + (",weight" if extra else "")
    return head + "\n" + "".join(",".join(map(str, row)) + (f",{60 + row[0] % 30}" if extra else "") + "\n" for row in rows[first:])


def run(quern, folder, *more):
    done = subprocess.run([quern, "run", folder, *more], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def make(quern, folder):
    """Two snapshots: later the first 100 rows are gone, ages are 15 higher, a column came."""
    (folder / "quern.yaml").write_text(YAML % "key: id")
    (folder / "visits.csv").write_text(table(0, 0, extra=False))
    # Found by different runs, of which each read the snapshot.
    run(quern, folder, "--until", "validate")
    run(quern, folder, "--until", "explore")
    (folder / "visits.csv").write_text(table(100, 15, extra=True))
    run(quern, folder, "--until", "explore")
    run(quern, folder, "--until", "validate")
    return folder
