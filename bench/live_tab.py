"""A tab of the page that is open while a client logs, ten times a second."""

import json
import pathlib
import subprocess
import threading

from tracking import API, call, new_run

HERE = pathlib.Path(__file__).resolve().parent
PAUSE = 0.1  # seconds between two calls of the client


class LiveTab:
    """The charts of a run at `server`, to which a thread of its own logs until the end. `grown` is what the tab keeps
    alive beyond the first time that it was asked for, in megabytes."""

    def __init__(self, server):
        self.server, self.run, self.first, self.steps = server, new_run(server), None, 0
        self.log()
        self.node = subprocess.Popen(["node", HERE / "tab.mjs", f"{server.url}/experiments/0/runs/{self.run}?tab=charts"],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.done = threading.Event()
        self.client = threading.Thread(target=self.keep_logging)
        self.client.start()

    def log(self):
        self.steps += 1
        call(self.server, API + "/runs/log-batch", {"run_id": self.run, "metrics": [
            {"key": f"live_{k}", "value": self.steps % (k + 2), "timestamp": self.steps, "step": self.steps} for k in range(8)]})

    def keep_logging(self):
        while not self.done.wait(PAUSE):
            self.log()

    def heap(self):
        if not self.client.is_alive():
            raise SystemExit("soak: the client that logs has ended; the server refused it")
        self.node.stdin.write("\n")
        self.node.stdin.flush()
        found = json.loads(self.node.stdout.readline())
        if found["said"] or "live_7" not in found["text"]:
            raise SystemExit(f"soak: the tab says {found['said'] or found['text'][:500]}")
        return found["heap"]

    def grown(self):
        now = self.heap()
        self.first = now if self.first is None else self.first
        return now - self.first

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.done.set()
        self.client.join()
        self.node.stdin.close()
        self.node.wait(60)
