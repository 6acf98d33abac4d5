"""HTTPS and bearer tokens of `quern serve` and `quern-serve`."""

import subprocess

import pytest
import requests

from where import build_folder
from wire.certificates import Authority
from wire.model_server import linear_model

TOKEN = "a9f3" * 8
PATH = "/v2/models/price/infer"
BODY = {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}


@pytest.fixture(params=["quern", "quern-serve"])
def command(request):
    program = build_folder() / "bin" / request.param
    return [program, "serve"] if request.param == "quern" else [program]


@pytest.fixture
def run(command, tmp_path):
    running = []

    def begin(*options):
        model = linear_model(tmp_path / "price.onnx")
        process = subprocess.Popen([*command, f"price={model}", "--port", "0", *map(str, options)], cwd=tmp_path,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()


def address(process):
    line = process.stdout.readline()
    assert line.startswith("listening on "), process.stderr.read()
    return line.split()[2].rstrip(";")


def refusal(process):
    out, err = process.communicate(timeout=30)
    return process.returncode, err


def test_a_token_is_asked_for_but_not_by_health(run, tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text(f"# of the ward\n{TOKEN}\n\n{'b' * 40}\n")
    url = address(run("--token-file", tokens))
    assert requests.get(url + "/v2/health/ready").status_code == 200
    assert requests.get(url + "/ping").status_code == 200
    for headers in [{}, {"Authorization": "Bearer " + TOKEN[:-1]}, {"Authorization": "Basic " + TOKEN}]:
        refused = requests.post(url + PATH, json=BODY, headers=headers)
        assert refused.status_code == 401 and "error" in refused.json()
        assert TOKEN not in refused.text
    for token in [TOKEN, "b" * 40]:
        assert requests.post(url + PATH, json=BODY, headers={"Authorization": "Bearer " + token}).status_code == 200
    assert requests.get(url + "/v2/models/price").status_code == 401


def test_https(run, tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.sign("server")
    url = address(run("--tls-cert", certificate, "--tls-key", key))
    assert url.startswith("https://")
    assert requests.post(url + PATH, json=BODY, verify=authority.bundle).status_code == 200
    with pytest.raises(requests.exceptions.SSLError):
        requests.post(url + PATH, json=BODY)
    plain = requests.post(url.replace("https", "http") + PATH, json=BODY)
    assert plain.status_code == 400 and "https" in plain.text.lower()
    assert requests.post(url + PATH, json=BODY, verify=authority.bundle).status_code == 200


@pytest.mark.parametrize("text, said", [("", "holds no token"), ("# nothing\n", "holds no token"),
                                        ("\nshort\n", ":2: the token is short"),
                                        ("with a blank in it and long\n", ":1: a header cannot carry the token")])
def test_a_file_of_tokens_that_cannot_be_used(run, tmp_path, text, said):
    tokens = tmp_path / "tokens"
    tokens.write_text(text)
    code, err = refusal(run("--token-file", tokens))
    assert code == 2 and said in err and "openssl rand" in err
    assert "blank in it" not in err


def test_options_that_do_not_go_together(run, tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text(TOKEN)
    code, err = refusal(run("--tls-cert", tmp_path / "c.pem"))
    assert code == 2 and "--tls-cert without --tls-key" in err
    code, err = refusal(run("--token-file", tokens, "--grpc-port", "0"))
    assert code == 2 and "open door" in err
    code, err = refusal(run("--token-file", tmp_path / "nowhere"))
    assert code == 2 and "nowhere" in err
    code, err = refusal(run("--tls-cert", tokens, "--tls-key", tokens))
    assert code == 2 and str(tokens) in err
