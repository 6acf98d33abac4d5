"""Requests as no client library would send them, and the few calls of MLflow's REST that tests of faults make."""

import http.client
import json
import socket

API = "/api/2.0/mlflow"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
JSON = {"Content-Type": "application/json"}


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    def json(self):
        return json.loads(self.body)

    def error(self):
        """Its error_code; fails if the answer is not an error of MLflow's form."""
        answer = self.json()
        assert set(answer) == {"error_code", "message"} and answer["message"], answer
        return answer["error_code"]


class Api:
    """One connection to a server; paths and bodies go out as they are. Not for several threads at once."""

    def __init__(self, server, timeout=30):
        self.port, self.timeout = server.port, timeout
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)

    def send(self, method, target, body=None, headers=None):
        """Connects again if the server has closed meanwhile."""
        try:
            self.connection.request(method, target, body, headers or {})
            return Answer(self.connection.getresponse())
        except (http.client.HTTPException, OSError):
            self.connection.close()
            raise

    def post(self, path, **arguments):
        return self.send("POST", API + path, json.dumps(arguments), JSON)

    def get(self, path):
        return self.send("GET", API + path)

    def new_run(self):
        answer = self.post("/runs/create", experiment_id="0")
        assert answer.status == 200, answer.body
        return answer.json()["run"]["info"]["run_id"]

    def log(self, run_id, key, step):
        return self.post("/runs/log-metric", run_id=run_id, key=key, value=step, timestamp=1, step=step)

    def steps(self, run_id, key):
        """Of the points that are kept."""
        answer = self.get(f"/metrics/get-history?run_id={run_id}&metric_key={key}&max_results=25000")
        assert answer.status == 200, answer.body
        return [int(point["step"]) for point in answer.json().get("metrics", [])]


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def exchange(server, text):
    """Sends bytes as they are; what comes back until the server closes, or the first answer's head and what came with it."""
    with connect(server) as talk:
        talk.sendall(text)
        got = b""
        while b"\r\n\r\n" not in got:
            more = talk.recv(65536)
            if not more:
                break
            got += more
        return got
