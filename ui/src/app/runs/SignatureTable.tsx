import { DataTable } from "../../parts/DataTable";
import type { SignatureColumn } from "./signature";

/** Names and types of what a model takes or gives, or of a table. */
export function SignatureTable({ columns, title }: { columns: readonly SignatureColumn[]; title: string }) {
  if (columns.length === 0) return null;
  return (
    <section className="signature">
      <h4>{title} ({columns.length})</h4>
      <DataTable label={title} rows={columns} columns={[
        { head: "Name", cell: (column) => <bdi>{column.name}</bdi> },
        { head: "Type", cell: (column) => <code>{column.type}</code> },
        { head: "", cell: (column) => (column.required ? "" : "optional") },
      ]} />
    </section>
  );
}
