"""What goes wrong around `quern server`: clients that stop, disks that are full, databases that are away, and kill -9."""

import concurrent.futures
import contextlib
import errno
import http.client
import os
import pathlib
import resource
import socket
import sqlite3
import subprocess
import threading
import time

import pytest

from ports import free_port
from wire.postgres import wait_for
from wire.raw import API, ARTIFACTS, Api, connect
from wire.tracking_servers import Process, Store

HUGE = 1 << 30


def files_below(folder):
    """Every file, also those that a store hides."""
    return sorted(str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*") if not path.is_dir())


def artifacts_of(store):
    return files_below(store.root / ".quern" / "mlflow-artifacts")


class Writers:
    """Threads that log metrics until they are told to stop, or the server no longer answers them with 200."""

    def __init__(self, server, threads=8):
        self.run_id = Api(server).new_run()
        self.acknowledged = [[] for _ in range(threads)]
        self.refused = [[] for _ in range(threads)]
        self.ends = [None] * threads
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._write, args=(server, number)) for number in range(threads)]
        for thread in self.threads:
            thread.start()

    def _write(self, server, number):
        api, step = Api(server), 0
        while not self.stopping.is_set():
            step += 1
            try:
                answer = api.log(self.run_id, f"m{number}", step)
            except (OSError, http.client.HTTPException) as error:
                self.ends[number] = error
                return
            if answer.status != 200:
                self.refused[number].append(step)
                self.ends[number] = answer
                return
            self.acknowledged[number].append(step)

    def wait_for(self, count):
        wait_for(lambda: min(map(len, self.acknowledged)) >= count, lambda: f"too slow: {self.ends}")

    def join(self):
        for thread in self.threads:
            thread.join(timeout=60)
            assert not thread.is_alive()

    def check(self, server):
        """All that was acknowledged is there, and nothing that was refused."""
        api = Api(server)
        for number, steps in enumerate(self.acknowledged):
            kept = set(api.steps(self.run_id, f"m{number}"))
            assert kept >= set(steps), f"lost: {sorted(set(steps) - kept)}"
            assert not kept & set(self.refused[number])


def test_kill_during_writes_loses_nothing_that_was_acknowledged(new_store, start):
    store = new_store()
    first = start(store)
    writers = Writers(first, threads=16)
    writers.wait_for(20)
    first.kill()
    writers.join()
    assert all(isinstance(end, Exception) for end in writers.ends)
    second = start(store)
    writers.check(second)
    assert Api(second).log(writers.run_id, "after", 1).status == 200


def test_a_killed_postgresql_is_503_until_it_is_back(postgres, start, tmp_path):
    server = start(Store(tmp_path / "store", postgres))
    api = Api(server)
    writers = Writers(server, threads=16)
    writers.wait_for(20)
    postgres.kill()
    try:
        writers.join()
        # What was in flight is told as unavailable, and neither as done nor as impossible.
        for end in writers.ends:
            assert (end.status, end.error(), end.headers["Retry-After"]) == (503, "TEMPORARILY_UNAVAILABLE", "1")
        for answer in (api.log(writers.run_id, "m", 1), api.get(f"/runs/get?run_id={writers.run_id}"),
                       api.post("/runs/search", experiment_ids=["0"])):
            assert (answer.status, answer.error(), answer.headers["Retry-After"]) == (503, "TEMPORARILY_UNAVAILABLE", "1")
        assert api.send("GET", "/health").status == 200
    finally:
        postgres.start()
    assert api.log(writers.run_id, "after", 1).status == 200
    api.get(f"/runs/get?run_id={writers.run_id}")
    # One that was in flight may have been kept: it was told so.
    writers.refused = [[] for _ in writers.refused]
    writers.check(server)


def read_all(talk):
    """What comes until the server closes."""
    pieces = []
    while piece := talk.recv(1 << 20):
        pieces.append(piece)
    return b"".join(pieces)


def answered(server, seconds=2.0):
    """The slowest of some ordinary requests, which must all be served."""
    slowest = 0.0
    for ask in (lambda api: api.send("GET", "/health"), lambda api: api.post("/runs/search", experiment_ids=["0"]),
                lambda api: api.send("GET", ARTIFACTS)):
        began = time.monotonic()
        answer = ask(Api(server, timeout=20))
        assert answer.status == 200, answer.body
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < seconds
    return slowest


def begin_upload(server, target, method="PUT"):
    """Says that a gigabyte comes, and sends a little of it."""
    talk = connect(server)
    talk.sendall(f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {HUGE}\r\n\r\n".encode() + b"x" * (8 << 20))
    return talk


def test_an_upload_that_breaks_off_leaves_nothing(start, tmp_path):
    store = Store(tmp_path / "store")
    server = start(store)
    api = Api(server)
    assert api.send("PUT", ARTIFACTS + "/a/f", b"old").status == 200
    made = api.send("POST", ARTIFACTS.replace("artifacts/artifacts", "artifacts/mpu/create/big"),
                    b'{"path": "big", "num_parts": 1}', {"Content-Type": "application/json"}).json()
    part = f"{ARTIFACTS.replace('artifacts/artifacts', 'artifacts/mpu/parts')}/{made['upload_id']}/1"
    before = artifacts_of(store)
    uploads = [begin_upload(server, ARTIFACTS + "/a/f"), begin_upload(server, ARTIFACTS + "/new"), begin_upload(server, part)]
    wait_for(lambda: len(artifacts_of(store)) >= len(before) + 3, lambda: artifacts_of(store))
    for talk in uploads:
        talk.close()
    wait_for(lambda: artifacts_of(store) == before, lambda: artifacts_of(store))
    # One that the end of the server breaks off.
    talk = begin_upload(server, ARTIFACTS + "/a/f")
    wait_for(lambda: len(artifacts_of(store)) > len(before), lambda: artifacts_of(store))
    server.kill()
    talk.close()
    again = Api(start(store))
    wait_for(lambda: artifacts_of(store) == before, lambda: artifacts_of(store))
    assert again.send("GET", ARTIFACTS + "/a/f").body == b"old"
    assert again.send("GET", ARTIFACTS + "/new").status == 404


def test_a_database_that_another_process_holds(start, tmp_path):
    store = Store(tmp_path / "store")
    server = start(store)
    api = Api(server)
    run_id = api.new_run()
    other = sqlite3.connect(store.root / ".quern" / "quern.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    # More writers than the server has threads: some wait, the others are soon told to come again.
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        writes = [pool.submit(lambda step=step: Api(server).log(run_id, "m", step)) for step in range(100)]
        try:
            concurrent.futures.wait(writes, timeout=20, return_when=concurrent.futures.FIRST_COMPLETED)
            for _ in range(3):
                answered(server)
        finally:
            other.execute("ROLLBACK")
        answers = [write.result() for write in writes]
    for answer in answers:
        assert answer.status == 200 or (answer.error(), answer.headers["Retry-After"]) == ("TEMPORARILY_UNAVAILABLE", "1")
    kept = [step for step, answer in enumerate(answers) if answer.status == 200]
    assert 0 < len(kept) < 100 and sorted(api.steps(run_id, "m")) == kept
    assert api.log(run_id, "after", 1).status == 200


class SmallDisk:
    """A server whose store lies on a disk of its own, which only its processes see, through /proc."""

    def __init__(self, quern, folder, megabytes):
        self.port = free_port()
        mount = folder / "disk"
        mount.mkdir()
        script = f'mount -t tmpfs -o size={megabytes}m none "$0" && exec "$@"'
        command = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c", script, mount,
                   quern, "server", "--root", mount / "store", "--port", str(self.port)]
        self.server = Process(command, self.port, folder / "disk.log", 20)
        self.folder = pathlib.Path(f"/proc/{self.server.process.pid}/root{mount}")

    @staticmethod
    def possible():
        probe = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "mount", "-t", "tmpfs", "none", "/mnt"]
        return subprocess.run(probe, capture_output=True).returncode == 0

    def fill(self):
        with open(self.folder / "filler", "wb", buffering=0) as filler:
            for size in (1 << 20, 4096):
                try:
                    while True:
                        filler.write(b"x" * size)
                except OSError as error:
                    assert error.errno == errno.ENOSPC

    def empty(self):
        (self.folder / "filler").unlink()


@pytest.fixture
def small_disk(quern, tmp_path):
    if not SmallDisk.possible():
        pytest.skip("this user may not mount a small disk")
    disk = SmallDisk(quern, tmp_path, 24)
    yield disk
    disk.server.kill()


def test_a_full_disk_is_503_until_there_is_room(small_disk):
    api = Api(small_disk.server)
    run_id = api.new_run()
    assert api.send("PUT", ARTIFACTS + "/f", b"old").status == 200
    writers = Writers(small_disk.server)
    writers.wait_for(3)
    small_disk.fill()
    writers.join()
    for end in writers.ends:
        assert (end.status, end.error(), end.headers["Retry-After"]) == (503, "TEMPORARILY_UNAVAILABLE", "1")
    metrics = [{"key": "batch", "value": i, "timestamp": 1, "step": i} for i in range(900)]
    batch = {"run_id": run_id, "metrics": metrics, "params": [{"key": "p", "value": "x" * 6000}]}
    full = api.post("/runs/log-batch", **batch)
    assert (full.status, full.error()) == (503, "TEMPORARILY_UNAVAILABLE")
    for path in ("/f", "/new"):
        full = api.send("PUT", ARTIFACTS + path, b"n" * (1 << 20))
        assert (full.status, full.error(), full.headers["Retry-After"]) == (503, "TEMPORARILY_UNAVAILABLE", "1")
    # What is there is still read, and nothing of the rest is.
    answered(small_disk.server)
    assert api.send("GET", ARTIFACTS + "/f").body == b"old"
    assert api.steps(run_id, "batch") == []
    artifacts = small_disk.folder / "store" / ".quern" / "mlflow-artifacts"
    assert [name for name in files_below(artifacts) if (artifacts / name).stat().st_size] == ["f"]
    small_disk.empty()
    assert api.post("/runs/log-batch", **batch).status == 200
    assert sorted(api.steps(run_id, "batch")) == list(range(900))
    assert api.send("PUT", ARTIFACTS + "/f", b"n" * (1 << 20)).status == 200
    writers.check(small_disk.server)


def allow_descriptors(wanted):
    """Raises this process's limit; how many it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else soft


def test_thousands_of_idle_connections_and_slow_clients_hold_nobody(start, tmp_path):
    server = start(Store(tmp_path / "store"))
    api = Api(server)
    run_id = api.new_run()
    count = min(2000, allow_descriptors(4096) - 500)
    assert count >= 500, "this user may not open enough connections"
    assert api.send("PUT", ARTIFACTS + "/big", b"b" * (8 << 20)).status == 200
    for start_step in range(0, 20000, 1000):
        points = [{"key": "m", "value": step, "timestamp": step, "step": step} for step in range(start_step, start_step + 1000)]
        assert api.post("/runs/log-batch", run_id=run_id, metrics=points).status == 200
    with contextlib.ExitStack() as open_connections:
        def opened(bytes_to_send, receive_buffer=None):
            talk = socket.socket()
            open_connections.callback(talk.close)
            if receive_buffer:
                talk.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            talk.settimeout(30)
            talk.connect(("127.0.0.1", server.port))
            talk.sendall(bytes_to_send)
            return talk

        head = b" HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        history = f"GET {API}/metrics/get-history?run_id={run_id}&metric_key=m".encode() + head + b"Connection: close\r\n\r\n"
        for _ in range(count):
            opened(b"")
        # More of each kind than the server has threads.
        files = [opened(b"GET " + ARTIFACTS.encode() + b"/big" + head + b"Connection: close\r\n\r\n", 4096) for _ in range(80)]
        answers = [opened(history, 4096) for _ in range(80)]
        for _ in range(80):
            opened(b"POST " + API.encode() + b"/runs/search" + head + b"Content-Length: 100000\r\n\r\n{")
            opened(b"GET /health HTTP/1.1\r\nHost:")
            opened(b"PUT " + ARTIFACTS.encode() + b"/slow" + head + b"Content-Length: 100000\r\n\r\nx")
        for _ in range(3):
            for talk in (*files, *answers):
                assert talk.recv(1)
            answered(server)
            assert Api(server).log(run_id, "n", 1).status == 200
        # A slow reader gets the whole all the same.
        assert read_all(answers[0]).count(b'"timestamp"') == 20000
        assert len(read_all(files[0])) > 8 << 20
    answered(server)
