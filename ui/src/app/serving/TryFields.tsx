import { useId, useState } from "react";
import { num, percent } from "../../parts/format";
import type { FormColumn } from "../api/serving";
import { problemOf, type Values } from "./tryRequest";

/** A field a column; an empty one is a value that is not known. */
export function TryFields({ columns, values, change }: { columns: readonly FormColumn[]; values: Values; change: (name: string, value: string) => void }) {
  return (
    <div className="try-fields">
      {columns.map((column) => <Field key={column.name} column={column} value={values[column.name] ?? ""} change={(value) => change(column.name, value)} />)}
    </div>
  );
}

function Field({ column, value, change }: { column: FormColumn; value: string; change: (value: string) => void }) {
  const id = useId();
  const problem = problemOf(column, value);
  const hint = hintOf(column);
  return (
    <div className="try-field">
      <label htmlFor={id}><bdi>{column.name}</bdi></label>
      <Control column={column} id={id} value={value} change={change} invalid={problem !== ""} />
      {problem ? <small id={`${id}-note`} className="try-problem" role="alert">{problem}</small> : <small id={`${id}-note`}>{hint}</small>}
    </div>
  );
}

/** "number, 29 to 77 in training; 4 % unknown": what training saw, so that an odd value is noticed. */
function hintOf(column: FormColumn): string {
  const kind = column.kind === "category" ? "category" : column.kind === "integer" ? "whole number" : column.kind === "boolean" ? "true or false" : column.kind;
  const seen = column.low !== null && column.high !== null ? `, ${num(column.low)} to ${num(column.high)} in training` : "";
  return `${kind}${seen}${column.missing ? `; ${percent(column.missing)} unknown there` : ""}`;
}

const OTHER = "\u0000other";

function Control({ column, id, value, change, invalid }: { column: FormColumn; id: string; value: string; change: (value: string) => void; invalid: boolean }) {
  const options = column.datatype === "BOOL" ? ["true", "false"] : column.kind === "category" ? column.labels : null;
  const [free, setFree] = useState(false);
  const common = { id, "aria-invalid": invalid, "aria-describedby": `${id}-note` };
  if (options && !free && (value === "" || options.includes(value))) {
    return (
      <select className="field" {...common} value={value} onChange={(event) => { if (event.target.value === OTHER) setFree(true); else change(event.target.value); }}>
        <option value="">not known</option>
        {options.map((label) => <option key={label} value={label}>{label}</option>)}
        {column.datatype !== "BOOL" && <option value={OTHER}>another value…</option>}
      </select>
    );
  }
  return <input className="field" {...common} dir="auto" autoComplete="off" spellCheck={false} inputMode={column.datatype === "BYTES" ? "text" : "decimal"}
    placeholder="not known" value={value} onChange={(event) => change(event.target.value)} />;
}
