import { Link, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { plural } from "../../parts/format";
import { Failed, Nothing, Skeleton } from "../../parts/States";
import type { Run } from "../api/mlflow";
import { loadRunCharts } from "../charts/code";
import { RunCharts } from "../charts/load";
import type { ManyChartsSettings } from "../charts/settings";
import { useExperiment, useRunsById } from "../experiments/useRuns";
import { asList, useSettings } from "../search";
import { PageHead } from "../shell/PageHead";
import { DifferenceTable } from "./DifferenceTable";
import "../experiments/experiments.css";
import "../runs/runs.css";
import "./compare.css";

const MOST = 100;

export interface CompareSettings extends ManyChartsSettings {
  runs: string[];
  tab: "table" | "charts";
  /** "no": what is the same in all of them is shown too. */
  only: "no";
}

export default function ComparePage() {
  const { experimentId = "" } = useParams({ strict: false });
  const [settings, change] = useSettings<CompareSettings>();
  const ids = asList(settings.runs).slice(0, MOST);
  const experiment = useExperiment(experimentId);
  const found = useRunsById(experimentId, ids);
  const above = (
    <>
      <Link to="/experiments">Experiments</Link> <span aria-hidden="true">/</span>{" "}
      <Link to={`/experiments/${encodeURIComponent(experimentId)}`}><bdi>{(experiment.data?.name ?? experimentId).slice(0, 80)}</bdi></Link>
    </>
  );
  const charts = settings.tab === "charts";
  useEffect(() => { if (charts) loadRunCharts(); }, [charts]);
  return (
    <>
      <PageHead title={`Compare ${plural(found.data?.length ?? ids.length, "run")}`} above={above} tools={(
        <div className="segments" role="group" aria-label="What is shown">
          <button type="button" aria-pressed={!charts} onClick={() => change({ tab: undefined })}>Table</button>
          <button type="button" aria-pressed={charts} onClick={() => change({ tab: "charts" })}>Charts</button>
        </div>
      )} />
      {ids.length === 0 ? <Nothing title="No run is chosen"><p>Choose some in the experiment’s table, then “Compare”.</p></Nothing>
        : found.isError ? <Failed error={found.error} retry={() => { void found.refetch(); }} />
          : !found.data ? <Skeleton lines={9} label="Loading the runs" />
            : <Loaded runs={found.data} asked={ids.length} settings={settings} change={change} />}
    </>
  );
}

function Loaded({ runs, asked, settings, change }: { runs: Run[]; asked: number; settings: Partial<CompareSettings>; change: (settings: Partial<CompareSettings>) => void }) {
  const remove = (id: string) => change({ runs: asList(settings.runs).filter((one) => one !== id) });
  return (
    <>
      {runs.length < asked && <p className="empty">{plural(asked - runs.length, "run is", "runs are")} not in this experiment, or not there any more.</p>}
      {settings.tab === "charts"
        ? <RunCharts runs={runs} group="" settings={settings} change={change} />
        : <DifferenceTable runs={runs} onlyDifferent={settings.only !== "no"} setOnly={(only) => change({ only: only ? undefined : "no" })} remove={remove} />}
    </>
  );
}
