"""An hour of constant load on `quern serve`, and of a tab of the page that is told of changes without end: the memory of
both has to stay where it was after the warm-up.

    ./dev bench soak         an hour
    ./dev bench soak 5       minutes

Half of the time single rows and half of it batches of 1,000, in turns of fifteen seconds, at a constant rate (an open
loop), with the prediction log as it is by default. Each minute prints requests, p99 and resident memory. After a
warm-up of a tenth of the time, at least a minute, no minute may end more than --bound megabytes above the first one.
Beside it `quern server` shows the charts of a run to which a client logs ten times a second; what the tab keeps alive
after a collection may grow by --tab-bound.
Any request that fails ends it too.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import live_tab
import scoring
import servers

TURN = 15.0  # seconds


def load(program, server, body, rate, connections):
    done = subprocess.run(
        [str(program), "--port", str(server.port), "--path", scoring.INFER, "--body-file", str(body), "--connections",
         str(connections), "--rate", str(rate), "--seconds", str(TURN), "--requests", "0"], capture_output=True, text=True)
    if done.returncode != 0 or done.stderr:
        raise SystemExit(f"soak: {done.stderr or done.returncode}")
    return json.loads(done.stdout)


def soak(arguments, server, bodies, tab):
    """Whether memory stayed within the bounds."""
    warm = max(1.0, arguments.minutes / 10)
    began, minute, base = time.monotonic(), 0, None
    print(f"  {'minute':>6} {'requests':>10} {'single p99':>12} {'batch p99':>12} {'memory':>12} {'grown':>10} {'tab grown':>12}")
    while minute < arguments.minutes:
        requests, worst = 0, [0.0, 0.0]
        minute += 1
        while time.monotonic() - began < 60 * minute:
            for kind, (rate, connections) in enumerate(((arguments.rate, 16), (arguments.rate / 100, 2))):
                result = load(arguments.load, server, bodies[kind], rate, connections)
                requests += result["requests"]
                worst[kind] = max(worst[kind], result["p99_ms"])
        memory = server.memory_mb()
        if base is None and minute >= warm:
            base = memory
        grown = 0.0 if base is None else memory - base
        of_tab = 0.0 if base is None else tab.grown()
        print(f"  {minute:>6} {requests:>10,} {worst[0]:>9.2f} ms {worst[1]:>9.2f} ms {memory:>9.2f} MB {grown:>7.2f} MB {of_tab:>9.2f} MB",
              flush=True)
        if grown > arguments.bound:
            print(f"  MISSED: {grown:.2f} MB more than after the warm-up; the bound is {arguments.bound:g} MB")
            return False
        if of_tab > arguments.tab_bound:
            print(f"  MISSED: the tab keeps {of_tab:.2f} MB more than after the warm-up; the bound is {arguments.tab_bound:g} MB")
            return False
    print(f"  met: never more than {arguments.bound:g} MB, the tab {arguments.tab_bound:g} MB, above the memory after the warm-up")
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True, help="the quern program")
    parser.add_argument("--load", type=pathlib.Path, required=True, help="quern_http_load")
    parser.add_argument("minutes", type=int, nargs="?", default=60, help="of load (60)")
    parser.add_argument("--rate", type=float, default=5000, help="single rows a second; batches a hundredth of it (5,000)")
    parser.add_argument("--bound", type=float, default=8, help="megabytes of growth that are allowed (8)")
    parser.add_argument("--tab-bound", type=float, default=3, help="the same for the tab (3)")
    parser.add_argument("--no-prediction-log", action="store_true", help="do not keep predictions")
    arguments = parser.parse_args()
    if arguments.minutes < 2:
        parser.error("at least 2 minutes: one to warm up, one to judge")
    arguments.program, arguments.load = arguments.program.resolve(), arguments.load.resolve()
    with tempfile.TemporaryDirectory(prefix="quern-soak-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        heart, package = scoring.project(arguments.program, folder)
        row, batch = scoring.Rows(package, 1), scoring.Rows(package, 1000)
        bodies = [folder / "row", folder / "batch"]
        for path, rows in zip(bodies, (row, batch)):
            path.write_bytes(rows.oip())
        options = ["--no-prediction-log"] if arguments.no_prediction_log else []
        with (
            scoring.quern("quern", folder, heart, arguments.program, row, *options) as server,
            servers.quern(folder / "tracking", arguments.program) as tracking,
            live_tab.LiveTab(tracking) as tab,
        ):
            print(f"soak: {arguments.minutes} minutes, {arguments.rate:,.0f} single rows a second and batches of 1,000; a tab with a live run")
            return 0 if soak(arguments, server, bodies, tab) else 1


if __name__ == "__main__":
    sys.exit(main())
