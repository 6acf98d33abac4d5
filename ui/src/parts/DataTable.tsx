import type { ReactNode } from "react";
import { Scroll } from "./Layout";

export interface TableColumn<Row> {
  head: ReactNode;
  cell: (row: Row, index: number) => ReactNode;
  /** Numbers stand to the right in tabular figures. */
  numeric?: boolean;
}

/** A plain table; the first column names the row. */
export function DataTable<Row>(props: {
  label: string; rows: readonly Row[]; columns: readonly TableColumn<Row>[]; emphasize?: (row: Row) => boolean;
}) {
  return (
    <Scroll label={props.label}>
      <table>
        <thead>
          <tr>
            {props.columns.map((c, at) => <th key={at} scope="col" className={c.numeric ? "num" : undefined}>{c.head}</th>)}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row, index) => (
            <tr key={index} className={props.emphasize?.(row) ? "is-chosen" : undefined}>
              {props.columns.map((c, at) => {
                const content = c.cell(row, index);
                const className = c.numeric ? "num" : undefined;
                return at === 0 ? <th key={at} scope="row" className={className}>{content}</th>
                  : <td key={at} className={className}>{content}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
