import { useRef } from "react";
import type { DriftColumn } from "./document";
import { known, num, percent, plain, pValue } from "./format";
import { PairedHistogram } from "./Histogram";
import { DataTable } from "./DataTable";
import { Downloads } from "./Downloads";
import { Fold } from "./Layout";
import type { SavedTable } from "./save";
import { Status } from "./Status";
import { testName } from "./words";

function harm(c: DriftColumn): number {
  const jump = Math.abs((c.missing?.current ?? 0) - (c.missing?.reference ?? 0));
  const size = Math.max(0, ...(c.tests ?? []).map((t) => (t.p_value === null || t.p_value === undefined ? t.statistic ?? 0 : 1 - t.p_value)));
  return (c.drifted ? 10 : 0) + jump * 5 + Math.min(1, size);
}

/** One column's distribution then and now, with the verdict and the reason in words. */
export function DriftCard({ column }: { column: DriftColumn }) {
  const { missing } = column;
  const host = useRef<HTMLDivElement>(null);
  const shift = missing && known(missing.current) && known(missing.reference) && (missing.drifted || missing.current > 0.05);
  return (
    <div className="drift-card" ref={host}>
      <header>
        <h5>{column.column}</h5>
        <Status tone={column.drifted ? "new" : "known"}>{column.drifted ? "drifted" : "as before"}</Status>
        <Downloads title={`both distributions of ${column.column}`} {...(labelsOf(column) ? {} : { host })} data={() => sharesOf(column)} />
      </header>
      <PairedHistogram reference={column.reference} current={column.current} label={`Distribution of ${column.column}`} />
      {shift && (
        <p className="missing-shift">
          missing {percent(missing.reference)} → <b>{percent(missing.current)}</b>
        </p>
      )}
      {column.reason && <p>{column.reason}</p>}
      {(column.new_categories?.length ?? 0) > 0 && (
        <p>New: {column.new_categories?.map((n) => `${plain(n.value)} (${percent(n.share)})`).join(", ")}</p>
      )}
    </div>
  );
}

const labelsOf = (column: DriftColumn) => column.reference?.labels ?? column.current?.labels;

/** Both distributions, bin by bin. */
function sharesOf(column: DriftColumn): SavedTable {
  const labels = labelsOf(column);
  const edges = column.reference?.edges ?? column.current?.edges ?? [];
  const bins = Math.max(column.reference?.shares?.length ?? 0, column.current?.shares?.length ?? 0);
  return {
    head: [...(labels ? ["value"] : ["from", "to"]), "before", "now"],
    rows: Array.from({ length: bins }, (_, at) => [...(labels ? [labels[at]] : [edges[at], edges[at + 1]]), column.reference?.shares?.[at], column.current?.shares?.[at]]),
  };
}

/** All columns of a batch, drifted ones first. */
export function DriftGrid({ columns }: { columns: readonly DriftColumn[] }) {
  const ordered = [...columns].sort((a, b) => harm(b) - harm(a));
  return (
    <>
      <div className="drift-grid">{ordered.map((c) => <DriftCard key={c.column} column={c} />)}</div>
      <Fold summary="Every test in numbers">
        <DriftTable columns={ordered} />
      </Fold>
    </>
  );
}

export function DriftTable({ columns }: { columns: readonly DriftColumn[] }) {
  const rows = columns.flatMap((c) => (c.tests ?? []).map((t, at) => ({ c, t, first: at === 0 })));
  return (
    <DataTable label="Drift tests" rows={rows} columns={[
      { head: "Column", cell: ({ c, first }) => (first ? c.column : <span className="muted">{c.column}</span>) },
      { head: "Test", cell: ({ t }) => testName(t.name) },
      { head: "Statistic", numeric: true, cell: ({ t }) => num(t.statistic), value: ({ t }) => t.statistic },
      { head: "p", numeric: true, cell: ({ t }) => pValue(t.p_value), value: ({ t }) => t.p_value },
      { head: "Threshold", numeric: true, cell: ({ t }) => num(t.threshold), value: ({ t }) => t.threshold },
      { head: "p, adjusted", numeric: true, cell: ({ c, first }) => (first ? pValue(c.adjusted_p_value) : ""), value: ({ c, first }) => (first ? c.adjusted_p_value : null) },
      { head: "Verdict", cell: ({ t }) => (t.drifted ? "drifted" : "as before") },
    ]} />
  );
}
