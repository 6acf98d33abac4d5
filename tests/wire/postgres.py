"""A throwaway PostgreSQL server, like the one of the unit tests (tests/store/postgres_server.h)."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

# Whom the server runs as if root starts it: PostgreSQL refuses root.
USER = "quern-test"
# Its data is thrown away: nothing here has to survive a loss of power.
SETTINGS = {"listen_addresses": "", "fsync": "off", "full_page_writes": "off", "shared_buffers": "16MB",
            "max_connections": "60", "autovacuum": "off"}
PATIENCE_SECONDS = 60


def programs():
    """The folder of the newest version's programs, or None."""
    found = [path.parent for path in pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    return max(found, key=lambda folder: int(folder.parent.name), default=None)


class Postgres:
    """Reached through a socket in a temporary folder. It ends with the object, or with this process however that ends."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quern-pg-"))
        self.process = None
        self.databases = 0
        if os.geteuid() == 0:
            shutil.chown(self.folder, USER, USER)
        made = subprocess.run(self._as_user("initdb", "--pgdata", self.folder / "data", "--no-sync", "--auth=trust",
                                            "--username=quern", "--encoding=UTF8", "--locale=C.UTF-8"),
                              cwd=self.folder, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        self.start()

    def start(self):
        state = self.folder / "data" / "postmaster.pid"
        state.unlink(missing_ok=True)
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        with open(self.folder / "server.log", "a") as log:
            self.process = subprocess.Popen(
                self._as_user("postgres", "-D", self.folder / "data", "-c", f"unix_socket_directories={self.folder}",
                              *settings), cwd=self.folder, stdout=log, stderr=log)
        # The last line of its state says how far it is.
        wait_for(lambda: state.exists() and "\nready" in state.read_text(), self._log)

    def kill(self):
        """kill -9 of all its processes; returns when they are gone."""
        number = self.process.pid
        self.process.send_signal(signal.SIGSTOP)
        children = pathlib.Path(f"/proc/{number}/task/{number}/children").read_text().split()
        for one in [number, *map(int, children)]:
            os.kill(one, signal.SIGKILL)
        self.process.wait()
        wait_for(lambda: not any(alive(child) for child in children), self._log)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self):
        """The URI of an empty one."""
        self.databases += 1
        name = f"test{self.databases}"
        self.run("createdb", name)
        return f"postgresql:///{name}?user=quern&host={self.folder}"

    def run(self, program, *arguments, **options):
        """One of PostgreSQL's client programs; its standard output."""
        return subprocess.run([programs() / program, "-h", self.folder, "-U", "quern", *arguments], check=True,
                              capture_output=True, **options).stdout

    def _as_user(self, program, *arguments):
        identity = ["--reuid", USER, "--regid", USER, "--clear-groups"] if os.geteuid() == 0 else []
        return ["setpriv", "--pdeathsig", "SIGQUIT", *identity, programs() / program, *arguments]

    def _log(self):
        return (self.folder / "server.log").read_text()


def alive(number):
    """Whether there is such a process that is more than a zombie."""
    try:
        return pathlib.Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(condition, explain):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.005)
