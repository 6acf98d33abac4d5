import { useState } from "react";
import { Icon } from "../../parts/Icon";
import { Popover } from "../../parts/Popover";
import { ATTRIBUTES, columnTitle, usualColumns, type Keys } from "./columns";

const SHOWN = 200;

/** Which columns stand there: attributes, metrics, parameters, tags. */
export function ColumnPicker({ keys, columns, change }: { keys: Keys; columns: readonly string[]; change: (columns: string[] | undefined) => void }) {
  return (
    <Popover button={<><Icon name="columns" /> Columns</>} right>
      {() => <Choices keys={keys} columns={columns} change={change} />}
    </Popover>
  );
}

function Choices({ keys, columns, change }: { keys: Keys; columns: readonly string[]; change: (columns: string[] | undefined) => void }) {
  const [text, setText] = useState("");
  const kinds: [string, string[]][] = [
    ["Attributes", [...Object.keys(ATTRIBUTES).map((key) => `attributes.${key}`), "datasets"]],
    ["Metrics", keys.metrics.map((key) => `metrics.${key}`)],
    ["Parameters", keys.params.map((key) => `params.${key}`)],
    ["Tags", keys.tags.map((key) => `tags.${key}`)],
  ];
  const chosen = new Set(columns);
  // A column that is shown can be taken away even if no run of the sample has it.
  const known = new Set(kinds.flatMap(([, ids]) => ids));
  const others = columns.filter((id) => !known.has(id));
  if (others.length > 0) kinds.push(["Others", others]);
  const toggle = (id: string) => change(chosen.has(id) ? columns.filter((one) => one !== id) : [...columns, id]);
  return (
    <>
      <div className="popover-head">
        <input className="field" type="search" autoFocus aria-label="Search columns" placeholder="Search columns" value={text} onChange={(event) => setText(event.target.value)} />
        <button type="button" className="quiet" onClick={() => change(undefined)} title={usualColumns(keys).map(columnTitle).join(", ")}>Usual ones</button>
      </div>
      {kinds.map(([title, ids]) => {
        const fit = ids.filter((id) => columnTitle(id).toLowerCase().includes(text.toLowerCase()));
        if (fit.length === 0) return null;
        return (
          <fieldset key={title}>
            <legend>{title}</legend>
            {fit.slice(0, SHOWN).map((id) => (
              <label key={id} className="tick-label">
                <input type="checkbox" checked={chosen.has(id)} onChange={() => toggle(id)} /> <bdi>{columnTitle(id)}</bdi>
              </label>
            ))}
            {fit.length > SHOWN && <p className="caption">and {fit.length - SHOWN} more: search for them</p>}
          </fieldset>
        );
      })}
    </>
  );
}
