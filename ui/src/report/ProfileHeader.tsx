import type { ReportDocument } from "../parts/document";
import { count, inWords, percent } from "../parts/format";
import { KeyNumbers } from "../parts/Layout";

/** The head of a profile's page: one table, nothing of a project. */
export function ProfileHeader({ document: d }: { document: ReportDocument }) {
  const explore = d.explore?.[0];
  const columns = explore?.columns ?? [];
  const cells = (explore?.rows ?? 0) * columns.length;
  const missing = columns.reduce((sum, c) => sum + (c.missing ?? 0), 0);
  return (
    <header className="masthead" id="top">
      <p className="eyebrow">Quern data profile</p>
      <h1>{d.project ?? explore?.source ?? "Table"}</h1>
      <KeyNumbers items={[
        { label: "Rows", value: count(explore?.rows) },
        { label: "Columns", value: count(columns.length) },
        { label: "Missing cells", value: percent(cells ? missing / cells : null), note: inWords(cells ? missing / cells : null) },
        { label: "Duplicate rows", value: count(explore?.duplicate_rows) },
        { label: "Alerts", value: count(explore?.alerts?.length ?? 0) },
      ]} />
    </header>
  );
}
