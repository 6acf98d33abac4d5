import { useRef, useState } from "react";
import { count } from "../../parts/format";
import { Icon } from "../../parts/Icon";
import { Popover } from "../../parts/Popover";
import { download, fileName } from "../../parts/save";
import { Failed } from "../../parts/States";
import type { Experiment } from "../api/mlflow";
import { asText } from "../search";
import { ColumnPicker } from "./ColumnPicker";
import { columnTitle, searchName, type Keys } from "./columns";
import { exportRuns } from "./exportCsv";
import type { Asked } from "./useRuns";
import { ViewsMenu } from "./ViewsMenu";
import type { RunsSettings } from "./views";

export interface ToolbarProps {
  experiment: Experiment | undefined;
  settings: Partial<RunsSettings>;
  change: (settings: Partial<RunsSettings>) => void;
  keys: Keys;
  columns: readonly string[];
  asked: Asked;
  total: number | undefined;
  hasChildren: boolean;
  nested: boolean;
  refresh: () => void;
  busy: boolean;
}

/** How runs are shown: which, in what order, in which groups and columns. */
export function RunsToolbar(props: ToolbarProps) {
  const { settings, change, keys, columns } = props;
  const deleted = settings.state === "deleted";
  const group = asText(settings.group);
  return (
    <div className="toolbar">
      <div className="segments" role="group" aria-label="Which runs">
        <button type="button" aria-pressed={!deleted} onClick={() => change({ state: undefined })}>Active</button>
        <button type="button" aria-pressed={deleted} onClick={() => change({ state: "deleted" })}>Deleted</button>
      </div>
      <Popover button={<><Icon name="sort" /> <span className="cut">{orderWords(asText(settings.order))}</span></>}>
        {(close) => <Orders columns={columns} choose={(order) => { change({ order }); close(); }} />}
      </Popover>
      <Popover button={<><Icon name="group" /> <span className="cut">{group ? `By ${columnTitle(group)}` : "Group"}</span></>}>
        {(close) => <Groups keys={keys} choose={(column) => { change({ group: column }); close(); }} />}
      </Popover>
      {props.hasChildren && !group && (
        <label className="tick-label"><input type="checkbox" checked={props.nested} onChange={() => change({ nest: props.nested ? "no" : "yes" })} /> Nested</label>
      )}
      <span className="fill" />
      <button type="button" className="icon-button" aria-label="Ask for the runs again" title="Ask again" onClick={props.refresh} disabled={props.busy}><Icon name="again" /></button>
      <Export {...props} />
      <ColumnPicker keys={keys} columns={columns} change={(next) => change({ columns: next })} />
      <ViewsMenu experiment={props.experiment} settings={settings} change={change} />
    </div>
  );
}

function orderWords(order: string): string {
  if (!order) return "Newest first";
  const [, name = order, way] = /^(.*) (ASC|DESC)$/.exec(order) ?? [];
  return `${name.replace(/^\w+\./, "").replaceAll("`", "")} ${way === "DESC" ? "↓" : "↑"}`;
}

function Orders({ columns, choose }: { columns: readonly string[]; choose: (order: string | undefined) => void }) {
  const orderable = columns.filter((id) => id !== "datasets");
  return (
    <>
      <button type="button" className="item" onClick={() => choose(undefined)}>Newest first</button>
      <button type="button" className="item" onClick={() => choose("attributes.start_time ASC")}>Oldest first</button>
      <button type="button" className="item" onClick={() => choose("attributes.run_name ASC")}>Name</button>
      {orderable.map((id) => (
        <div key={id} className="menu-row">
          <span className="item is-label"><bdi>{columnTitle(id)}</bdi></span>
          <button type="button" className="icon-button" aria-label={`${columnTitle(id)}, largest first`} onClick={() => choose(`${searchName(id)} DESC`)}>↓</button>
          <button type="button" className="icon-button" aria-label={`${columnTitle(id)}, smallest first`} onClick={() => choose(`${searchName(id)} ASC`)}>↑</button>
        </div>
      ))}
    </>
  );
}

function Groups({ keys, choose }: { keys: Keys; choose: (column: string | undefined) => void }) {
  const groups: [string, string[]][] = [
    ["", ["datasets", "attributes.user_id", "attributes.status"]],
    ["Parameters", keys.params.map((key) => `params.${key}`)],
    ["Tags", keys.tags.map((key) => `tags.${key}`)],
  ];
  return (
    <>
      <button type="button" className="item" onClick={() => choose(undefined)}>Not in groups</button>
      {groups.map(([title, ids]) => ids.length > 0 && (
        <section key={title}>
          {title && <h3>{title}</h3>}
          {ids.slice(0, 100).map((id) => <button key={id} type="button" className="item" onClick={() => choose(id)}><bdi>{columnTitle(id)}</bdi></button>)}
        </section>
      ))}
    </>
  );
}

/** All runs that the filter finds, as a file. */
function Export({ asked, total, experiment }: ToolbarProps) {
  const [rows, setRows] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const stop = useRef<AbortController | null>(null);
  const start = async () => {
    stop.current = new AbortController();
    setError(null);
    setRows(0);
    try {
      const file = await exportRuns(asked, setRows, stop.current.signal);
      download(file, `${fileName(experiment?.name ?? "", "runs")}.csv`);
    } catch (failure) {
      if (!stop.current.signal.aborted) setError(failure);
    }
    setRows(null);
  };
  if (rows !== null) return <button type="button" className="button" onClick={() => stop.current?.abort()}>{count(rows)} of {count(total)}… stop</button>;
  return (
    <>
      <button type="button" className="button" onClick={() => { void start(); }} title={`${count(total)} runs with these columns`}><Icon name="save" /> CSV</button>
      {error !== null && <Failed error={error} />}
    </>
  );
}
