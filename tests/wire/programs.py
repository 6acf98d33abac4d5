"""What the servers that the tests start have in common."""

import re
import signal
import time


class Program:
    """A started one, in `process`."""

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


def until(condition, seconds=60):
    """Waits for it, not longer than that; what it was in the end."""
    deadline = time.monotonic() + seconds
    while not (met := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return met


def with_deployment(yaml, section):
    """The text of a project file with another `deployment:`; `section` is written in its place."""
    changed, count = re.subn(r"(?ms)^deployment:.*?(?=^\S)", section.rstrip("\n") + "\n", yaml)
    assert count == 1
    return changed
