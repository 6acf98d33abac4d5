import type { ReactNode } from "react";
import { TableFrame } from "./Layout";

export interface TableColumn<Row> {
  head: ReactNode;
  cell: (row: Row, index: number) => ReactNode;
  /** What a file says in its place, where the cell is rounded or drawn. */
  value?: (row: Row) => string | number | null | undefined;
  /** Of such a value, for the head in a file: "seconds". */
  unit?: string;
  /** Numbers stand to the right in tabular figures. */
  numeric?: boolean;
}

/** A plain table; the first column names the row. */
export function DataTable<Row>(props: {
  label: string; rows: readonly Row[]; columns: readonly TableColumn<Row>[]; emphasize?: (row: Row) => boolean;
}) {
  return (
    <TableFrame label={props.label}>
      <table>
        <thead>
          <tr>
            {props.columns.map((c, at) => (
              <th key={at} scope="col" className={c.numeric ? "num" : undefined} {...(c.unit && typeof c.head === "string" ? { "data-value": `${c.head} (${c.unit})` } : {})}>{c.head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row, index) => (
            <tr key={index} className={props.emphasize?.(row) ? "is-chosen" : undefined}>
              {props.columns.map((c, at) => {
                const content = c.cell(row, index);
                const more = { className: c.numeric ? "num" : undefined, ...(c.value ? { "data-value": c.value(row) ?? "" } : {}) };
                return at === 0 ? <th key={at} scope="row" {...more}>{content}</th> : <td key={at} {...more}>{content}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}
