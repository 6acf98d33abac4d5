import { DataTable } from "../../parts/DataTable";
import type { Check } from "../../parts/document";
import { percent } from "../../parts/format";
import { Status } from "../../parts/Status";
import { checkSentence } from "../../parts/words";

interface Row { name: string; text: string; before: Check | undefined; after: Check | undefined }

/** What checks said of both: those that say something else now first, then those that fail. */
export function CheckChanges({ before, after }: { before: readonly Check[] | null | undefined; after: readonly Check[] | null | undefined }) {
  const names = [...new Set([...(after ?? []), ...(before ?? [])].map((check) => check.name))];
  const rows = names.map((name): Row => {
    const [then, now] = [before?.find((check) => check.name === name), after?.find((check) => check.name === name)];
    return { name, text: checkSentence(now?.text ?? then?.text ?? name), before: then, after: now };
  });
  const weight = (row: Row) => (row.before?.success !== row.after?.success ? 2 : 0) + (row.after?.success === false ? 1 : 0);
  rows.sort((a, b) => weight(b) - weight(a));
  if (rows.length === 0) return <p className="muted">Neither was checked.</p>;
  return (
    <DataTable label="Checks of both snapshots" rows={rows} columns={[
      { head: "Check", cell: (row) => <span title={row.name}>{row.text}</span> },
      { head: "Before", cell: (row) => <Said check={row.before} /> },
      { head: "After", cell: (row) => <Said check={row.after} /> },
    ]} />
  );
}

function Said({ check }: { check: Check | undefined }) {
  if (!check) return <span className="muted">not declared</span>;
  return (
    <span title={check.text ?? undefined}>
      {check.success ? <Status tone="good">holds</Status> : <Status tone={check.severity === "error" ? "bad" : "open"}>{percent(check.share)} fail</Status>}
    </span>
  );
}
