import { useState } from "react";
import { Icon } from "./Icon";
import { saveTable, type SavedTable } from "./save";

/** The button that gives a table as CSV, with all of its rows, those that are not in sight too. */
export function SaveTable({ name, table }: { name: string; table: () => SavedTable | Promise<SavedTable> }) {
  const [state, setState] = useState<"" | "busy" | Error>("");
  const save = async () => {
    setState("busy");
    try {
      saveTable(name, await table());
      setState("");
    } catch (error) {
      setState(error instanceof Error ? error : new Error(String(error)));
    }
  };
  return (
    <span className="save-table">
      {state instanceof Error && <span role="alert">{state.message} </span>}
      <button type="button" className="quiet" aria-label={`CSV of ${name}`} title={`Download ${name} as CSV`} disabled={state === "busy"} onClick={() => { void save(); }}>
        <Icon name="save" /> CSV
      </button>
    </span>
  );
}
