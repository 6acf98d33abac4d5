import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { CopyButton } from "../../parts/CopyButton";
import { Moment } from "../../parts/Moment";
import { Failed, Skeleton } from "../../parts/States";
import { getRun, type Run } from "../api/mlflow";
import { liveOn } from "../api/queries";
import { RunState } from "../experiments/RunState";
import { COLOR, duration, durationText, runColor, runName, tagOf } from "../experiments/runValues";
import { useExperiment } from "../experiments/useRuns";
import { asText, useSettings } from "../search";
import { PageHead } from "../shell/PageHead";
import { Artifacts } from "./Artifacts";
import { Overview } from "./Overview";
import { useModelsOfRun } from "./RunModels";
import { RunTools } from "./RunTools";
import { loadMetricCharts } from "../charts/code";
import { MetricCharts } from "../charts/load";
import type { ChartSettings } from "../charts/settings";
import "../experiments/experiments.css";
import "./runs.css";

const LIVE_MS = 5_000;

interface Settings extends ChartSettings { tab: string; model: string; path: string }
const isSystem = (key: string) => key.startsWith("system/");

export default function RunPage() {
  const { experimentId = "", runId = "" } = useParams({ strict: false });
  const [{ tab }] = useSettings<Settings>();
  useEffect(() => { if (tab === "charts" || tab === "system") loadMetricCharts(); }, [tab]);
  const found = useQuery({
    queryKey: ["run", runId], meta: liveOn("runs"), queryFn: ({ signal }) => getRun(runId, signal),
    refetchInterval: (query) => (query.state.data?.info.status === "RUNNING" ? LIVE_MS : false),
  });
  const experiment = useExperiment(found.data?.info.experiment_id ?? experimentId).data;
  const above = (
    <>
      <Link to="/experiments">Experiments</Link> <span aria-hidden="true">/</span>{" "}
      <Link to={`/experiments/${encodeURIComponent(experimentId)}`}><bdi>{(experiment?.name ?? experimentId).slice(0, 80)}</bdi></Link>
    </>
  );
  if (found.isError && !found.data) return <><PageHead title="Run" above={above} /><Failed error={found.error} retry={() => { void found.refetch(); }} /></>;
  if (!found.data) return <><PageHead title="Run" above={above} /><Skeleton lines={10} label="Loading the run" /></>;
  return <Loaded run={found.data} above={above} />;
}

function Loaded({ run, above }: { run: Run; above: React.ReactNode }) {
  const [settings, change] = useSettings<Settings>();
  const metrics = run.data?.metrics?.map((metric) => metric.key) ?? [];
  const model = metrics.filter((key) => !isSystem(key));
  const system = metrics.filter(isSystem);
  const tabs: [string, string][] = [
    ["overview", "Overview"], ...(model.length > 0 ? [["charts", "Charts"] as [string, string]] : []),
    ...(system.length > 0 ? [["system", "System"] as [string, string]] : []), ["artifacts", "Artifacts"],
  ];
  const tab = tabs.some(([id]) => id === settings.tab) ? asText(settings.tab) : "overview";
  const models = useModelsOfRun(run);
  const name = runName(run);
  const { info } = run;
  return (
    <>
      <PageHead title={name} above={above} tools={<RunTools run={run} />}
        name={<span className="long-name"><span className="swatch-dot" style={{ color: runColor(info.run_id, tagOf(run, COLOR)) }} /> {name}</span>}>
        <p className="run-line">
          <RunState status={info.status} /> {info.lifecycle_stage === "deleted" && <span className="status tone-bad">deleted</span>}
          <span><Moment ms={info.start_time} /></span>
          {duration(run) !== null && <span>{durationText(duration(run))}</span>}
          {info.user_id && <bdi>{info.user_id}</bdi>}
          <span className="id"><code>{info.run_id}</code><CopyButton text={info.run_id} label="Copy the run’s id" /></span>
        </p>
      </PageHead>
      <div className="tabs" role="tablist" aria-label="Parts of the run">
        {tabs.map(([id, word]) => (
          <button key={id} type="button" role="tab" id={`tab-${id}`} aria-selected={id === tab} aria-controls="tab-panel" onClick={() => change({ tab: id === "overview" ? undefined : id })}>{word}</button>
        ))}
      </div>
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === "overview" && <Overview run={run} />}
        {(tab === "charts" || tab === "system") && (
          <MetricCharts runs={[run]} metrics={tab === "system" ? system : model} settings={tab === "system" ? { x: "relative", ...settings } : settings} change={change} />
        )}
        {tab === "artifacts" && (
          <Artifacts run={info.run_id} models={models.data ?? []} model={asText(settings.model)} path={asText(settings.path)}
            open={(owner, path) => change({ model: owner || undefined, path: path || undefined })} />
        )}
      </div>
    </>
  );
}
