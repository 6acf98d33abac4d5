"""`quern-serve` as a process, with both of its fronts."""

import re
import subprocess

from where import build_folder
from wire.programs import Program


def program():
    path = build_folder() / "bin" / "quern-serve"
    assert path.exists(), f"{path} is missing: run ./dev build"
    return path


class Standalone(Program):
    """Started and listening; `url` is HTTP's address, `grpc` gRPC's as HOST:PORT. `command`: what starts it."""

    def __init__(self, *arguments, executable=None, command=None, stderr=subprocess.DEVNULL):
        self.process = subprocess.Popen([*(command or [executable or program()]), *map(str, arguments), "--port", "0"],
                                        stdout=subprocess.PIPE, stderr=stderr, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), (line, self.process.wait(timeout=30))
        self.url = re.search(r"https?://[^ ;]+", line).group()
        found = re.search(r"grpc://([^ ;]+)", line)
        self.grpc = found and found.group(1)


def refusal(*arguments):
    """What it says when it cannot start."""
    done = subprocess.run([program(), *map(str, arguments), "--port", "0"], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr
