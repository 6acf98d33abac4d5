"""The table of a comparison: what was measured of both, the ratio, the target and whether it is met."""

import dataclasses
import json


@dataclasses.dataclass
class Row:
    what: str
    ours: float
    theirs: float | None
    unit: str
    more_is_better: bool
    target: str
    met: bool | None

    @property
    def ratio(self):
        if self.theirs is None or not self.ours or not self.theirs:
            return None
        return self.ours / self.theirs if self.more_is_better else self.theirs / self.ours


class Table:
    def __init__(self, theirs="mlflow"):
        self.theirs, self.rows = theirs, []

    def add(self, what, ours, theirs, unit, *, more_is_better=False, times=None, most=None, least=None):
        """`times`: the ratio that is asked for; `most` and `least`: limits of our own figure."""
        row = Row(what, ours, theirs, unit, more_is_better, "", None)
        targets = []
        if times is not None:
            targets.append((f"{times:,g} x", row.ratio is not None and row.ratio >= times))
        if most is not None:
            targets.append((f"<= {most:,.3g} {unit}", ours <= most))
        if least is not None:
            targets.append((f">= {least:,.3g} {unit}", ours >= least))
        row.target = ", ".join(text for text, _ in targets)
        row.met = all(met for _, met in targets) if targets else None
        self.rows.append(row)
        self.show(row)

    def head(self):
        print(f"  {'':<82} {'quern':>16} {self.theirs:>16} {'ratio':>10}  target")

    @staticmethod
    def show(row):
        theirs = "" if row.theirs is None else f"{row.theirs:,.2f} {row.unit}"
        ratio = "" if row.ratio is None else f"{row.ratio:,.1f} x"
        verdict = {True: "met", False: "MISSED", None: ""}[row.met]
        print(f"  {row.what:<82} {f'{row.ours:,.2f} {row.unit}':>16} {theirs:>16} {ratio:>10}  "
              f"{row.target:<22} {verdict}".rstrip(), flush=True)

    def close(self, path):
        judged = [row for row in self.rows if row.met is not None]
        missed = [row for row in judged if not row.met]
        print(f"  {len(judged) - len(missed)} of {len(judged)} targets met")
        if path is None:
            return
        rows = [dataclasses.asdict(row) | {"ratio": row.ratio} for row in self.rows]
        with open(path, "w") as out:
            json.dump({"rows": rows, "met": len(judged) - len(missed), "missed": len(missed)}, out, indent=2)
            out.write("\n")
