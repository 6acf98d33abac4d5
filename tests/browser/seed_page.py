"""Fills a tracking server with a store to look at: through MLflow's REST calls, always the same content.

As a program: seed_page.py URL [RUNS], the experiment "many" having RUNS runs (0: it is left out)."""

import concurrent.futures
import io
import json
import math
import random
import struct
import sys
import zlib

import requests

START = 1_764_000_000_000
HOSTILE = "<img src=x onerror=alert(1)><script>document.title='owned'</script>"
ARABIC = "تجربة ١ – مرحبا"


class Api:
    def __init__(self, url):
        self.url = url
        self.session = requests.Session()
        self.session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=32))

    def post(self, path, **body):
        answer = self.session.post(f"{self.url}/api/2.0/mlflow/{path}", json=body, timeout=60)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        return answer.json()

    def experiment(self, name, **tags):
        return self.post("experiments/create", name=name, tags=pairs(tags))["experiment_id"]

    def run(self, experiment, name, start, params=None, metrics=None, tags=None, status="FINISHED", seconds=60, parent=None):
        """A run; `metrics` are values, or lists of values by step."""
        labels = dict(tags or {})
        if parent:
            labels["mlflow.parentRunId"] = parent
        run = self.post("runs/create", experiment_id=experiment, run_name=name, start_time=start, user_id="ada",
                        tags=pairs(labels))["run"]["info"]["run_id"]
        points = []
        for key, values in (metrics or {}).items():
            for step, value in enumerate(values if isinstance(values, list) else [values]):
                points.append({"key": key, "value": value, "timestamp": start + step * 1000, "step": step})
        for at in range(0, max(1, len(points)), 1000):
            self.post("runs/log-batch", run_id=run, metrics=points[at:at + 1000], params=pairs(params or {}) if at == 0 else [])
        if status != "RUNNING":
            self.post("runs/update", run_id=run, status=status, end_time=start + seconds * 1000)
        return run

    def artifact(self, experiment, run, path, content):
        answer = self.session.put(f"{self.url}/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/{path}",
                                  data=content, timeout=60)
        assert answer.status_code == 200, answer.text[:500]


def pairs(values):
    return [{"key": key, "value": str(value)} for key, value in values.items()]


def png(width, height, pixel):
    """A picture of `pixel(x, y)`, each three bytes."""
    rows = b"".join(b"\0" + b"".join(bytes(pixel(x, y)) for x in range(width)) for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def curve(rng, steps, floor):
    return [floor + (1 - floor) * math.exp(-step / (steps / 5)) + rng.gauss(0, 0.01) for step in range(steps)]


def story(api):
    """The experiment that a team works in: 40 runs of three kinds of models, one search with children."""
    rng = random.Random(7)
    heart = api.experiment("heart disease", team="cardio", owner="ada")
    kinds = ["logistic", "forest", "boosting"]
    runs = []
    for n in range(40):
        kind = kinds[n % 3]
        auc = 0.78 + 0.05 * (n % 3) + rng.gauss(0, 0.02)
        params = {"model": kind, "depth": 2 + n % 6, "learning_rate": f"{0.01 * (1 + n % 5):.2f}", "seed": n, "features": "all" if n % 4 else "core"}
        status = "FAILED" if n == 11 else "RUNNING" if n == 39 else "FINISHED"
        metrics = {"auc": auc, "log_loss": 0.6 - 0.4 * auc + rng.gauss(0, 0.01), "train/loss": curve(rng, 60, 0.2 + 0.1 * (n % 3)),
                   "val/loss": curve(rng, 60, 0.3 + 0.1 * (n % 3)), "system/cpu_utilization_percentage": [rng.uniform(20, 90) for _ in range(10)]}
        if n == 11:
            metrics = {"train/loss": [1.0, 4.0, 900.0, "Infinity", "NaN"], "auc": "NaN"}
        runs.append(api.run(heart, f"{kind}-{n:02}", START + n * 3_600_000, params, metrics, status=status, seconds=30 + n * 7, tags={
            "stage": "candidate" if n % 5 == 0 else "draft", "mlflow.user": "ada" if n % 2 else "grace", "mlflow.source.name": "train.py",
            "mlflow.source.type": "LOCAL", "mlflow.source.git.commit": f"{n:040x}", "mlflow.source.git.branch": "main"}))
    parent = api.run(heart, "search", START + 41 * 3_600_000, {"method": "grid"}, {"auc": 0.91})
    for n in range(12):
        api.run(heart, f"search-{n:02}", START + 41 * 3_600_000 + 60_000 * (n + 1), {"model": "boosting", "depth": n}, {"auc": 0.8 + n / 120}, parent=parent)
    rich = runs[38]
    api.post("runs/set-tag", run_id=rich, key="mlflow.note.content",
             value="# What we learned\n\nThe **best** so far, see [the plan](https://example.org/plan).\n\n- depth 4 is enough\n- `seed` hardly matters\n\n| model | auc |\n|---|---|\n| forest | 0.84 |\n\n<script>alert(1)</script>")
    fill_artifacts(api, heart, rich)
    return {"heart": heart, "rich": rich, "runs": runs, "parent": parent}


def fill_artifacts(api, experiment, run):
    schema = json.dumps({"mlflow_colspec": [{"name": "age", "type": "long"}, {"name": "sex", "type": "string"}]})
    api.post("runs/log-inputs", run_id=run, datasets=[{
        "tags": pairs({"mlflow.data.context": "training"}),
        "dataset": {"name": "patients", "digest": "a1b2c3d4", "source_type": "local", "source": json.dumps({"uri": "/data/patients.csv"}),
                    "schema": schema, "profile": json.dumps({"num_rows": 920, "num_elements": 11040})}}])
    out = io.StringIO()
    out.write("age,sex,note\n")
    for n in range(3000):
        out.write(f'{30 + n % 50},{"f" if n % 2 else "m"},"row {n}, with a comma"\n')
    files = {
        "plots/confusion.png": png(320, 240, lambda x, y: (255 - x * 255 // 320, y, 160)),
        "data/rows.csv": out.getvalue(),
        "notes/README.md": "# Files\n\nWhat is *here*:\n\n1. plots\n2. data\n\n```\nmake all\n```\n",
        "log.txt": "line one\n" + "x" * 500 + "\n",
        "config.json": json.dumps({"model": {"depth": 4, "layers": [1, 2, 3]}, "name": HOSTILE}),
        "report.html": "<style>h1{color:#0b62ad;font-family:sans-serif}</style><h1>Report</h1><p id=p>still</p>"
                       "<script>document.getElementById('p').textContent='ran'; parent.document.title='owned'</script>",
        "hostile.svg": "<svg xmlns='http://www.w3.org/2000/svg' width='80' height='80' onload='parent.document.title=1'><circle cx='40' cy='40' r='30' fill='teal'/><script>alert(1)</script></svg>",
        "broken.png": b"this is no picture",
        "model/MLmodel": "artifact_path: model\nflavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    python_version: 3.11.2\n  sklearn:\n    sklearn_version: 1.9.1\n"
                         "model_id: m-1\nsignature:\n  inputs: '[{\"type\": \"long\", \"name\": \"age\", \"required\": true}, {\"type\": \"string\", \"name\": \"sex\", \"required\": false}]'\n"
                         "  outputs: '[{\"type\": \"double\", \"required\": true}]'\n",
        "weights.bin": bytes(range(256)) * 40,
    }
    for path, content in files.items():
        api.artifact(experiment, run, path, content)


    fill_model(api, experiment, run, files["model/MLmodel"])


def fill_model(api, experiment, run, mlmodel):
    """A logged model of the run, and a version that was registered of it."""
    model = api.post("logged-models", experiment_id=experiment, name="boosted", source_run_id=run)["model"]["info"]["model_id"]
    api.artifact(experiment, f"models/{model}", "MLmodel", mlmodel)
    finished = api.session.patch(f"{api.url}/api/2.0/mlflow/logged-models/{model}", json={"model_id": model, "status": "LOGGED_MODEL_READY"}, timeout=60)
    assert finished.status_code == 200, finished.text
    api.post("registered-models/create", name="heart")
    api.post("model-versions/create", name="heart", source=f"models:/{model}", run_id=run, model_id=model)
    api.post("registered-models/alias", name="heart", alias="champion", version="1")


def odd(api):
    """Names and values that no page may stumble over."""
    odd_experiment = api.experiment("odd " + HOSTILE.replace("/", "|"))
    run = api.run(odd_experiment, HOSTILE, START, {"a: b/c d": "1", "html": HOSTILE, "long": "y" * 6000},
                  {"nan": "NaN", "up": "Infinity", "down": "-Infinity", "tiny": 1e-300, "huge": 1.7e308, "series": [1, "NaN", 3, "Infinity", 2]},
                  {"long": "z" * 10_000, ARABIC: ARABIC, "mlflow.note.content": HOSTILE})
    api.run(odd_experiment, ARABIC, START + 1000, {"name": ARABIC}, {"nan": 1.0})
    many = api.run(odd_experiment, "five thousand metrics", START + 2000)
    for at in range(0, 5000, 1000):
        api.post("runs/log-batch", run_id=many, metrics=[{"key": f"layer/{n:04}/norm", "value": n / 7, "timestamp": START, "step": 0} for n in range(at, at + 1000)])
    return {"odd": odd_experiment, "hostile": run, "many_metrics": many}


def many(api, runs):
    """An experiment of so many runs, each with what a search would leave."""
    experiment = api.experiment("many")
    rng = random.Random(11)

    def one(n):
        metrics = [{"key": key, "value": rng.random(), "timestamp": START + n, "step": 0} for key in ("auc", "log_loss", "f1")]
        run = api.post("runs/create", experiment_id=experiment, run_name=f"run-{n:06}", start_time=START + n * 1000,
                       tags=pairs({"team": ("red", "blue")[n % 2]}))["run"]["info"]["run_id"]
        api.post("runs/log-batch", run_id=run, metrics=metrics, params=pairs({"depth": n % 10, "lr": 0.1 / (1 + n % 7)}))

    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        for _ in pool.map(one, range(runs), chunksize=64):
            pass
    return {"many": experiment}


def seed(url, runs=0):
    api = Api(url)
    known = {**story(api), **odd(api)}
    if runs:
        known.update(many(api, runs))
    return known


if __name__ == "__main__":
    print(json.dumps(seed(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)))
