import { useMemo, useState, type ReactNode } from "react";
import { VirtualTable, type GridColumn } from "../../parts/VirtualTable";

/** Rows that have a key: found by it, drawn as far as they are in sight. */
export function KeyTable<Row extends { key: string }>(props: {
  label: string; rows: readonly Row[]; value: (row: Row) => ReactNode; numeric?: boolean; none: string;
  more?: readonly { head: string; width: number; cell: (row: Row) => ReactNode }[];
  /** What a file has of a row, by the names of its columns. */
  saved: (row: Row) => Record<string, string | number>;
}) {
  const { rows, value, numeric, more = [] } = props;
  const [text, setText] = useState("");
  const shown = useMemo(() => rows.filter((row) => row.key.toLowerCase().includes(text.toLowerCase())), [rows, text]);
  if (rows.length === 0) return <p className="muted">{props.none}</p>;
  const columns: GridColumn<Row>[] = [
    { id: "key", head: "Name", width: window.innerWidth < 700 ? 130 : 220, cell: (row) => <bdi title={row.key}>{row.key}</bdi> },
    { id: "value", head: "Value", width: numeric ? 110 : window.innerWidth < 700 ? 180 : 280, ...(numeric ? { numeric } : {}), cell: value },
    ...more.map((one): GridColumn<Row> => ({ id: one.head, head: one.head, width: one.width, numeric: true, cell: one.cell })),
  ];
  return (
    <div className="key-table">
      {rows.length > 8 && <input className="field" type="search" aria-label={`Search ${props.label.toLowerCase()}`} placeholder="Search" value={text} onChange={(event) => setText(event.target.value)} />}
      <VirtualTable label={props.label} rows={shown} columns={columns} keyOf={(row) => row.key} rowHeight={32} quietKeys
        save={() => ({ head: shown[0] ? Object.keys(props.saved(shown[0])) : [], rows: shown.map((row) => Object.values(props.saved(row))) })} />
    </div>
  );
}
