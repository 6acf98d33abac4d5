"""`quern-serve` as a process, with both of its fronts."""

import re
import signal
import subprocess

from where import build_folder


def program():
    path = build_folder() / "bin" / "quern-serve"
    assert path.exists(), f"{path} is missing: run ./dev build"
    return path


class Standalone:
    """Started and listening; `url` is HTTP's address, `grpc` gRPC's as HOST:PORT."""

    def __init__(self, *arguments, executable=None):
        self.process = subprocess.Popen([executable or program(), *map(str, arguments), "--port", "0"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), (line, self.process.wait(timeout=30))
        self.url = re.search(r"http://[^ ;]+", line).group()
        found = re.search(r"grpc://([^ ;]+)", line)
        self.grpc = found and found.group(1)

    def status(self, name):
        """A number of /proc/PID/status, in kB: VmRSS, RssAnon."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(rf"^{name}:\s+(\d+)", file.read(), re.M).group(1))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def refusal(*arguments):
    """What it says when it cannot start."""
    done = subprocess.run([program(), *map(str, arguments), "--port", "0"], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr
