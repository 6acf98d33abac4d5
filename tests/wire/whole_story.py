"""The whole story of examples/heart in one store: trained, deployed, watched, retrained, and a release that its evidence rolled back."""

import json
import subprocess

from wire.model_server import ModelServer
from wire.programs import until

JUDGE = {"at_least": "0s", "min_requests": 100}
ROW = {"age": 57, "sex": 1, "cp": 4, "trestbps": 150, "chol": 276, "fbs": 0, "restecg": 2, "thalach": 112, "exang": 1, "oldpeak": 0.6,
       "slope": 2, "ca": 1, "thal": 6}


def tell_story(quern, folder):
    """What is left of the run of a folder that has registered its champion, and a release of version 1 over version 2."""
    done = subprocess.run([quern, "run", folder], capture_output=True, text=True, timeout=600)
    assert done.returncode in (0, 3), done.stdout + done.stderr
    assert "v2 replaces the champion" in done.stdout, done.stdout
    release(quern, folder)


def release(quern, folder):
    running = ModelServer(quern, "heart@champion", "--watch", "0.2", folder=folder)
    begun = running.post("/v1/releases", json={
        "model": "heart", "candidate": "1", "actor": "ada", "strategy": {"strategy": "canary", "steps": [{"weight": 50, "for": "1h"}], "judge": JUDGE}})
    assert begun.status_code == 201, begun.text
    until(lambda: running.get("/v1/releases/heart").json()["release"]["phase"] == "step")
    labels = []
    for patient in range(240):
        row = {**ROW, "age": 30 + patient % 45, "chol": 180 + patient, "thalach": 100 + patient % 70}
        answer = running.post("/invocations", json={"dataframe_records": [row]})
        assert answer.status_code == 200, answer.text
        decision = decision_of(answer.json())
        # Whatever version 1 decides turns out to be wrong.
        wrong = answer.headers["X-Quern-Version"] == "1"
        labels.append({"prediction_id": answer.json()["prediction_ids"][0], "label": str(1 - int(decision)) if wrong else decision})
    assert running.post("/v1/feedback", json=labels).status_code == 200
    until(lambda: running.get("/v1/releases/heart").json()["release"]["phase"] == "rolled_back")
    assert running.stop() == 0


def decision_of(answer):
    predictions = answer["predictions"]
    if isinstance(predictions, dict):
        return str(predictions["label"][0])
    first = predictions[0]
    return str(first["label"] if isinstance(first, dict) else first)


if __name__ == "__main__":
    import sys

    release(sys.argv[1], sys.argv[2])
    print(json.dumps({"released": sys.argv[2]}))
