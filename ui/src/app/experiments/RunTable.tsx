import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useRef, type MouseEvent } from "react";
import { num } from "../../parts/format";
import { Icon } from "../../parts/Icon";
import { Moment } from "../../parts/Moment";
import { VirtualTable, type GridColumn } from "../../parts/VirtualTable";
import type { Run } from "../api/mlflow";
import { columnTitle, searchName, splitColumn } from "./columns";
import { spread, type Group } from "./grouping";
import { RunState } from "./RunState";
import { COLOR, duration, durationText, metricOf, NOTE, paramOf, runAddress, runColor, runName, tagOf, valueText } from "./runValues";

export type TableRow =
  | { kind: "run"; run: Run; depth: number; children: number; open: boolean; pinned: boolean }
  | { kind: "group"; group: Group; key: string; open: boolean };

export interface RunTableProps {
  rows: readonly TableRow[];
  total: number | undefined;
  columns: readonly string[];
  order: string;
  setOrder: (order: string) => void;
  chosen: ReadonlySet<string>;
  choose: (ids: readonly string[], on: boolean) => void;
  hidden: ReadonlySet<string>;
  hide: (id: string) => void;
  pin: (id: string) => void;
  fold: (key: string) => void;
  onEnd: () => void;
  foot: React.ReactNode;
  grouped: string;
}

const keyOf = (row: TableRow) => (row.kind === "run" ? `${row.pinned ? "pin:" : ""}${row.run.info.run_id}` : row.key);

export function RunTable(props: RunTableProps) {
  const navigate = useNavigate();
  const { columns, order, setOrder, rows, chosen, choose } = props;
  const lastChosen = useRef<string | null>(null);
  const ids = useMemo(() => rows.flatMap((row) => (row.kind === "run" ? [row.run.info.run_id] : row.group.runs.map((run) => run.info.run_id))), [rows]);
  const all = chosen.size > 0 && chosen.size >= ids.length && ids.every((id) => chosen.has(id));

  /** With Shift, all from the one that was chosen last. */
  const tick = (id: string, on: boolean, event?: MouseEvent) => {
    const from = lastChosen.current === null || !event?.shiftKey ? -1 : ids.indexOf(lastChosen.current);
    const to = ids.indexOf(id);
    choose(from < 0 ? [id] : ids.slice(Math.min(from, to), Math.max(from, to) + 1), on);
    lastChosen.current = id;
  };

  const grid: GridColumn<TableRow>[] = [
    {
      id: "name", width: window.innerWidth < 700 ? 220 : 300,
      head: <span className="run-head"><input type="checkbox" aria-label="Choose all runs that are loaded" checked={all} onClick={(event) => event.stopPropagation()}
        onChange={() => choose(ids, !all)} /> {props.grouped ? <bdi>{columnTitle(props.grouped)}</bdi> : "Run"}</span>,
      cell: (row) => (row.kind === "group" ? <GroupName row={row} {...props} tick={choose} /> : <Name row={row} {...props} tick={tick} />),
    },
    ...columns.map((id): GridColumn<TableRow> => {
      const [kind, key] = splitColumn(id);
      const sorts = kind !== "datasets" && !props.grouped;
      const name = searchName(id);
      const way = order === `${name} DESC` ? "descending" : order === `${name} ASC` ? "ascending" : "none";
      return {
        id, head: columnTitle(id), title: id, width: kind === "attributes" && /time$/.test(key) ? 170 : kind === "attributes" && key === "run_id" ? 280 : props.grouped && kind === "metrics" ? 180 : 130,
        numeric: kind === "metrics" || id === "attributes.duration", order: way,
        ...(sorts ? { onOrder: () => setOrder(way === "descending" ? `${name} ASC` : way === "ascending" ? "" : `${name} DESC`) } : {}),
        cell: (row) => (row.kind === "group" ? <GroupCell group={row.group} column={id} /> : <Cell run={row.run} column={id} />),
      };
    }),
  ];
  return (
    <VirtualTable label="Runs" rows={rows} total={props.total} columns={grid} keyOf={keyOf} onEnd={props.onEnd} foot={props.foot}
      classOf={(row) => (row.kind === "group" ? "is-group" : `${chosen.has(row.run.info.run_id) ? "is-picked" : ""}${row.pinned ? " is-pinned" : ""}`)}
      onOpen={(row) => { if (row.kind === "run") void navigate({ to: runAddress(row.run) }); else props.fold(row.key); }}
      keys={{
        x: (row) => { if (row.kind === "run") tick(row.run.info.run_id, !chosen.has(row.run.info.run_id)); },
        p: (row) => { if (row.kind === "run") props.pin(row.run.info.run_id); },
        h: (row) => { if (row.kind === "run") props.hide(row.run.info.run_id); },
      }} />
  );
}

function Name({ row, ...props }: { row: Extract<TableRow, { kind: "run" }>; tick: (id: string, on: boolean, event?: MouseEvent) => void } & RunTableProps) {
  const { run } = row;
  const id = run.info.run_id;
  const name = runName(run);
  const hidden = props.hidden.has(id);
  const note = tagOf(run, NOTE);
  return (
    <span className="run-name" style={{ paddingLeft: `${row.depth * 1.4}rem` }}>
      <input type="checkbox" aria-label={`Choose ${name}`} checked={props.chosen.has(id)} onChange={() => undefined}
        onClick={(event) => props.tick(id, !props.chosen.has(id), event)} />
      {row.children > 0
        ? <button type="button" className="icon-button is-small" aria-expanded={row.open} aria-label={`${row.children} runs below ${name}`} title={`${row.children} runs below it`}
          onClick={() => props.fold(id)}><Icon name={row.open ? "down" : "right"} /></button>
        : <span className="fold-space" />}
      <button type="button" className={`swatch-dot${hidden ? " is-off" : ""}`} style={{ color: runColor(id, tagOf(run, COLOR)) }} aria-pressed={!hidden}
        aria-label={hidden ? `Show ${name} in charts` : `Hide ${name} in charts`} title={hidden ? "Not in charts (h)" : "In charts (h)"} onClick={() => props.hide(id)} />
      <RunState status={run.info.status} bare />
      <Link to={runAddress(run)} title={name.slice(0, 300)}><bdi>{name.slice(0, 200)}</bdi></Link>
      {note && <span className="note-mark" title={note.slice(0, 500)}><Icon name="pen" /><span className="unseen">has notes</span></span>}
      <button type="button" className={`icon-button is-small pin${row.pinned ? " is-on" : ""}`} aria-pressed={row.pinned} aria-label={`Pin ${name}`} title="Pin (p)" onClick={() => props.pin(id)}><Icon name="pin" /></button>
    </span>
  );
}

function GroupName({ row, fold, chosen, tick }: { row: Extract<TableRow, { kind: "group" }>; tick: (ids: readonly string[], on: boolean) => void } & RunTableProps) {
  const ids = row.group.runs.map((run) => run.info.run_id);
  const on = ids.every((id) => chosen.has(id));
  const label = row.group.value ?? "(none)";
  return (
    <span className="run-name">
      <input type="checkbox" aria-label={`Choose the runs of ${label}`} checked={on} onChange={() => tick(ids, !on)} />
      <button type="button" className="icon-button is-small" aria-expanded={row.open} aria-label={`Runs of ${label}`} onClick={() => fold(row.key)}><Icon name={row.open ? "down" : "right"} /></button>
      <b title={label.slice(0, 300)}><bdi>{label.slice(0, 200)}</bdi></b> <span className="muted">{ids.length}</span>
    </span>
  );
}

function GroupCell({ group, column }: { group: Group; column: string }) {
  const [kind, key] = splitColumn(column);
  if (kind !== "metrics") return null;
  const found = spread(group.runs, key);
  if (!found) return null;
  return (
    <span title={`mean of ${found.count}; from ${found.least} to ${found.most}`}>
      {num(found.mean, 4)} {found.count > 1 && <small className="spread">{num(found.least, 3)}–{num(found.most, 3)}</small>}
    </span>
  );
}

function Cell({ run, column }: { run: Run; column: string }) {
  const [kind, key] = splitColumn(column);
  if (kind === "metrics") {
    const metric = metricOf(run, key);
    return metric ? <span title={`${metric.value} at step ${metric.step}`}>{valueText(metric.value)}</span> : null;
  }
  if (kind === "params") return <Text text={paramOf(run, key)} />;
  if (kind === "tags") return <Text text={tagOf(run, key)} />;
  if (kind === "datasets") return <Text text={run.inputs?.dataset_inputs?.map((input) => input.dataset.name).join(", ")} />;
  if (key === "start_time") return <Moment ms={run.info.start_time} />;
  if (key === "end_time") return <Moment ms={run.info.end_time} />;
  if (key === "duration") return <>{durationText(duration(run))}</>;
  if (key === "status") return <RunState status={run.info.status} />;
  if (key === "run_id") return <code>{run.info.run_id}</code>;
  return <Text text={run.info.user_id} />;
}

/** A text of any length and direction, cut to what a cell can hold. */
function Text({ text }: { text: string | undefined }) {
  if (text === undefined) return null;
  return <bdi title={text.slice(0, 1000)}>{text.slice(0, 200)}</bdi>;
}
