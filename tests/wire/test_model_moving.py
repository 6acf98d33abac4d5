"""Versions that move: copied between projects and to servers, exported as OCI artifacts that other tools copy, and imported again.
Whatever way a version took, it gives the same scores."""

import hashlib
import http.server
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import threading

import mlflow
import numpy as np
import pytest
import requests

from where import dependencies
from wire.tracking_servers import Store, environment, mlflow_server, pointed_at, quern_server

MODEL_TYPE = "application/vnd.cncf.model.manifest.v1+json"


def ran(quern, *arguments, folder, code=0, settings=None):
    result = subprocess.run([quern, *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=300,
                            env={**environment(), **(settings or {})})
    assert result.returncode == code, (arguments, result.returncode, result.stdout[-500:], result.stderr[-800:])
    return result.stdout + result.stderr


def told(quern, *arguments, folder):
    return json.loads(ran(quern, *arguments, "--json", folder=folder))


def skopeo(*arguments):
    """Copies images, and artifacts alike, between layouts and registries."""
    program = shutil.which("skopeo")
    assert program, "skopeo is missing: run ./dev setup"
    result = subprocess.run([program, "--insecure-policy", *map(str, arguments)], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture
def heart(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "heart", symlinks=True)


@pytest.fixture
def signed(quern, heart, tmp_path):
    """Its version 1 is signed, by the key of this file."""
    ran(quern, "models", "keygen", "-o", "release", folder=tmp_path)
    ran(quern, "models", "sign", "heart/1", "--key", tmp_path / "release.key", folder=heart)
    return tmp_path / "release.pem"


@pytest.fixture
def new_project(heart, tmp_path):
    """Makes projects in which nothing has run yet."""
    def make(name, more=""):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "quern.yaml").write_text((heart / "quern.yaml").read_text() + more)
        return folder
    return make


@pytest.fixture
def sent(heart, tmp_path):
    """Rows as a file."""
    rows = tmp_path / "rows.csv"
    lines = (heart / "data" / "processed.cleveland.data").read_text().splitlines()[:41]
    rows.write_text("\n".join(",".join("" if cell == "?" else cell for cell in line.split(",")[:13]) for line in lines) + "\n")
    return rows


def scores(quern, reference, rows, folder):
    said = ran(quern, "predict", reference, rows, "--root", folder, folder=folder)
    assert len(said.splitlines()) == 41, said[:500]
    return said


def version(quern, folder, reference):
    listed = told(quern, "models", folder=folder)["versions"]
    found, = [v for v in listed if f"{v['name']}/{v['version']}" == reference]
    return found


def files_below(folder):
    return {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}


def manifest_of(layout, reference):
    entries = json.loads((layout / "index.json").read_text())["manifests"]
    entry, = [e for e in entries if e.get("annotations", {}).get("org.opencontainers.image.ref.name") == reference]
    return entry["digest"], json.loads((layout / "blobs" / "sha256" / entry["digest"][7:]).read_text())


@pytest.mark.parametrize("kind", ["folder", "tar"])
def test_an_artifact_that_skopeo_copied_is_the_same_model(quern, heart, signed, new_project, sent, tmp_path, kind):
    written = told(quern, "models", "export", "heart/1", "--oci", tmp_path / ("made" if kind == "folder" else "made.tar"), folder=heart)
    source = f"oci:{tmp_path}/made:heart-1" if kind == "folder" else f"oci-archive:{tmp_path}/made.tar:heart-1"
    raw = skopeo("inspect", "--raw", source)
    assert json.loads(raw)["artifactType"] == MODEL_TYPE
    skopeo("copy", source, f"oci:{tmp_path}/layout:first")
    skopeo("copy", f"oci:{tmp_path}/layout:first", f"oci-archive:{tmp_path}/copied.tar:second")
    assert manifest_of(tmp_path / "layout", "first")[0] == written["manifest"]

    project = new_project("there")
    taken = told(quern, "models", "import", "--oci", tmp_path / "copied.tar", "--verify-key", signed, "--as", "cardio", folder=project)
    assert taken["outcome"] == "copied" and taken["to"]["name"] == "cardio"
    assert taken["from"] == {"registry": "oci:" + written["manifest"], "name": "heart", "version": 1}
    again = told(quern, "models", "import", "--oci", tmp_path / "layout", "--as", "cardio", folder=project)
    assert again["outcome"] == "there" and again["to"]["version"] == 1
    assert scores(quern, "cardio/1", sent, project) == scores(quern, "heart/1", sent, heart)
    assert files_below(project / version(quern, project, "cardio/1")["path"]) == files_below(heart / version(quern, heart, "heart/1")["path"])


def test_every_reader_of_layers_gets_the_package(quern, heart, signed, tmp_path):
    ran(quern, "models", "export", "heart/1", "--oci", tmp_path / "made", folder=heart)
    _, manifest = manifest_of(tmp_path / "made", "heart-1")
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    for layer in manifest["layers"]:  # as `oras pull` and `modctl pull` do
        name = layer["annotations"]["org.opencontainers.image.title"]
        assert name == layer["annotations"]["org.cncf.model.filepath"]
        shutil.copy(tmp_path / "made" / "blobs" / "sha256" / layer["digest"][7:], unpacked / name)
    assert files_below(unpacked) == files_below(heart / version(quern, heart, "heart/1")["path"])
    checked = subprocess.run([sys.executable, "-m", "model_signing", "verify", "key", unpacked, "--signature", unpacked / "model.sig",
                              "--public_key", signed], capture_output=True, text=True, timeout=120,
                             env={**os.environ, "PYTHONPATH": str(dependencies() / "signing")})
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert mlflow.pyfunc.load_model(str(unpacked)).metadata.signature is not None


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_archives_of_other_programs_are_read(quern, heart, new_project, tmp_path, form):
    ran(quern, "models", "export", "heart/1", "--oci", tmp_path / "made", folder=heart)
    if form != tarfile.USTAR_FORMAT:  # which has no room for such a name; the others have headers for it
        (tmp_path / "made" / "annex").mkdir()
        (tmp_path / "made" / "annex" / (40 * "lang-" + ".txt")).write_text("not of the layout")
    with tarfile.open(tmp_path / "theirs.tar", "w", format=form) as archive:
        archive.add(tmp_path / "made", "./")
    project = new_project("there")
    assert told(quern, "models", "import", "--oci", tmp_path / "theirs.tar", folder=project)["outcome"] == "copied"


def entry(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("bad, says", [
    (entry("blobs/sha256/link", tarfile.SYMTYPE, "/etc/passwd"), "is a link"),
    (entry("blobs/sha256/hard", tarfile.LNKTYPE, "index.json"), "is a link"),
    (entry("../outside", tarfile.REGTYPE), "leaves the archive's folder"),
    (entry("/outside", tarfile.REGTYPE), "is no name below a folder"),
    (entry("a/../../outside", tarfile.REGTYPE), "leaves the archive's folder"),
    (entry("pipe", tarfile.FIFOTYPE), "is no plain file"),
    (entry("device", tarfile.CHRTYPE), "is no plain file")])
def test_hostile_archives_are_refused(quern, heart, new_project, tmp_path, bad, says):
    ran(quern, "models", "export", "heart/1", "--oci", tmp_path / "made.tar", folder=heart)
    with tarfile.open(tmp_path / "made.tar", "a") as archive:
        archive.addfile(bad, io.BytesIO())
    project = new_project("there")
    said = ran(quern, "models", "import", "--oci", tmp_path / "made.tar", folder=project, code=2)
    assert says in said and bad.name in said and "help: " in said
    assert not list(tmp_path.rglob("outside")) and told(quern, "models", folder=heart)["versions"]
    assert not (project / ".quern").exists()


def test_another_kind_of_image_is_refused(quern, new_project, tmp_path):
    """An ordinary image of one layer, as a container builder leaves it; skopeo vouches for it."""
    blobs = tmp_path / "image" / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(data, media):
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": media, "digest": "sha256:" + digest, "size": len(data)}

    layer = put(bytes(1024), "application/vnd.oci.image.layer.v1.tar")
    config = put(json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}).encode(),
                 "application/vnd.oci.image.config.v1+json")
    manifest = put(json.dumps({"schemaVersion": 2, "config": config, "layers": [layer]}).encode(),
                   "application/vnd.oci.image.manifest.v1+json")
    manifest["annotations"] = {"org.opencontainers.image.ref.name": "plain"}
    (tmp_path / "image" / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
    (tmp_path / "image" / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    assert "linux" in skopeo("inspect", f"oci:{tmp_path}/image:plain")
    said = ran(quern, "models", "import", "--oci", tmp_path / "image", folder=new_project("there"), code=2)
    assert "holds no model, but 'application/vnd.oci.image.config.v1+json'" in said and MODEL_TYPE in said


@pytest.fixture(params=["quern", "mlflow"])
def elsewhere(request, quern, tmp_path):
    """A registry at a server."""
    folder = tmp_path / "server"
    folder.mkdir()
    server = quern_server(quern, Store(folder / "store")) if request.param == "quern" else mlflow_server(folder)
    yield server
    server.kill()


def test_a_version_is_copied_to_a_server_once(quern, heart, signed, sent, elsewhere, tmp_path):
    first = told(quern, "models", "copy", "heart/1", "--to", elsewhere.url, "--alias", "pilot", folder=heart)
    assert first["outcome"] == "copied" and first["to"] == {"registry": elsewhere.url, "name": "heart", "version": 1}
    again = told(quern, "models", "copy", "heart/1", "--to", elsewhere.url, folder=heart)
    assert again["outcome"] == "there" and again["copied_from"].startswith("heart/1 of ")
    with pointed_at(elsewhere):
        client = mlflow.MlflowClient()
        found, = client.search_model_versions("name = 'heart'")
        tags = found.tags
        assert tags["quern.copied_from"] == "heart/1" and tags["quern.digest"] == first["digest"]
        assert tags["quern.copied_from.registry"] == first["from"]["registry"] and "quern.facts" in tags
        assert not [tag for tag in tags if tag.startswith("quern.alias.") and tag != "quern.alias.pilot"]
        assert len(client.search_runs(["1"])) == 1
        run = client.get_run(found.run_id)
        metrics = json.loads(tags["quern.metrics"])
        assert run.data.metrics == {name: value["value"] for name, value in metrics.items()}
        model = mlflow.pyfunc.load_model("models:/heart@pilot")
        downloaded = mlflow.artifacts.download_artifacts("models:/heart@pilot", dst_path=str(tmp_path / "down"))
    assert files_below(downloaded).items() >= files_below(heart / version(quern, heart, "heart/1")["path"]).items()
    lines = [line.split(",") for line in scores(quern, "heart/1", sent, heart).splitlines()]
    rows = {name: np.array([[float(cell) if cell else np.nan] for cell in column])
            for name, *column in zip(*(line.split(",") for line in sent.read_text().splitlines()), strict=True)}
    wanted = {column.name for column in model.metadata.signature.inputs}
    answer = model.predict({name: column for name, column in rows.items() if name in wanted})
    column = lines[0].index("score_1")
    assert np.allclose(np.asarray(answer["probabilities"])[:, 1], [float(line[column]) for line in lines[1:]], atol=1e-9)


def test_the_log_at_a_quern_server_says_who_copied_what(quern, heart, tmp_path):
    server = quern_server(quern, Store(tmp_path / "store"))
    try:
        ran(quern, "models", "copy", "heart/1", "--to", server.url, folder=heart, settings={"QUERN_ACTOR": "ada@clinic"})
        log = requests.get(server.url + "/api/2.0/quern/models/heart/log", timeout=30).json()["log"]
        made, = [entry for entry in log if entry["change"] == "version"]
        assert made["actor"] == "ada@clinic (unverified)" and made["reason"].startswith("copied from heart/1 of ")
        # Back from there, by a project that keeps its registry at the server.
        project = tmp_path / "tracked"
        project.mkdir()
        (project / "quern.yaml").write_text((heart / "quern.yaml").read_text() + f"\ntracking: {{server: \"{server.url}\"}}\n")
        assert told(quern, "models", "export", "heart/1", "--oci", tmp_path / "made", folder=project)["exported"] == "heart/1"
        assert told(quern, "models", "rename", "heart", "cardio", "--reason", "one name", folder=project)["project_keeps_name"]
        said = ran(quern, "models", "rename", "heart", "cardio", folder=project, code=2)
        assert "Registered Model with name=heart not found" in said
        log = requests.get(server.url + "/api/2.0/quern/models/cardio/log", timeout=30).json()["log"]
        assert (log[-1]["change"], log[-1]["before"], log[-1]["reason"]) == ("model renamed", "heart", "one name")
        # An artifact goes to a server by its address, too, with the bytes that it left with.
        for outcome in ["copied", "there"]:
            taken = told(quern, "models", "import", "--oci", tmp_path / "made", "--project", server.url, "--as", "ward", folder=tmp_path)
            assert taken["outcome"] == outcome and taken["to"] == {"registry": server.url, "name": "ward", "version": 1}
        with pointed_at(server):
            back = mlflow.artifacts.download_artifacts("models:/ward/1", dst_path=str(tmp_path / "back"))
        assert files_below(back).items() >= files_below(heart / version(quern, heart, "heart/1")["path"]).items()
        # A copy into a project that keeps its registry there goes there.
        into = told(quern, "models", "copy", "heart/1", "--to", project, folder=heart)
        assert into["to"]["registry"] == server.url and into["outcome"] == "copied"
    finally:
        server.kill()


class Guard(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802 (the library's name)
        self.server.seen.append(self.headers["Authorization"])
        self.send_response(401)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_server_that_wants_credentials_gets_the_token_and_no_message_shows_it(quern, heart):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Guard)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        said = ran(quern, "models", "copy", "heart/1", "--to", f"http://127.0.0.1:{server.server_port}", folder=heart, code=2,
                   settings={"MLFLOW_TRACKING_TOKEN": "t0ken"})
    finally:
        server.shutdown()
    assert "Bearer t0ken" in server.seen and "t0ken" not in said
    assert "401" in said and "MLFLOW_TRACKING_TOKEN" in said


def test_the_gates_and_keys_of_the_target_decide(quern, heart, signed, new_project):
    gated = new_project("gated", "\nregistry:\n  champion: {reviewer: other}\n")
    said = ran(quern, "models", "copy", "heart/1", "--to", gated, "--alias", "champion", folder=heart, code=3)
    assert "copied heart/1 of " in said and "has approved" in said and "help: " in said
    assert version(quern, gated, "heart/1")["aliases"] == []
    ran(quern, "models", "approve", "heart/1", "--reason", "seen", "--actor", "grace", folder=gated)
    said = ran(quern, "models", "copy", "heart/1", "--to", gated, "--alias", "champion", "--reason", "pilot passed", folder=heart)
    assert "nothing was added" in said and "heart@champion is heart/1" in said
    assert "pilot passed" in ran(quern, "models", "log", "heart", folder=gated)

    strict = new_project("strict", "\nregistry:\n  signatures: {require: true, keys: [release.pem]}\n")
    shutil.copy(signed, strict / "release.pem")
    assert told(quern, "models", "copy", "heart/1", "--to", strict, folder=heart)["outcome"] == "copied"
    ran(quern, "models", "keygen", "-o", "other", folder=heart)
    ran(quern, "models", "sign", "heart/1", "--key", "other.key", folder=heart)
    said = ran(quern, "models", "copy", "heart/1", "--to", strict, "--as", "second", folder=heart, code=2)
    assert "which is not trusted" in said


def test_the_card_of_a_copy_tells_what_is_known_of_its_making(quern, heart, new_project):
    there = new_project("there")
    ran(quern, "models", "copy", "heart/1", "--to", there, folder=heart)
    card = told(quern, "models", "card", "heart/1", folder=heart)
    copy = told(quern, "models", "card", "heart/1", folder=there)
    assert copy["considerations"] == card["considerations"]
    assert copy["model_parameters"] == card["model_parameters"]
    assert copy["quantitative_analysis"] == card["quantitative_analysis"]
    assert card["model_details"].get("copy_of") is None
    run = version(quern, heart, "heart/1")["run_id"]
    origin = copy["model_details"]["copy_of"]
    assert (origin["version"], origin["run_id"]) == ("heart/1", run) and origin["registry"].endswith(f":{heart}/.quern")
    text = ran(quern, "models", "card", "heart/1", folder=there)
    assert "| copy of | heart/1 of " in text and f"made there by the run {run}" in text
