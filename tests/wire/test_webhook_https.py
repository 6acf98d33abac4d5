"""Webhooks over HTTPS: only receivers whose certificate is believed hear of anything."""

import http.server
import json
import queue
import ssl
import threading

import pytest
from mlflow import MlflowClient
from mlflow.entities.webhook import WebhookEvent

from ports import free_port
from wire.certificates import Authority
from wire.tracking_servers import Process

CREATED = WebhookEvent.from_str("registered_model.created")


class Receiver:
    """Keeps the bodies that came over TLS; a handshake that fails brings none."""

    def __init__(self, certificate, key):
        self.bodies = bodies = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                bodies.put(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *unused):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.handle_error = lambda *unused: None
        self.url = f"https://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def receive():
    """Starts receivers: receive(certificate, key)."""
    started = []

    def start(certificate, key):
        started.append(Receiver(certificate, key))
        return started[-1]

    yield start
    for receiver in started:
        receiver.close()


@pytest.fixture
def connect(quern, tmp_path):
    """Starts a server and gives MLflow's client of it: connect(**settings)."""
    started = []

    def start(**settings):
        port = free_port()
        root = tmp_path / f"store{len(started)}"
        started.append(Process([quern, "server", "--root", root, "--port", str(port)], port, root.with_suffix(".log"), 20,
                               {"MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true", "MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES": "0",
                                "REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "", **settings}))
        return MlflowClient(started[-1].url, started[-1].url)

    yield start
    for process in started:
        process.kill()


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_receiver_of_an_authority_that_is_trusted(name, authority, receive, connect):
    receiver = receive(*authority.sign("good"))
    client = connect(**{name: str(authority.bundle)})
    hook = client.create_webhook("hook", receiver.url, [CREATED], secret="hush")
    assert client.test_webhook(hook.webhook_id, CREATED).success
    assert json.loads(receiver.bodies.get(timeout=30))["data"]["name"] == "example_model"
    client.create_registered_model("mine")
    assert json.loads(receiver.bodies.get(timeout=30))["data"]["name"] == "mine"


@pytest.mark.parametrize("reason", ["an authority that nobody knows", "a certificate of another host"])
def test_a_receiver_that_is_not_believed_hears_nothing(reason, authority, receive, connect):
    other_host = reason.endswith("host")
    receiver = receive(*authority.sign("other", "DNS:elsewhere.example" if other_host else "IP:127.0.0.1"))
    client = connect(**({"REQUESTS_CA_BUNDLE": str(authority.bundle)} if other_host else {}))
    hook = client.create_webhook("hook", receiver.url, [CREATED])
    result = client.test_webhook(hook.webhook_id, CREATED)
    assert not result.success and "certificate" in result.error_message
    client.create_registered_model("mine")
    with pytest.raises(queue.Empty):
        receiver.bodies.get(timeout=1)
