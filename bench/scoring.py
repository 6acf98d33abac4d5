"""The model servers that benchmarks compare, and the same rows of the heart example as each of them takes them."""

import json
import pathlib
import random
import shutil
import struct
import subprocess
import sys

import servers

ROOT = servers.ROOT
BIN = pathlib.Path(sys.executable).parent
JSON = {"Content-Type": "application/json"}
INFER = "/v2/models/heart/infer"


def project(program: pathlib.Path, folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """The heart example, run in a copy of its folder, and the package of its champion."""
    heart = folder / "heart"
    shutil.copytree(ROOT / "examples" / "heart", heart, ignore=shutil.ignore_patterns(".quern"))
    # A release that holds its old version would be part of what is measured.
    done = subprocess.run([str(program), "run", str(heart), "--set", "deployment.hold=0s"], capture_output=True, text=True)
    if done.returncode not in (0, 3):  # 3: an alert, which this data has
        raise RuntimeError(f"the example did not run: {done.stdout}{done.stderr}")
    listed = subprocess.run([str(program), "models", "--project", str(heart), "--json"],
                            check=True, capture_output=True, text=True).stdout
    champion, = [version for version in json.loads(listed)["versions"] if "champion" in version["aliases"]]
    return heart, heart / champion["path"]


class Rows:
    """Rows like the package's example: each value from a random one of its rows."""

    def __init__(self, package: pathlib.Path, count: int):
        example = json.loads((package / "serving_input_example.json").read_text())["inputs"]
        draw = random.Random(count)
        self.count, self.names = count, list(example)
        self.columns = [[float(draw.choice(example[name])[0]) for _ in range(count)] for name in self.names]

    def oip(self) -> bytes:
        return json.dumps({"inputs": [{"name": name, "shape": [self.count, 1], "datatype": "FP64", "data": column}
                                      for name, column in zip(self.names, self.columns)]}).encode()

    def oip_binary(self) -> tuple[bytes, int]:
        """A request of the binary tensor extension, and the length of its JSON."""
        size = 8 * self.count
        head = json.dumps({"parameters": {"binary_data_output": True}, "inputs": [
            {"name": name, "shape": [self.count, 1], "datatype": "FP64", "parameters": {"binary_data_size": size}}
            for name in self.names]}).encode()
        return head + b"".join(self.tensors()), len(head)

    def tensors(self) -> list[bytes]:
        return [struct.pack(f"<{self.count}d", *column) for column in self.columns]

    def grpc(self) -> bytes:
        from mlserver.grpc import dataplane_pb2 as protocol  # the protocol's messages, of any server

        request = protocol.ModelInferRequest(model_name="heart", raw_input_contents=self.tensors())
        for name in self.names:
            request.inputs.add(name=name, datatype="FP64", shape=[self.count, 1])
        return request.SerializeToString()

    def columns_json(self) -> bytes:
        return json.dumps(dict(zip(self.names, self.columns))).encode()

    def rows_binary(self) -> bytes:
        return b"".join(struct.pack(f"<{len(row)}d", *row) for row in zip(*self.columns))

    def columns_inputs(self) -> bytes:
        """The same as MLflow's `inputs`, for /invocations."""
        return json.dumps({"inputs": dict(zip(self.names, self.columns))}).encode()

    def mlflow(self) -> bytes:
        return json.dumps({"inputs": {name: [[x] for x in column]
                                      for name, column in zip(self.names, self.columns)}}).encode()


class Scorer(servers.Server):
    """A model server; `grpc_port` if it has one."""

    grpc_port = 0


def quern(name, folder, heart, program, row, *options) -> Scorer:
    """`quern serve` with the model of the registry; it keeps predictions unless an option says otherwise."""
    port, grpc_port = servers.free_port(), servers.free_port()
    server = Scorer(name, [str(program), "serve", "heart@champion", "--root", str(heart), "--port", str(port),
                           "--grpc-port", str(grpc_port), *options], port, folder, first=(INFER, row.oip(), JSON))
    server.grpc_port = grpc_port
    return server


def quern_serve(folder, package, program, row) -> Scorer:
    port, grpc_port = servers.free_port(), servers.free_port()
    server = Scorer("quern-serve", [str(program.parent / "quern-serve"), f"heart={package}", "--port", str(port),
                                    "--grpc-port", str(grpc_port)], port, folder, first=(INFER, row.oip(), JSON))
    server.grpc_port = grpc_port
    return server


def mlserver(folder, package, row, workers) -> Scorer:
    """MLServer with its MLflow runtime; `workers` 0: inference in the server's own process."""
    place = folder / f"mlserver-{workers}"
    (place / "heart").mkdir(parents=True)
    ports = [servers.free_port() for _ in range(3)]
    (place / "settings.json").write_text(json.dumps({
        "host": "127.0.0.1", "http_port": ports[0], "grpc_port": ports[1], "metrics_port": ports[2], "debug": False,
        "parallel_workers": workers}))
    (place / "heart" / "model-settings.json").write_text(json.dumps({
        "name": "heart", "implementation": "mlserver_mlflow.MLflowRuntime", "parameters": {"uri": str(package)}}))
    server = Scorer(place.name, [str(BIN / "mlserver"), "start", str(place)], ports[0], folder,
                    first=(INFER, row.oip(), JSON), environment=QUIET)
    server.grpc_port = ports[1]
    return server


def fastapi(folder, package, row, workers) -> Scorer:
    port = servers.free_port()
    return Scorer(f"fastapi-{workers}", [
        str(BIN / "uvicorn"), "fastapi_app:app", "--app-dir", str(ROOT / "bench" / "peers"), "--port", str(port),
        "--workers", str(workers), "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning",
    ], port, folder, first=("/predict", row.columns_json(), JSON), environment=QUIET | {"MODEL": str(package / "model.onnx")})


def mlflow(folder, package, row) -> Scorer:
    port = servers.free_port()
    return Scorer("mlflow-serve", [str(BIN / "mlflow"), "models", "serve", "-m", str(package), "--env-manager", "local",
                                   "--port", str(port)], port, folder,
                  first=("/invocations", row.mlflow(), JSON), environment=QUIET)


# No news to anybody, and the programs of this environment first.
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "PYTHONDONTWRITEBYTECODE": "1",
         "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin"}


def floor(folder, program, size) -> Scorer:
    """A bare epoll loop on two threads that answers `size` bytes."""
    port = servers.free_port()
    return Scorer("floor", [str(program.parent / "quern_epoll_floor"), "--port", str(port), "--size", str(size),
                            "--threads", "2"], port, folder)
