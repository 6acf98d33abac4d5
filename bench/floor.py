"""Quern's HTTP server against the least that a server can do: a bare epoll loop that answers a constant.

    ./dev bench floor               a minute
    ./dev bench floor --seconds 5   longer, for a machine that others use too

Both answer the same number of bytes to the same scoring request, on one thread per core, in turns. Prints requests per
second, and the processor time of the server for one request, which other programs on the machine disturb less. The
handler is the one that runs on the event loops; the last line is the one that may block, on threads of its own.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

BODY = json.dumps({"inputs": [{"name": "x", "shape": [1, 13], "datatype": "FP32",
                               "data": [63, 1, 3, 145, 233, 1, 0, 150, 0, 2.3, 0, 0, 1]}]})
ANSWER = 200  # bytes
TARGET = 0.7


class Server:
    def __init__(self, program, *options):
        self.process = subprocess.Popen([str(program), "--size", str(ANSWER), "--threads", str(os.cpu_count()), *options],
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Bench:
    def __init__(self, programs, load, seconds):
        self.programs, self.load, self.seconds = programs, load, seconds

    def measure(self, server, connections):
        """Requests per second, and microseconds of the server's processor time for each."""
        before = server.cpu_seconds()
        line = subprocess.run(
            [str(self.load), "--port", str(server.port), "--path", "/v2/models/heart/infer", "--body", BODY,
             "--connections", str(connections), "--seconds", str(self.seconds)],
            check=True, capture_output=True, text=True).stdout
        result = json.loads(line)
        assert result["failures"] == 0, line
        return result["per_second"], 1e6 * (server.cpu_seconds() - before) / result["requests"]

    def compare(self, connections, *options, rounds=5):
        """Medians of floor and ours, each (requests per second, microseconds)."""
        servers = [Server(self.programs / "quern_epoll_floor"), Server(self.programs / "quern_inline_server", *options)]
        try:
            samples = [[self.measure(server, connections) for server in servers] for _ in range(rounds)]
        finally:
            for server in servers:
                server.close()
        return [tuple(statistics.median(round_[i][part] for round_ in samples) for part in (0, 1)) for i in (0, 1)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True, help="a program in the folder of the benchmarks'")
    parser.add_argument("--load", type=pathlib.Path, required=True, help="quern_http_load")
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement (1.5)")
    arguments = parser.parse_args()
    bench = Bench(arguments.program.resolve().parent, arguments.load.resolve(), arguments.seconds)
    print(f"{'':34} {'floor':>20} {'quern':>20}   ratio of requests/s, of processor time")
    met = True
    cases = [(f"inline, {n} connections", n, ()) for n in (1, 16, 64)]
    cases.append(("handler threads, 64 connections", 64, ("--general", "1")))
    for name, connections, options in cases:
        floor, ours = bench.compare(connections, *options)
        cells = [f"{rate:9,.0f}/s {cpu:5.1f} us" for rate, cpu in (floor, ours)]
        ratio = ours[0] / floor[0]
        verdict = "" if options else f"  target {TARGET}: {'met' if ratio >= TARGET else 'MISSED'}"
        met = met and (bool(options) or ratio >= TARGET)
        print(f"{name:34} {cells[0]:>20} {cells[1]:>20}   {ratio:.2f}, {floor[1] / ours[1]:.2f}{verdict}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
