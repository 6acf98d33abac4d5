"""MLflow's own client against the model registry of `quern server`: models, versions, aliases, stages,
searches, loading by name, webhooks; and, by raw requests, the words for what is wrong."""

import base64
import hashlib
import hmac
import http.server
import json
import queue
import subprocess
import threading

import mlflow
import numpy
import pandas
import pytest
import requests
import sklearn.linear_model
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException, RestException
from mlflow.entities.webhook import WebhookEvent

from e2e.projects import models, write_small
from wire.tracking_servers import Store, pointed_at

@pytest.fixture
def name(request, client):
    """A registered model of the test's own."""
    made = request.node.name.replace("[", "_").replace("]", "")
    client.create_registered_model(made)
    return made


def add(client, name, source="s3://bucket/model", **more):
    return client.create_model_version(name, source, **more)


def test_a_model_is_logged_registered_and_loaded_by_every_name(server, client):
    x = numpy.arange(10.0).reshape(-1, 1)
    fitted = sklearn.linear_model.LinearRegression().fit(x, 3 * x[:, 0])
    with mlflow.start_run() as run:
        logged = mlflow.sklearn.log_model(fitted, name="model", registered_model_name="line",
                                          pip_requirements=["scikit-learn"])
    versions = client.search_model_versions("name = 'line'")
    assert [int(v.version) for v in versions] == [1]
    assert versions[0].run_id == run.info.run_id
    tags = client.get_logged_model(logged.model_id).tags
    assert {"name": "line", "version": 1} in json.loads(tags["mlflow.modelVersions"])
    again = mlflow.register_model(logged.model_uri, "line", tags={"kind": "second"})
    assert int(again.version) == 2
    client.set_registered_model_alias("line", "champion", 1)
    client.transition_model_version_stage("line", 2, "Production")
    for uri in ("models:/line/1", "models:/line@champion", "models:/line/latest", "models:/line/Production",
                logged.model_uri):
        model = mlflow.pyfunc.load_model(uri)
        assert numpy.allclose(model.predict(x), 3 * x[:, 0]), uri
    client.create_registered_model("copied")
    copy = client.copy_model_version("models:/line@champion", "copied")
    assert copy.run_id == run.info.run_id
    assert numpy.allclose(mlflow.pyfunc.load_model("models:/copied/1").predict(x), 3 * x[:, 0])
    file = requests.get(server.url + "/model-versions/get-artifact",
                        params={"name": "copied", "version": 1, "path": "MLmodel"}, timeout=30)
    assert file.status_code == 200 and "sklearn" in file.text


def test_models_are_described_tagged_renamed_and_deleted(client, name):
    client.update_registered_model(name, "what it is for")
    client.set_registered_model_tag(name, "team", "cardio")
    add(client, name, tags={"a": "b"}, description="first")
    client.set_registered_model_alias(name, "champion", 1)
    model = client.get_registered_model(name)
    assert model.description == "what it is for"
    assert model.tags == {"team": "cardio"}
    assert model.aliases == {"champion": "1"}
    client.rename_registered_model(name, name + "-new")
    version = client.get_model_version_by_alias(name + "-new", "champion")
    assert (version.tags, version.description) == ({"a": "b"}, "first")
    with pytest.raises(RestException, match="not found"):
        client.get_registered_model(name)
    client.delete_registered_model_tag(name + "-new", "team")
    assert client.get_registered_model(name + "-new").tags == {}
    client.delete_registered_model(name + "-new")
    with pytest.raises(RestException) as error:
        client.get_registered_model(name + "-new")
    assert error.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_version_numbers_never_come_back(client, name):
    for _ in range(2):
        add(client, name)
    client.set_model_version_tag(name, 2, "k", "v")
    client.set_registered_model_alias(name, "last", 2)
    client.delete_model_version(name, 2)
    with pytest.raises(RestException):
        client.get_model_version(name, 2)
    with pytest.raises(RestException):
        client.get_model_version_by_alias(name, "last")
    assert int(add(client, name).version) == 3
    client.update_model_version(name, 3, "third")
    assert client.get_model_version(name, 3).description == "third"
    client.set_model_version_tag(name, 3, "k", "v")
    client.delete_model_version_tag(name, 3, "k")
    assert client.get_model_version(name, 3).tags == {}
    assert client.get_model_version_download_uri(name, 3) == "s3://bucket/model"


def test_stages_and_aliases(client, name):
    for _ in range(3):
        add(client, name)
    client.transition_model_version_stage(name, 1, "Staging")
    moved = client.transition_model_version_stage(name, 2, "staging", archive_existing_versions=True)
    assert moved.current_stage == "Staging"
    assert client.get_model_version(name, 1).current_stage == "Archived"
    latest = client.get_latest_versions(name)
    assert sorted((int(v.version), v.current_stage) for v in latest) == [
        (1, "Archived"), (2, "Staging"), (3, "None")]
    assert [int(v.version) for v in client.get_latest_versions(name, ["Staging"])] == [2]
    client.set_registered_model_alias(name, "c", 1)
    client.set_registered_model_alias(name, "c", 3)
    assert int(client.get_model_version_by_alias(name, "c").version) == 3
    client.delete_registered_model_alias(name, "c")
    with pytest.raises(RestException, match="Registered model alias c not found."):
        client.get_model_version_by_alias(name, "c")


def test_searches_filter_order_and_page(client, name):
    for i in range(7):
        add(client, name, source=f"s3://bucket/{i}", run_id=f"run{i % 2}", tags={"parity": str(i % 2)})
    client.delete_model_version(name, 7)
    found = client.search_model_versions(f"name = '{name}' and tags.parity = '0'",
                                         order_by=["version_number ASC"])
    assert [int(v.version) for v in found] == [1, 3, 5]
    assert len(client.search_model_versions(f"name = '{name}' AND run_id IN ('run1')")) == 3
    assert len(client.search_model_versions(f"name = '{name}' AND source_path LIKE 's3://%/2'")) == 1
    seen, token = [], None
    while True:
        page = client.search_model_versions(f"name = '{name}'", max_results=4, page_token=token)
        seen += [int(v.version) for v in page]
        token = page.token
        if not token:
            break
    assert sorted(seen) == [1, 2, 3, 4, 5, 6]
    for suffix in "abc":
        client.create_registered_model(f"{name}-{suffix}", tags={"group": suffix})
    models = client.search_registered_models(f"name LIKE '{name}-%'", order_by=["name DESC"])
    assert [m.name[-1] for m in models] == ["c", "b", "a"]
    either = client.search_registered_models(f"name = '{name}-a' OR (tags.group = 'b' AND name LIKE '{name}%')")
    assert [m.name[-1] for m in either] == ["a", "b"]
    first = client.search_registered_models(f"name LIKE '{name}-%'", max_results=2)
    rest = client.search_registered_models(f"name LIKE '{name}-%'", max_results=2, page_token=first.token)
    assert [m.name[-1] for m in [*first, *rest]] == ["a", "b", "c"]


def test_prompts_are_kept_and_stay_out_of_searches_for_models(client):
    client.register_prompt("greeting", "Hello {{name}}", tags={"tone": "warm"})
    client.register_prompt("greeting", "Good day, {{name}}")
    client.set_prompt_alias("greeting", "kind", 1)
    assert client.get_prompt_version_by_alias("greeting", "kind").format(name="Ada") == "Hello Ada"
    assert [p.name for p in client.search_prompts()] == ["greeting"]
    assert "greeting" not in [m.name for m in client.search_registered_models()]
    assert "greeting" not in [v.name for v in client.search_model_versions()]
    named = client.search_registered_models("tags.`mlflow.prompt.is_prompt` = 'true'")
    assert [m.name for m in named] == ["greeting"]


def test_what_quern_run_registers_is_loaded_by_clients(quern, start, tmp_path):
    folder = write_small(tmp_path / "small")
    done = subprocess.run([quern, "run", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    process = start(Store(folder))
    mine = MlflowClient(process.url, process.url)
    (model,) = mine.search_registered_models()
    champion = mine.get_model_version_by_alias(model.name, "champion")
    assert champion.source.startswith("mlflow-artifacts:/quern/artifacts/")
    with pointed_at(process):
        loaded = mlflow.pyfunc.load_model(f"models:/{model.name}@champion")
    (version,) = [v for v in models(quern, folder) if "champion" in v["aliases"]]
    local = mlflow.pyfunc.load_model(str(version["path"]))
    frame = pandas.DataFrame({"age": [30.0, 70.0], "dose": [4.5, 7.25], "group": ["a", "c"]})
    ours, theirs = loaded.predict(frame), local.predict(frame)
    assert ours["label"].tolist() == theirs["label"].tolist()
    assert numpy.array_equal(ours["probabilities"], theirs["probabilities"])
    refused = requests.put(process.url + "/api/2.0/mlflow-artifacts/artifacts/quern/artifacts/x", data=b"x",
                           timeout=30)
    assert refused.status_code == 403
    for secret in ("quern/quern.db", "quern/secrets/webhook.key", "quern/artifacts/../quern.db"):
        got = requests.get(process.url + "/api/2.0/mlflow-artifacts/artifacts/" + secret, timeout=30)
        assert got.status_code in (400, 404), secret


class Receiver:
    """Answers webhooks with the statuses that it is given, then 200, and keeps what came."""

    def __init__(self, statuses=()):
        self.requests = queue.Queue()
        statuses = list(statuses)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.put((dict(self.headers.items()), body))
                self.send_response(statuses.pop(0) if statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self):
        return self.requests.get(timeout=30)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    made = Receiver([503])
    yield made
    made.close()


def signed(headers, body, secret):
    content = f"{headers['X-MLflow-Delivery-Id']}.{headers['X-MLflow-Timestamp']}.{body.decode()}"
    digest = hmac.new(secret.encode(), content.encode(), hashlib.sha256).digest()
    return headers["X-MLflow-Signature"] == "v1," + base64.b64encode(digest).decode()


def test_webhooks_are_told_signed_and_asked_again(client, name, receiver):
    events = ["registered_model.created", "model_version.created", "model_version_tag.set",
              "model_version_tag.deleted", "model_version_alias.created", "model_version_alias.deleted"]
    hook = client.create_webhook("hook", receiver.url, [WebhookEvent.from_str(event) for event in events],
                                 description="tells", secret="hush")
    assert hook.status.is_active() and hook.description == "tells"
    try:
        add(client, name)
        first, again = receiver.next(), receiver.next()
        assert first[0]["X-MLflow-Delivery-Id"] == again[0]["X-MLflow-Delivery-Id"]
        assert signed(*first, "hush") and signed(*again, "hush")
        told = json.loads(again[1])
        assert (told["entity"], told["action"]) == ("model_version", "created")
        assert told["data"] == {"name": name, "version": "1", "source": "s3://bucket/model", "run_id": None,
                                "tags": {}, "description": None}
        client.set_model_version_tag(name, 1, "k", "v")
        assert json.loads(receiver.next()[1])["data"] == {"name": name, "version": "1", "key": "k", "value": "v"}
        client.delete_model_version_tag(name, 1, "k")
        assert json.loads(receiver.next()[1])["action"] == "deleted"
        client.set_registered_model_alias(name, "c", 1)
        assert json.loads(receiver.next()[1])["data"] == {"name": name, "alias": "c", "version": "1"}
        client.delete_registered_model_alias(name, "c")
        assert json.loads(receiver.next()[1])["data"] == {"name": name, "alias": "c"}
        result = client.test_webhook(hook.webhook_id, WebhookEvent.from_str("registered_model.created"))
        assert result.success and result.response_status == 200
        assert json.loads(receiver.next()[1])["data"]["name"] == "example_model"
        changed = client.update_webhook(hook.webhook_id, status="DISABLED", name="quiet")
        assert not changed.status.is_active()
        assert [w.name for w in client.list_webhooks()] == ["quiet"]
    finally:
        client.delete_webhook(hook.webhook_id)
    with pytest.raises(MlflowException, match="not found"):
        client.get_webhook(hook.webhook_id)


def test_a_webhook_outlives_the_server(new_store, start):
    store, receiver = new_store(), Receiver()
    try:
        first = start(store)
        MlflowClient(first.url, first.url).create_webhook(
            "hook", receiver.url, [WebhookEvent.from_str("registered_model.created")], secret="hush")
        assert first.stop() == 0
        content = store.content()
        assert receiver.url.encode() in content and b"hush" not in content
        second = start(store)
        MlflowClient(second.url, second.url).create_registered_model("m")
        assert signed(*receiver.next(), "hush")
    finally:
        receiver.close()


def test_webhooks_hear_of_what_quern_run_registers_beside_the_server(quern, start, tmp_path):
    folder = write_small(tmp_path / "small")
    mine = start(Store(folder))
    receiver = Receiver()
    try:
        client = MlflowClient(mine.url, mine.url)
        events = ["registered_model.created", "model_version.created", "model_version_alias.created"]
        client.create_webhook("hook", receiver.url, [WebhookEvent.from_str(event) for event in events], secret="hush")
        done = subprocess.run([quern, "run", folder], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        came = [receiver.next() for _ in range(4)]
        assert all(signed(*one, "hush") for one in came)
        told = [json.loads(body) for _, body in came]
        version = client.get_model_version("small", "1")
        by_event = {(one["entity"], one["data"].get("alias")): one["data"] for one in told}
        assert by_event["registered_model", None]["name"] == "small"
        created = by_event["model_version", None]
        assert (created["version"], created["source"], created["run_id"]) == ("1", version.source, version.run_id)
        assert created["tags"]["quern.digest"] == version.tags["quern.digest"]
        assert by_event["model_version_alias", "challenger"] == {"name": "small", "alias": "challenger", "version": "1"}
        assert by_event["model_version_alias", "champion"]["version"] == "1"
        moved = subprocess.run([quern, "models", "small/1", "--project", folder, "--set-alias", "blessed"],
                               capture_output=True, text=True)
        assert moved.returncode == 0, moved.stderr
        assert json.loads(receiver.next()[1])["data"]["alias"] == "blessed"
    finally:
        receiver.close()


def test_addresses_that_are_not_public_are_refused_by_default(start, tmp_path):
    plain = start(Store(tmp_path / "store"), settings={})
    for url, words in (("http://example.invalid/", "Invalid webhook URL scheme: 'http'"),
                       ("https://127.0.0.1/", "must not resolve to a non-public IP address"),
                       ("https://[::1]/", "must not resolve to a non-public IP address"),
                       ("https://169.254.169.254/", "must not resolve to a non-public IP address")):
        with pytest.raises(RestException, match=words.replace("'", ".")):
            MlflowClient(plain.url, plain.url).create_webhook(
                "hook", url, [WebhookEvent.from_str("registered_model.created")])


MISSING = "Missing value for required parameter '{}'. See the API docs for more information about request parameters."
PATHLESS = ("Names may be treated as files in certain cases, and must not resolve to other names when treated as such. "
            "This name would resolve to '{}'")
RELATIVE = ("Invalid model version source: '{}'. If supplying a source as an http, https, local file path, ftp, "
            "objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references "
            "present. Please provide an absolute path.")
LOCAL = ("Invalid model version source: '{}'. To use a local path as a model version source, the run_id request "
         "parameter has to be specified and the local path has to be contained within the artifact directory of the "
         "run specified by the run_id.")
BAD, GONE, THERE = "INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS"
RM, MV = "registered-models/", "model-versions/"
REFUSALS = [
    ("POST", RM + "create", {"name": "taken"}, 400, THERE, "Registered Model (name=taken) already exists."),
    ("POST", RM + "create", {}, 400, BAD, MISSING.format("name")),
    ("POST", RM + "create", {"name": ""}, 400, BAD, MISSING.format("name")),
    ("POST", RM + "create", {"name": " "}, 400, BAD, "Missing value for required parameter 'name'."),
    ("POST", RM + "create", {"name": 7}, 400, BAD,
     "Invalid value 7 for parameter 'name' supplied:  Hint: Value was of type 'int'. See the API docs for more "
     "information about request parameters."),
    ("POST", RM + "create", {"name": "x/y"}, 400, BAD, "Invalid model name 'x/y'. Names cannot contain '/' or ':'."),
    ("POST", RM + "create", {"name": ".."}, 400, BAD,
     "Invalid value \"..\" for parameter 'name' supplied: " + PATHLESS.format("..")),
    ("POST", RM + "create", {"name": "t", "tags": [{"key": "a?b", "value": "v"}]}, 400, BAD,
     "Invalid value \"a?b\" for parameter 'key' supplied: Names may only contain alphanumerics, underscores (_), "
     "dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."),
    ("POST", RM + "create", {"name": "t", "tags": [{"key": "k" * 251, "value": "v"}]}, 400, BAD,
     "'key' exceeds the maximum length of 250 characters"),
    ("POST", RM + "create", {"name": "t", "tags": [{"key": "k", "value": "v" * 100001}]}, 400, BAD,
     "'value' exceeds the maximum length of 100000 characters"),
    ("GET", RM + "get", {"name": "X"}, 404, GONE, "Registered Model with name=X not found"),
    ("POST", RM + "rename", {"name": "taken"}, 400, BAD, MISSING.format("new_name")),
    ("POST", RM + "rename", {"name": "X", "new_name": "Y"}, 404, GONE, "Registered Model with name=X not found"),
    ("DELETE", RM + "delete", {"name": "X"}, 404, GONE, "Registered Model with name=X not found"),
    ("POST", RM + "set-tag", {"name": "X", "key": "k", "value": "v"}, 404, GONE,
     "Registered Model with name=X not found"),
    ("GET", RM + "search", {"page_token": "zzz"}, 400, BAD, None),
    ("GET", RM + "search", {"order_by": "foo"}, 400, BAD, None),
    ("GET", RM + "search", {"max_results": 1001}, 400, BAD, None),
    ("POST", RM + "get-latest-versions", {"name": "taken", "stages": ["foo"]}, 400, BAD,
     "Invalid Model Version stage: foo. Value must be one of None, Staging, Production, Archived."),
    ("GET", RM + "alias", {"name": "taken", "alias": "x"}, 400, BAD, "Registered model alias x not found."),
    ("POST", RM + "alias", {"name": "taken", "alias": "v1", "version": "1"}, 400, BAD,
     "Version alias name 'v1' is reserved."),
    ("POST", RM + "alias", {"name": "taken", "alias": "LaTest", "version": "1"}, 400, BAD,
     "'latest' alias name (case insensitive) is reserved."),
    ("POST", RM + "alias", {"name": "taken", "alias": "a b", "version": "1"}, 400, BAD,
     "Invalid alias name: 'a b'. Names may only contain alphanumerics, underscores (_), and dashes (-)."),
    ("POST", RM + "alias", {"name": "taken", "alias": "a", "version": "9"}, 404, GONE,
     "Model Version (name=taken, version=9) not found"),
    ("GET", MV + "get", {"name": "taken", "version": "x"}, 400, BAD,
     "Parameter 'version' must be an integer, got 'x'."),
    ("GET", MV + "get", {"name": "taken", "version": "9"}, 404, GONE,
     "Model Version (name=taken, version=9) not found"),
    ("GET", MV + "get", {"name": "taken", "version": "9" * 30}, 404, GONE, None),
    ("GET", MV + "get", {"name": "taken"}, 400, BAD, MISSING.format("version")),
    ("POST", MV + "transition-stage", {"name": "taken", "version": "1", "stage": "foo"}, 400, BAD,
     "Invalid Model Version stage: foo. Value must be one of None, Staging, Production, Archived."),
    ("POST", MV + "transition-stage",
     {"name": "taken", "version": "1", "stage": "None", "archive_existing_versions": True}, 400, BAD, None),
    ("GET", MV + "search", {"filter": "foo = 'x'"}, 400, BAD, None),
    ("GET", MV + "search", {"max_results": 0}, 400, BAD,
     "Invalid value for max_results. It must be a positive integer, but got 0"),
    ("POST", MV + "create", {"name": "taken"}, 400, BAD, MISSING.format("source")),
    ("POST", MV + "create", {"name": "X", "source": "s3://b/x"}, 404, GONE, "Registered Model with name=X not found"),
    ("POST", MV + "create", {"name": "taken", "source": "/etc"}, 400, BAD, LOCAL.format("/etc")),
    ("POST", MV + "create", {"name": "taken", "source": "file:///etc"}, 400, BAD, LOCAL.format("file:///etc")),
    ("POST", MV + "create", {"name": "taken", "source": "relative"}, 400, BAD, LOCAL.format("relative")),
    ("POST", MV + "create", {"name": "taken", "source": "s3://b/../x"}, 400, BAD, RELATIVE.format("s3://b/../x")),
    ("POST", MV + "create", {"name": "taken", "source": "s3://b/%252e%252e/x"}, 400, BAD,
     RELATIVE.format("s3://b/%252e%252e/x")),
    ("POST", MV + "create", {"name": "taken", "source": "http://h/x?y=1"}, 400, BAD, None),
    ("POST", MV + "create", {"name": "taken", "source": "models:/m-x"}, 404, GONE,
     "Logged model with ID 'm-x' not found."),
    ("POST", MV + "create", {"name": "taken", "source": "models:/taken/77"}, 404, GONE,
     "Model Version (name=taken, version=77) not found"),
    ("POST", "webhooks", {"name": "w!", "url": "http://127.0.0.1:9/",
                          "events": [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]}, 400, BAD,
     "Webhook name 'w!' is invalid. It must start and end with a letter or digit, be less than 63 characters long, and "
     "contain only letters, digits, dots (.), underscores (_), and hyphens (-)."),
    ("POST", "webhooks", {"name": "w", "url": "ftp://x/",
                          "events": [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]}, 400, BAD,
     "Invalid webhook URL scheme: 'ftp'. Allowed schemes are: http, https."),
    ("POST", "webhooks", {"name": "w", "url": "http://127.0.0.1:9/",
                          "events": [{"entity": "REGISTERED_MODEL", "action": "DELETED"}]}, 400, BAD,
     "Invalid action 'deleted' for entity 'registered_model'. Valid actions are: ['created']"),
    ("GET", "webhooks/nope", {}, 404, GONE, "Webhook with ID nope not found."),
]


@pytest.fixture(scope="module")
def taken(client):
    client.create_registered_model("taken")
    add(client, "taken")


@pytest.mark.parametrize("verb,path,args,status,code,message", REFUSALS)
def test_what_is_wrong_is_said_in_mlflows_words(server, taken, verb, path, args, status, code, message):
    more = {"params": args} if verb == "GET" else {"json": args}
    response = requests.request(verb, f"{server.url}/api/2.0/mlflow/{path}", timeout=30, **more)
    answer = response.json()
    assert (response.status_code, answer["error_code"]) == (status, code), answer
    if message is not None:
        assert answer["message"] == message
