import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { count } from "../../parts/format";
import { Icon } from "../../parts/Icon";
import { TableFrame } from "../../parts/Layout";
import type { Run } from "../api/mlflow";
import { COLOR, runAddress, runColor, runName, tagOf } from "../experiments/runValues";
import { compareRuns, type CompareGroup, type CompareRow } from "./differences";

const ROWS = 500;
const CUT = 120;

/** A column for each run, a row for each thing that one of them has. */
export function DifferenceTable({ runs, onlyDifferent, setOnly, remove }: { runs: readonly Run[]; onlyDifferent: boolean; setOnly: (only: boolean) => void; remove: (id: string) => void }) {
  const groups = useMemo(() => compareRuns(runs), [runs]);
  const all = groups.reduce((sum, group) => sum + group.rows.length, 0);
  const different = groups.reduce((sum, group) => sum + group.rows.filter((row) => row.differs).length, 0);
  return (
    <>
      <div className="toolbar">
        <label className="tick-label"><input type="checkbox" checked={onlyDifferent} onChange={(event) => setOnly(event.target.checked)} /> Only what differs</label>
        <span className="muted">{count(different)} of {count(all)} rows differ</span>
      </div>
      <TableFrame label="Runs side by side" className="compare panel" saved={() => ({
        head: ["section", "name", ...runs.map((run) => run.info.run_id)],
        rows: groups.flatMap((group) => group.rows.filter((one) => one.differs || !onlyDifferent).map((one) => [group.title, one.key, ...one.values])),
      })}>
        <table>
          <thead>
            <tr>
              <td />
              {runs.map((run) => (
                <th key={run.info.run_id} scope="col">
                  <span className="run-name">
                    <span className="swatch-dot" style={{ color: runColor(run.info.run_id, tagOf(run, COLOR)) }} />
                    <Link to={runAddress(run)} title={runName(run).slice(0, 300)}><bdi>{runName(run).slice(0, 60)}</bdi></Link>
                    <button type="button" className="icon-button is-small" aria-label={`Leave out ${runName(run).slice(0, 60)}`} onClick={() => remove(run.info.run_id)}><Icon name="cross" /></button>
                  </span>
                </th>
              ))}
            </tr>
          </thead>
          {groups.map((group) => <Group key={group.title} group={group} width={runs.length + 1} onlyDifferent={onlyDifferent} />)}
        </table>
      </TableFrame>
    </>
  );
}

function Group({ group, width, onlyDifferent }: { group: CompareGroup; width: number; onlyDifferent: boolean }) {
  const rows = onlyDifferent ? group.rows.filter((row) => row.differs) : group.rows;
  return (
    <tbody>
      <tr className="group-head"><th colSpan={width} scope="rowgroup">{group.title} <small>{rows.length === 0 ? "all the same" : ""}</small></th></tr>
      {rows.slice(0, ROWS).map((row) => <Row key={row.key} row={row} />)}
      {rows.length > ROWS && <tr><td colSpan={width} className="muted">and {count(rows.length - ROWS)} more</td></tr>}
    </tbody>
  );
}

function Row({ row }: { row: CompareRow }) {
  return (
    <tr className={row.differs ? "is-different" : undefined}>
      <th scope="row" title={row.key}><bdi>{row.key}</bdi></th>
      {row.texts.map((text, at) => (
        <td key={at} title={text?.slice(0, 1000)}>
          {text === null ? <span className="muted" aria-label="none">–</span> : <bdi>{text.slice(0, CUT)}{text.length > CUT ? "…" : ""}</bdi>}
          {at === row.most && <span className="extreme" title="largest"> ▲<span className="unseen">largest</span></span>}
          {at === row.least && <span className="extreme" title="smallest"> ▼<span className="unseen">smallest</span></span>}
        </td>
      ))}
    </tr>
  );
}
