"""A/B and bandits: several versions at once, each with its share of the callers."""

import collections

from wire.programs import until
from wire.test_releases import Caller, alias_of, begin, body, outputs, project, state, trained  # noqa: F401


def who_answers(caller, times, **headers):
    """How often each version answered, and the answers."""
    asked = [caller.ask(**headers) for _ in range(times)]
    assert all(response.headers["X-Quern-Version"] == answer["model_version"] for response, answer in asked)
    return collections.Counter(answer["model_version"] for _, answer in asked), [answer for _, answer in asked]


def label(answer, right):
    decision = next(values[0] for name, values in outputs(answer) if name == "label")
    return {"prediction_id": answer["parameters"]["prediction_ids"][0], "label": decision if right else "other"}


def show(running):
    return running.get("/v1/releases/heart").json()


def test_ab_keeps_its_shares_and_its_callers(serve, project, body):  # noqa: F811
    running = serve()
    wrong = running.post("/v1/releases", json={"model": "heart", "candidate": "1", "strategy": {"strategy": "ab", "versions": ["2"]}})
    assert wrong.status_code == 400 and "names its versions" in wrong.json()["error"]
    begin(running, {"strategy": "ab", "versions": [{"version": "2", "weight": 30}], "key": {"cookie": "ward"}}, candidate="")
    until(lambda: state(running)["phase"] == "step")
    caller = Caller(running, body)
    counts, _ = who_answers(caller, 1000)
    assert 220 < counts["2"] < 380, counts  # five standard deviations of callers without the cookie
    for ward in range(20):
        assert len(who_answers(caller, 3, Cookie=f"other=1; ward=w{ward}")[0]) == 1
    for wish, version in {"stable": "1", "2": "2"}.items():
        assert who_answers(caller, 3, **{"x-quern-route": wish, "Cookie": "ward=w1"})[0] == {version: 3}
    shown = show(running)
    assert len(shown["verdicts"]) == 1 and shown["earned"] is None
    assert running.post("/v1/releases/heart/weight", json={"weight": 50}).status_code == 400
    assert running.post("/v1/releases/heart/promote", json={"version": "2", "reason": "liked more"}).status_code == 200
    until(lambda: alias_of(project) == "2")
    assert who_answers(caller, 20)[0] == {"2": 20}


def test_a_version_that_ab_proves_harmful_is_dropped(serve, body):  # noqa: F811
    running = serve()
    begin(running, {"strategy": "ab", "versions": [{"version": "2", "weight": 50}], "judge": {"min_requests": 50}}, candidate="")
    until(lambda: state(running)["phase"] == "step")
    _, answers = who_answers(Caller(running, body), 200)
    labels = [label(answer, right=answer["model_version"] == "1") for answer in answers]
    assert running.post("/v1/feedback", json=labels).status_code == 200
    until(lambda: state(running)["phase"] == "rolled_back")
    last = running.get("/v1/releases/heart/log").json()["log"][-1]
    assert last["actor"] == "judge" and "harm proven" in last["sentence"]
    assert state(running)["candidates"][0]["dropped"]


def test_a_bandit_follows_its_rewards(serve, body):  # noqa: F811
    running = serve()
    begin(running, {"strategy": "bandit", "versions": ["2"], "bandit": {"floor": 10}}, candidate="")
    until(lambda: state(running)["phase"] == "step")
    caller = Caller(running, body)
    counts, answers = who_answers(caller, 200)
    assert min(counts.values()) > 50, counts
    assert running.post("/v1/feedback", json=[label(answer, right=answer["model_version"] == "2") for answer in answers]).status_code == 200
    until(lambda: state(running)["candidates"][0]["weight"] > 89)
    later, _ = who_answers(caller, 200)
    assert later["2"] > 150 and later["1"] > 0, later  # the floor
    until(lambda: sum(one["requests"] for one in show(running)["earned"]) == 400)
    shown = show(running)
    # Its shares are no comparison that could be spoilt by them.
    assert shown["verdicts"] == [] and [one["version"] for one in shown["earned"]] == ["1", "2"]
    stable, candidate = shown["earned"]
    assert (stable["won"], stable["lost"], stable["requests"]) == (0, counts["1"], counts["1"] + later["1"])
    assert (candidate["won"], candidate["lost"], candidate["requests"]) == (counts["2"], 0, counts["2"] + later["2"])
