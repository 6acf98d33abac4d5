"""What a chart asks of long series: columns with their first, least, greatest and last point, against a fold by NumPy."""

import json
import math

import numpy as np
import pytest
import requests

from wire.tracking_servers import quern_server

POINTS = 60_000
SPIKE = 41_234


@pytest.fixture(scope="module")
def server(quern, new_store):
    process = quern_server(quern, new_store())
    yield process
    process.kill()


def new_run(server):
    answer = requests.post(f"{server.url}/api/2.0/mlflow/runs/create", json={"experiment_id": "0", "start_time": 1}, timeout=60)
    return answer.json()["run"]["info"]["run_id"]


def log(server, run, key, steps, times, values):
    lines = (json.dumps({"run_id": run, "key": key, "step": int(s), "timestamp": int(t), "value": float(v)})
             for s, t, v in zip(steps, times, values, strict=True))
    answer = requests.post(f"{server.url}/api/2.0/quern/ingest", data="\n".join(lines) + "\n",
                           headers={"Content-Type": "application/x-ndjson"}, timeout=120)
    assert answer.ok, answer.text[:500]


@pytest.fixture(scope="module")
def series(server):
    """Steps, times and values of a run: noise with one spike, a gap of NaN, an infinity."""
    rng = np.random.default_rng(7)
    steps = np.cumsum(rng.integers(1, 4, POINTS))
    times = 1_700_000_000_000 + steps * 10 + rng.integers(0, 5, POINTS)
    values = np.exp(-np.arange(POINTS) / 20_000) + rng.normal(0, 0.02, POINTS)
    values[SPIKE] = 9.5
    values[20_000:26_000] = np.nan
    values[30_000] = np.inf
    run = new_run(server)
    log(server, run, "loss", steps, times, values)
    return run, steps, times, values


def ask(server, status=200, **args):
    answer = requests.get(f"{server.url}/api/2.0/quern/metrics/columns", params={"metric_key": "loss", **args}, timeout=60)
    assert answer.status_code == status, answer.text[:500]
    return answer.json()


def number(value):
    return float(value.replace("Infinity", "inf")) if isinstance(value, str) else value


@pytest.mark.parametrize("along", ["step", "time"])
@pytest.mark.parametrize("part", [None, (0.2, 0.55), (0.33, 0.4)])
@pytest.mark.parametrize("columns", [1, 80, 300])
def test_columns_are_what_numpy_folds(server, series, along, part, columns):
    run, steps, times, values = series
    places = steps if along == "step" else times
    first, last = int(places.min()), int(places.max())
    args = {}
    if part:
        first, last = (int(first + (last - first) * share) for share in part)
        args = {"first": first, "last": last}
    chart = ask(server, run_ids=run, along=along, columns=columns, **args)
    width = (last - first) // columns + 1
    assert (chart["first"], chart["last"], chart["width"]) == (first, last, width)
    one, = chart["runs"]
    inside = (places >= first) & (places <= last)
    finite = np.isfinite(values)
    assert one["count"] == inside.sum() and one["odd"] == (inside & ~finite).sum()
    assert not one["whole"]
    drawn, means = [], []
    for column in range(columns):
        here = np.flatnonzero(inside & ((places - first) // width == column))
        good = here[finite[here]]
        if len(good) == 0:
            drawn += [(int(steps[i]), int(times[i]), values[i]) for i in here[:1]]
            continue
        four = {good[0], good[np.argmin(values[good])], good[np.argmax(values[good])], good[-1]}
        drawn += [(int(steps[i]), int(times[i]), values[i]) for i in sorted(four)]
        means.append((column, len(good), values[good].mean(), values[good].min(), values[good].max()))
    shown = [(step, time, number(value)) for step, time, value in one["points"]]
    assert len(shown) == len(drawn) <= 4 * columns
    np.testing.assert_array_equal(np.array(shown), np.array(drawn))
    np.testing.assert_allclose(np.array(one["columns"]), np.array(means), rtol=1e-12)
    if not part:
        assert 9.5 in {value for _, _, value in shown}


def test_few_points_come_as_they_are(server, series):
    run, steps, times, values = series
    chart = ask(server, run_ids=run, first=int(steps[29_900]), last=int(steps[30_100]), columns=80)
    one, = chart["runs"]
    assert one["whole"] and one["count"] == 201 and one["odd"] == 1
    shown = [[step, time, number(value)] for step, time, value in one["points"]]
    assert shown == [[int(s), int(t), float(v)] for s, t, v in zip(steps[29_900:30_101], times[29_900:30_101], values[29_900:30_101], strict=True)]
    assert shown[100][2] == math.inf


def test_several_runs_share_their_columns(server, series):
    run, steps, _, _ = series
    other, without = new_run(server), new_run(server)
    log(server, other, "loss", [5, 6, 7], [1, 2, 3], [1, 2, 3])
    chart = ask(server, run_ids=[run, other, without], columns=10)
    assert [one["run_id"] for one in chart["runs"]] == [run, other]
    assert chart["last"] == int(steps[-1]) and chart["runs"][1]["whole"]
    assert chart["runs"][1]["columns"] == [[0, 3, 2.0, 1.0, 3.0]]
    assert ask(server, run_ids=without)["runs"] == []


def test_what_is_wrong_is_said(server, series):
    run = series[0]
    for status, word, args in [
            (400, "run_ids", {}), (400, "metric_key", {"run_ids": run, "metric_key": ""}), (404, "nobody", {"run_ids": "nobody"}),
            (400, "1 to 1000 columns, not 0", {"run_ids": run, "columns": 0}), (400, "columns, not 1001", {"run_ids": run, "columns": 1001}),
            (400, "both ends", {"run_ids": run, "first": 3}), (400, "both ends", {"run_ids": run, "first": 3, "last": 2}),
            (400, "'pixel' is neither", {"run_ids": run, "along": "pixel"}), (400, "at most 100 runs, not 101", {"run_ids": [run] * 101})]:
        assert word in ask(server, status, **args)["message"]
