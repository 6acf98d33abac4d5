import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { count } from "../../parts/format";
import { Failed, Skeleton } from "../../parts/States";
import type { Run } from "../api/mlflow";
import { RunCharts } from "../charts/load";
import { asText } from "../search";
import { COLOR, runAddress, runColor, runName, tagOf } from "./runValues";
import { useRunsById } from "./useRuns";
import type { RunsSettings } from "./views";

/** Of an experiment's runs so many are drawn; order, filter and pins choose which. */
export const DRAWN = 20;
const NONE: readonly Run[] = [];
/** In groups, which are a line each. */
const GROUPED = 100;

/** Charts of the first runs, and the list of them, in which single ones are left out. */
export function RunsCharts({ experiment, runs, whole, pinned, total, settings, change, hidden, hide }: {
  /** `whole`: `runs` have all that they have, not some columns of it. */
  experiment: string; runs: readonly Run[]; whole: boolean; pinned: readonly Run[]; total: number | undefined; settings: Partial<RunsSettings>;
  change: (settings: Partial<RunsSettings>, how?: { replace?: boolean }) => void; hidden: ReadonlySet<string>; hide: (id: string) => void;
}) {
  const group = asText(settings.group);
  const listed = useMemo(() => {
    const held = new Set(pinned.map((run) => run.info.run_id));
    return [...pinned, ...runs.filter((run) => !held.has(run.info.run_id)).slice(0, group ? GROUPED - pinned.length : DRAWN)];
  }, [runs, pinned, group]);
  const known = useMemo(() => new Map(whole ? runs.map((run) => [run.info.run_id, run]) : []), [runs, whole]);
  const asked = useMemo(() => listed.map((run) => run.info.run_id).filter((id) => !known.has(id)), [listed, known]);
  const found = useRunsById(experiment, asked);
  const rest = asked.length === 0 ? NONE : found.data;
  const drawn = useMemo(() => listed.flatMap((run) => {
    const id = run.info.run_id;
    return hidden.has(id) ? [] : known.get(id) ?? rest?.find((one) => one.info.run_id === id) ?? [];
  }), [listed, hidden, known, rest]);
  return (
    <div className="runs-charts">
      <section className="panel run-list" aria-label="Runs that are drawn">
        <ul>
          {listed.map((run) => (
            <li key={run.info.run_id} className="run-name">
              <input type="checkbox" aria-label={`Draw ${runName(run).slice(0, 80)}`} checked={!hidden.has(run.info.run_id)} onChange={() => hide(run.info.run_id)} />
              <span className="swatch-dot" style={{ color: runColor(run.info.run_id, tagOf(run, COLOR)) }} />
              <Link to={runAddress(run)} title={runName(run).slice(0, 300)}><bdi>{runName(run).slice(0, 100)}</bdi></Link>
            </li>
          ))}
        </ul>
        <p className="caption">{count(listed.length)} of {count(total ?? listed.length)} runs: the first in this order, and those that are pinned.</p>
      </section>
      <div>
        {found.isError ? <Failed error={found.error} retry={() => { void found.refetch(); }} />
          : !rest ? <Skeleton lines={8} label="Loading charts" />
            : (
              <RunCharts runs={drawn} group={group} settings={settings} change={change} />
            )}
      </div>
    </div>
  );
}
