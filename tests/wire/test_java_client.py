"""MLflow's own client for Java, unchanged, against `quern server`: java/Workflow.java compiled and run."""

import os
import pathlib
import subprocess
import sys

from where import dependencies
from wire.tracking_servers import environment, quern_server

SOURCE = pathlib.Path(__file__).with_name("java") / "Workflow.java"


def test_the_documented_workflow(quern, tmp_path):
    jars = [dependencies() / "java" / "mlflow-client.jar", pathlib.Path("/usr/share/java/slf4j-api.jar")]
    for jar in jars:
        assert jar.exists(), f"{jar} is missing: run ./dev setup"
    server = quern_server(quern, tmp_path / "store")
    # Its files go through the `mlflow` program, found on PATH.
    path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    try:
        done = subprocess.run(["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", ":".join(map(str, jars)), SOURCE, server.url, tmp_path],
                              capture_output=True, text=True, timeout=300, env={**environment(), "PATH": path})
        assert done.returncode == 0 and done.stdout.endswith("OK\n"), done.stdout[-1000:] + done.stderr[-3000:]
    finally:
        server.kill()
