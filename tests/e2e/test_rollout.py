"""A version that is to replace another one meets it in a release, and a run that ends leaves none under way."""

import json
import re
import signal
import subprocess

import pytest
from projects import call, check_no_crash, models, run_events

CANARY = "{strategy: canary, steps: [{weight: 20, for: 0s, requests: 50}], judge: {at_least: 0s}, bake: {for: 0s, requests: 50}}"
# Proof needs more requests than there will be.
UNDECIDED = "{strategy: canary, steps: [{weight: 20, for: 0s, requests: 50}], judge: {at_least: 0s, at_most: %s, min_requests: 1000000000}}"


def declare(folder, deployment):
    file = folder / "quern.yaml"
    file.write_text(re.sub(r"(?m)^deployment:.*\n", "", file.read_text()) + f"deployment: {deployment}\n")


def champion(quern, folder):
    return next(v["version"] for v in models(quern, folder) if "champion" in v["aliases"])


def releases(quern, folder):
    done = call(quern, "deploy", "list", "small", "--root", folder, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sentences(quern, folder, *arguments):
    done = call(quern, "deploy", "log", "small", "--root", folder, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return [(record["to"], record["actor"], record["sentence"]) for record in json.loads(done.stdout)]


def deployed(events):
    return next(e for e in events if e.get("id") == "deploy" and e.get("state") in ("done", "failed", "gate failed"))


def test_a_new_version_takes_over_by_a_canary(quern, small_copy):
    declare(small_copy, CANARY)
    done, events = run_events(quern, small_copy, "--set", "training.seed=9")
    assert done.returncode == 0, done.stderr
    release = deployed(events)["record"]["release"]
    assert (release["strategy"], release["stable"], release["phase"]) == ("canary", 1, "promoted")
    assert [record["to"] for record in release["log"]] == ["pending", "warming", "step", "baking", "promoted"]
    assert [record["weights"][0]["weight"] for record in release["log"][2:]] == [20, 100, 100]
    # Proof: not a failure among so many requests of the candidate that a rate of 0.2 % is ruled out.
    errors = next(m for m in release["verdict"]["metrics"] if m["metric"] == "errors")
    assert errors["safe"]["proven"] and errors["candidate"]["n"] > 2000 and errors["candidate"]["events"] == 0
    assert champion(quern, small_copy) == 2
    assert [(r["phase"], r["stable"]) for r in releases(quern, small_copy)] == [("promoted", "1")]
    assert sentences(quern, small_copy)[0][1] == "quern run small"
    # The traffic was played: nothing of it is kept as predictions of patients.
    status = call(quern, "run", small_copy, "--set", "training.seed=9")
    assert status.stdout.startswith("up to date"), status.stdout


def test_what_a_release_does_not_decide_is_rolled_back(quern, small_copy):
    declare(small_copy, UNDECIDED % "1s")
    done, events = run_events(quern, small_copy, "--set", "training.seed=9")
    assert done.returncode == 3, (done.stdout, done.stderr)
    assert champion(quern, small_copy) == 1
    phases = [to for to, _, _ in sentences(quern, small_copy)]
    assert phases == ["pending", "warming", "step", "paused", "rolled_back"]
    assert "does not wait for more evidence" in sentences(quern, small_copy)[-1][2]
    assert "undecided" in done.stdout + done.stderr
    # The version in service is still there for the next run.
    declare(small_copy, "{strategy: blue_green, preview: {requests: 20}, bake: {for: 0s, requests: 50}}")
    again, events = run_events(quern, small_copy, "--set", "training.seed=9")
    assert again.returncode == 0, again.stderr
    assert champion(quern, small_copy) == 2
    assert deployed(events)["record"]["release"]["strategy"] == "blue_green"


def wait_for_step(process):
    """Until the release has divided the traffic."""
    for line in process.stdout:
        event = json.loads(line)
        if event.get("event") == "progress" and event.get("id") == "deploy":
            return
    raise AssertionError("the run ended before its release")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_ends_early_leaves_the_old_version_in_service(quern, small_copy, end):
    declare(small_copy, UNDECIDED % "1h")
    process = subprocess.Popen([quern, "run", small_copy, "--json", "--set", "training.seed=9"],
                               stdout=subprocess.PIPE, text=True)
    wait_for_step(process)
    process.send_signal(end)
    process.stdout.read()
    assert process.wait(timeout=30) == (130 if end == signal.SIGINT else -end)
    assert champion(quern, small_copy) == 1
    if end == signal.SIGINT:
        assert [r["phase"] for r in releases(quern, small_copy)] == ["rolled_back"]
    declare(small_copy, CANARY)
    again = call(quern, "run", small_copy, "--set", "training.seed=9")
    assert again.returncode == 0, again.stderr
    assert champion(quern, small_copy) == 2
    assert [r["phase"] for r in releases(quern, small_copy)] == ["promoted", "rolled_back"]


def test_a_release_of_somebody_else_is_not_ended(quern, small_copy):
    declare(small_copy, "{strategy: basic}")
    done = call(quern, "run", small_copy, "--set", "training.seed=9")
    assert done.returncode == 0, done.stderr
    begun = call(quern, "deploy", "begin", "small", "--candidate", "1", "--strategy", "{strategy: canary}", "--root", small_copy)
    assert begun.returncode == 0, begun.stderr
    refused = call(quern, "run", small_copy, "--set", "training.seed=11")
    check_no_crash(refused)
    assert refused.returncode != 0
    assert "is under way" in refused.stderr and "quern deploy show small" in refused.stderr
    assert champion(quern, small_copy) == 2


@pytest.mark.parametrize("deployment, words", [
    ("{strategy: shadow}", "a run cannot deploy by shadow, which ends by an order"),
    ("{strategy: canary, key: {header: x-ward}}", "a run's traffic has no callers that a key could tell apart"),
    ("{strategy: canry}", "did you mean 'canary'"),
    ("{strategy: canary, setps: [5]}", "did you mean 'steps'"),
])
def test_a_strategy_that_a_run_cannot_carry_out_is_refused(quern, small_copy, deployment, words):
    declare(small_copy, deployment)
    done = call(quern, "run", small_copy)
    assert done.returncode == 2
    assert words in done.stderr and re.search(r"quern\.yaml:\d+:\d+", done.stderr), done.stderr
