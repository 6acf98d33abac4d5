"""The same runs in both stores, written into the databases directly: over the wire MLflow would take hours."""

import contextlib
import sqlite3

EXPERIMENT = 100
BATCH = 5000


def values(i):
    """The 20 metrics of run number i: some in the order of time, others all over."""
    return [i * 0.01 + k if k < 4 else (i * 7919 + k * 104729) % 1000003 / 1000003 for k in range(20)]


def parameters(i):
    return [str(i % (k + 2)) if k < 10 else str((i * 7919 + k) % 1000003) for k in range(20)]


def fill(quern_path, mlflow_path, count):
    fill_quern(quern_path, count)
    fill_mlflow(mlflow_path, count)


def batches(count):
    for at in range(0, count, BATCH):
        yield [(i, f"{i * 2654435761 % (1 << 32):08x}{i:024x}") for i in range(at, min(at + BATCH, count))]


def fill_quern(path, count):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO experiments(id, name, artifact_location, lifecycle, created_ms, updated_ms) "
                   "VALUES (?, 'large', 'mlflow-artifacts:/100', 'active', 1, 1)", [EXPERIMENT])
        first = db.execute("SELECT coalesce(max(num), 0) + 1 FROM runs").fetchone()[0]
        for runs in batches(count):
            add_to_quern(db, first, runs)
            db.commit()


def fill_mlflow(path, count):
    with contextlib.closing(sqlite3.connect(path)) as db:
        add_experiment(db)
        for runs in batches(count):
            add_to_mlflow(db, runs)
            db.commit()


def add_experiment(mlflow):
    row = {"experiment_id": EXPERIMENT, "name": "large", "artifact_location": "mlflow-artifacts:/100",
           "lifecycle_stage": "active", "creation_time": 1, "last_update_time": 1}
    if "workspace" in {column[1] for column in mlflow.execute("PRAGMA table_info(experiments)")}:
        row["workspace"] = "default"
    mlflow.execute(f"INSERT INTO experiments({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def add_to_quern(db, first, runs):
    db.executemany(
        "INSERT INTO runs(num, id, experiment_id, name, user_id, status, start_ms, end_ms, artifact_uri, lifecycle, revision) "
        f"VALUES (?, ?, {EXPERIMENT}, ?, 'me', 'FINISHED', ?, ?, 'mlflow-artifacts:/100/' || ?, 'active', 0)",
        [(first + i, run, f"run-{i}", i, i + 5, run) for i, run in runs])
    db.executemany("INSERT INTO run_params(run, key, value) VALUES (?, ?, ?)",
                   [(first + i, f"param_{k}", text) for i, _ in runs for k, text in enumerate(parameters(i))])
    db.executemany("INSERT INTO run_tags(run, key, value) VALUES (?, 'mlflow.runName', ?)",
                   [(first + i, f"run-{i}") for i, _ in runs])
    db.executemany(
        "INSERT INTO metric_series(run, key, points, last_value, last_step, last_ms, least, greatest, first_step, top_step, "
        "sealed) VALUES (?, ?, 1, ?, 0, ?, ?, ?, 0, 0, 0)",
        [(first + i, f"metric_{k}", value, i, value, value) for i, _ in runs for k, value in enumerate(values(i))])


def add_to_mlflow(db, runs):
    db.executemany(
        "INSERT INTO runs(run_uuid, name, experiment_id, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri, "
        f"source_type) VALUES (?, ?, {EXPERIMENT}, 'me', 'FINISHED', ?, ?, 'active', 'mlflow-artifacts:/100/' || ?, 'UNKNOWN')",
        [(run, f"run-{i}", i, i + 5, run) for i, run in runs])
    db.executemany("INSERT INTO params(key, value, run_uuid) VALUES (?, ?, ?)",
                   [(f"param_{k}", text, run) for i, run in runs for k, text in enumerate(parameters(i))])
    db.executemany("INSERT INTO tags(key, value, run_uuid) VALUES ('mlflow.runName', ?, ?)",
                   [(f"run-{i}", run) for i, run in runs])
    points = [(f"metric_{k}", value, i, 0, False, run) for i, run in runs for k, value in enumerate(values(i))]
    for table in ("metrics", "latest_metrics"):
        db.executemany(f"INSERT INTO {table}(key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, ?, ?)", points)
