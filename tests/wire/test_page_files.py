"""The page of `quern server` over the wire: what browsers and programs get of it, and what it may do."""

import gzip
import re

import pytest
import requests
from ports import free_port
from wire.tracking_servers import Process

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(scope="module")
def server(quern, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    port = free_port()
    process = Process([quern, "server", "--root", folder / "store", "--port", str(port), "--allowed-hosts", "127.0.0.1,ml.example.org"],
                      port, folder / "log", 30)
    yield process
    process.stop()


def raw(server, path, **headers):
    """The bytes as they came, not decompressed."""
    answer = requests.get(server.url + path, headers={"Accept-Encoding": None, **headers}, stream=True, timeout=30)
    return answer, answer.raw.read(decode_content=False)


def assets(server):
    page = requests.get(server.url + "/", headers=BROWSER, timeout=30).text
    return re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)


def test_the_program_says_where_the_page_is(server):
    assert f"the web page: {server.url}/\n" in server.log.read_text()


def test_browsers_get_the_page_and_programs_the_calls(server):
    page = requests.get(server.url + "/", headers=BROWSER, timeout=30)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    assert "Accept" in page.headers["Vary"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"] and "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "SAMEORIGIN"
    listed = requests.get(server.url + "/", timeout=30).json()["routes"]
    assert all(set(route) == {"method", "path", "does"} for route in listed)
    assert any(route["path"] == "/api/2.0/mlflow/runs/search" and route["does"].startswith("MLflow: ") for route in listed)
    own = [route for route in listed if "/api/2.0/quern/models/" in route["path"]]
    assert own and not any(route["does"].startswith("MLflow: ") for route in own)
    again = requests.get(server.url + "/", headers={**BROWSER, "If-None-Match": page.headers["ETag"]}, timeout=30)
    assert (again.status_code, again.content) == (304, b"")


def test_addresses_of_the_page_open_in_a_browser_and_hide_no_call(server):
    page = requests.get(server.url + "/", headers=BROWSER, timeout=30).text
    for path in ("/experiments", "/experiments/1/runs/abc?tab=charts", "/experiments/%3Cscript%3E"):
        assert requests.get(server.url + path, headers=BROWSER, timeout=30).text == page
        assert requests.get(server.url + path, timeout=30).status_code == 404
    for path in ("/api/2.0/mlflow/nowhere", "/ajax-api/2.0/mlflow/nowhere", "/v1/nothing", "/v2/nothing", "/nowhere", "/experimentsx"):
        answer = requests.get(server.url + path, headers=BROWSER, timeout=30)
        assert answer.status_code == 404 and answer.headers["Content-Type"] == "application/json", path
    assert requests.get(server.url + "/health", headers=BROWSER, timeout=30).text == "OK"
    assert requests.get(server.url + "/graphql", headers=BROWSER, timeout=30).headers["Content-Type"] != "text/html; charset=utf-8"
    assert requests.post(server.url + "/experiments", timeout=30).status_code == 405


def test_files_come_in_the_form_that_is_asked_for(server):
    names = assets(server)
    assert any(name.endswith(".js") for name in names) and any(name.endswith(".css") for name in names)
    for name in names:
        plain, content = raw(server, name)
        assert "Content-Encoding" not in plain.headers
        assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        zipped, short = raw(server, name, **{"Accept-Encoding": "gzip, deflate"})
        assert zipped.headers["Content-Encoding"] == "gzip" and gzip.decompress(short) == content
        best, shortest = raw(server, name, **{"Accept-Encoding": "gzip, deflate, br, zstd"})
        assert best.headers["Content-Encoding"] == "br" and len(shortest) <= len(short)
        assert len({answer.headers["ETag"] for answer in (plain, zipped, best)}) == 3
        for form, answer in [({}, plain), ({"Accept-Encoding": "gzip"}, zipped), ({"Accept-Encoding": "br"}, best)]:
            assert raw(server, name, **form, **{"If-None-Match": f'"other", W/{answer.headers["ETag"]}'})[0].status_code == 304
        other = raw(server, name, **{"Accept-Encoding": "gzip", "If-None-Match": best.headers["ETag"]})
        assert (other[0].status_code, other[1]) == (200, short)
        head = requests.head(server.url + name, timeout=30, headers={"Accept-Encoding": "br"})
        assert (head.status_code, int(head.headers["Content-Length"])) == (200, len(shortest))
    assert raw(server, "/assets/app-00000000.js")[0].status_code == 404


def test_the_page_names_its_build(server):
    build = requests.get(server.url + "/page.json", timeout=30)
    assert build.headers["Cache-Control"] == "no-store"
    assert f'content="{build.json()["build"]}"' in requests.get(server.url + "/", headers=BROWSER, timeout=30).text


def test_the_servers_own_page_may_change_things_under_any_of_its_names(server):
    body = {"name": "from the page"}
    path = server.url + "/ajax-api/2.0/mlflow/experiments/create"
    own = {"Host": "ml.example.org", "Origin": "https://ml.example.org"}
    assert requests.post(path, json=body, headers=own, timeout=30).status_code == 200
    foreign = {"Host": "ml.example.org", "Origin": "https://evil.example.org"}
    assert requests.post(path, json={"name": "from elsewhere"}, headers=foreign, timeout=30).status_code == 403


def test_html_of_a_run_is_shown_where_it_cannot_act(server):
    run = requests.post(server.url + "/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}, timeout=30).json()["run"]["info"]["run_id"]
    for name, content in (("a.html", b"<script>alert(1)</script>"), ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")):
        requests.put(f"{server.url}/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/{name}", data=content, timeout=30).raise_for_status()
    args = {"run_id": run, "path": "a.html"}
    shown = requests.get(server.url + "/artifact-view", params=args, timeout=30)
    assert shown.headers["Content-Disposition"] == "inline"
    assert shown.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none';")
    assert "allow-scripts" not in shown.headers["Content-Security-Policy"]
    kept = requests.get(server.url + "/get-artifact", params=args, timeout=30)
    assert kept.headers["Content-Disposition"].startswith("attachment")
    picture = requests.get(server.url + "/artifact-view", params={**args, "path": "a.svg"}, timeout=30)
    assert picture.headers["Content-Disposition"].startswith("attachment")
    for wrong in ({**args, "path": "../../../secrets"}, {**args, "path": "none.html"}, {"run_id": run}):
        assert requests.get(server.url + "/artifact-view", params=wrong, timeout=30).status_code in (400, 404)
