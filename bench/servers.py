"""Starts the servers that benchmarks compare, on free ports, in folders of their own."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process and its children, stopped on exit. `start_seconds`: until `first`, a path or a request's path, body and
    headers, was answered with 200."""

    def __init__(self, name: str, command: list[str], port: int, folder: pathlib.Path, *,
                 first: str | tuple[str, bytes, dict] = "/health", environment: dict | None = None):
        self.name = name
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = open(folder / f"{name}.log", "wb")
        path, body, headers = (first, None, {}) if isinstance(first, str) else first
        began = time.perf_counter()
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=self.log, stderr=self.log, start_new_session=True,
            env=os.environ | (environment or {}),
        )
        while True:
            try:
                request = urllib.request.Request(self.url + path, data=body, headers=headers)
                self.first_answer = urllib.request.urlopen(request, timeout=30).read()
                break
            except OSError:
                if self.process.poll() is not None or time.perf_counter() - began > 120:
                    self.__exit__()
                    said = pathlib.Path(self.log.name).read_text(errors="replace")[-1500:]
                    raise RuntimeError(f"{name} did not start: {said}") from None
                time.sleep(0.001)
        self.start_seconds = time.perf_counter() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(20)
        # What it left, in groups of their own too.
        for entry in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(entry.name), signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def processes(self):
        """/proc/PID of the process and of all that it started."""
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.getsid(int(entry.name)) == self.process.pid:
                    yield entry
            except OSError:
                continue

    def memory_mb(self) -> float:
        """Resident memory of all processes, as PSS: shared pages count once."""
        total = 0
        for entry in self.processes():
            try:
                for line in (entry / "smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1])
            except OSError:
                continue
        return total / 1024

    def cpu_seconds(self) -> float:
        """Processor time that all processes have taken."""
        ticks = 0
        for entry in self.processes():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            ticks += int(fields[11]) + int(fields[12])  # utime, stime
        return ticks / os.sysconf("SC_CLK_TCK")


def quern(folder: pathlib.Path, program: pathlib.Path, *options: str) -> Server:
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(program), "server", "--root", str(folder / "store"), "--port", str(port), *options]
    return Server("quern", command, port, folder)


def mlflow(folder: pathlib.Path) -> Server:
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        str(pathlib.Path(sys.executable).parent / "mlflow"), "server", "--host", "127.0.0.1",
        "--port", str(port), "--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination", str(folder / "artifacts"),
    ]
    # Without the runners of jobs, which take a core's share and answer nothing.
    return Server("mlflow", command, port, folder, environment={"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"})
