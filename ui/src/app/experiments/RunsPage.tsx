import { Link, useParams } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import { count } from "../../parts/format";
import { Command, Failed, Nothing, Skeleton } from "../../parts/States";
import { ApiError } from "../api/client";
import type { Run } from "../api/mlflow";
import { loadRunCharts } from "../charts/code";
import { asList, asText, useSettings } from "../search";
import { PageHead } from "../shell/PageHead";
import { BulkBar } from "./BulkBar";
import { usualColumns, type Keys } from "./columns";
import { ExperimentNote, ExperimentTools } from "./ExperimentTools";
import { firstRun } from "./ExperimentsPage";
import { FilterBox } from "./FilterBox";
import { PARENT } from "./runValues";
import { DRAWN, RunsCharts } from "./RunsCharts";
import { RunTable } from "./RunTable";
import { RunsToolbar } from "./RunsToolbar";
import { both, useChildCounts, useChildren, useExperiment, useKeysOfRuns, useRuns, useRunsById, type Asked } from "./useRuns";
import { useTableRows } from "./useTableRows";
import type { RunsSettings } from "./views";
import "./experiments.css";

const NO_KEYS: Keys = { metrics: [], params: [], tags: [], values: new Map() };
const NO_RUNS: Run[] = [];
const NO_COUNTS: ReadonlyMap<string, number> = new Map();
/** Groups are made of this many runs at most. */
const GROUPED = 20_000;

export default function RunsPage() {
  const { experimentId = "" } = useParams({ strict: false });
  const [settings, change] = useSettings<RunsSettings>();
  const experiment = useExperiment(experimentId);
  const sample = useKeysOfRuns(experimentId);
  const keys = sample.data ?? NO_KEYS;
  const columns = useMemo(() => (settings.columns ? asList(settings.columns) : usualColumns(keys)), [settings.columns, keys]);
  const filter = asText(settings.filter);
  const group = asText(settings.group);
  const deleted = settings.state === "deleted";
  const view = deleted ? "DELETED_ONLY" : "ACTIVE_ONLY";
  const counted = useChildCounts(experimentId, view);
  const counts = counted.data ?? NO_COUNTS;
  // Under a filter children stand by themselves: their parents need not match it.
  const nested = counts.size > 0 && !group && (settings.nest === "yes" || (settings.nest !== "no" && !filter));
  const asked: Asked = useMemo(() => ({
    experiment: experimentId, view, order: asText(settings.order), filter: both(filter, nested ? `tags.\`${PARENT}\` IS NULL` : ""),
    columns: group ? [...columns, group] : columns,
  }), [experimentId, view, settings.order, filter, nested, columns, group]);
  const pins = useMemo(() => asList(settings.pins), [settings.pins]);
  const charts = settings.mode === "charts";
  useEffect(() => { if (charts) loadRunCharts(); }, [charts]);
  // Charts want all of a few runs: they need not wait for the columns. Groups are made of many, by one column.
  const whole = useMemo(() => (charts && !group ? { most: DRAWN + pins.length } : undefined), [charts, group, pins.length]);
  // Whether runs are nested says which are asked for: once, and not again when it is known.
  const found = useRuns(asked, counted.isFetched && (sample.isFetched || whole !== undefined), whole);
  const runs = useMemo(() => found.data?.pages.flatMap((page) => page.runs) ?? NO_RUNS, [found.data]);
  const total = found.data?.pages[0]?.total_count;

  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const hidden = useMemo(() => new Set(asList(settings.hide)), [settings.hide]);
  const pinned = useRunsById(experimentId, pins, columns).data ?? NO_RUNS;
  const unfolded = useMemo(() => [...open].filter((id) => !id.startsWith("group:")), [open]);
  const children = useChildren({ ...asked, filter: "" }, nested ? unfolded : []).data ?? NO_RUNS;
  const rows = useTableRows({ runs, pinned: pins.length > 0 ? pinned : NO_RUNS, children, counts, nested, group, open });

  const choose = useCallback((ids: readonly string[], on: boolean) => setChosen((before) => {
    const next = new Set(before);
    for (const id of ids) if (on) next.add(id); else next.delete(id);
    return next;
  }), []);
  const fold = useCallback((key: string) => setOpen((before) => {
    const next = new Set(before);
    if (!next.delete(key)) next.add(key);
    return next;
  }), []);
  const more = found.hasNextPage && (!group || runs.length < GROUPED);
  const { isFetching, fetchNextPage } = found;
  const onEnd = useCallback(() => { if (more && !isFetching) void fetchNextPage(); }, [more, isFetching, fetchNextPage]);

  if (experiment.isError) return <><PageHead title="Experiment" above={<Link to="/experiments">Experiments</Link>} /><Failed error={experiment.error} retry={() => { void experiment.refetch(); }} /></>;
  const name = experiment.data?.name ?? "";
  const hide = (id: string) => change({ hide: toggled([...hidden], id) });
  const refused = found.error instanceof ApiError && found.error.status < 500 ? found.error : null;
  const foot = group
    ? `${count(runs.length)} of ${count(total)} runs in ${count(rows.filter((row) => row.kind === "group").length)} groups`
    : `${count(runs.length)} of ${count(total ?? runs.length)} runs loaded${found.isFetchingNextPage ? "…" : ""}`;
  return (
    <>
      <PageHead title={name || "Experiment"} name={<span className="long-name">{name}</span>} above={<Link to="/experiments">Experiments</Link>}
        tools={<>
          <div className="segments" role="group" aria-label="What is shown">
            <button type="button" aria-pressed={!charts} onClick={() => change({ mode: undefined })}>Table</button>
            <button type="button" aria-pressed={charts} onClick={() => change({ mode: "charts" })}>Charts</button>
          </div>
          <ExperimentTools experiment={experiment.data} />
        </>}>
        <ExperimentNote experiment={experiment.data} />
      </PageHead>
      <FilterBox value={filter} keys={keys} error={refused} shift={nested && filter ? 1 : 0} apply={(next) => change({ filter: next || undefined })}
        hint={keys.metrics[0] ? "Filter, as metrics.auc > 0.9 AND (params.depth = '3' OR tags.team = 'red')" : "Filter"} />
      <RunsToolbar experiment={experiment.data} settings={settings} change={change} keys={keys} columns={columns} asked={{ ...asked, filter }}
        total={total} hasChildren={counts.size > 0} nested={nested} refresh={() => { void found.refetch(); }} busy={found.isFetching} />
      {chosen.size > 0 && <BulkBar experiment={experimentId} chosen={[...chosen]} deleted={deleted} clear={() => setChosen(new Set())} />}
      {/* Rows of before stand there until the new ones come. */}
      <div aria-busy={found.isPlaceholderData} className={found.isPlaceholderData ? "is-stale" : undefined}>
        {found.isPending ? <Skeleton lines={10} label="Loading runs" />
          : found.isError && !refused && runs.length === 0 ? <Failed error={found.error} retry={() => { void found.refetch(); }} />
            : rows.length === 0 ? !refused && <None filter={filter} deleted={deleted} name={name} />
              : charts ? <RunsCharts {...{ experiment: experimentId, runs, pinned, total, settings, change, hidden, hide }} whole={found.data?.pages[0]?.whole ?? false} />
                : <RunTable rows={rows} total={total} columns={columns} order={asked.order} setOrder={(order) => change({ order: order || undefined })}
                  chosen={chosen} choose={choose} hidden={hidden} fold={fold} onEnd={onEnd} foot={foot} grouped={group}
                  hide={hide} pin={(id) => change({ pins: toggled(pins, id) })} />}
      </div>
    </>
  );
}

function toggled(list: readonly string[], id: string): string[] | undefined {
  const next = list.includes(id) ? list.filter((one) => one !== id) : [...list, id];
  return next.length > 0 ? next : undefined;
}

function None({ filter, deleted, name }: { filter: string; deleted: boolean; name: string }) {
  if (filter) return <Nothing title="No run matches"><p>The filter finds nothing{deleted ? " among deleted runs" : ""}. A missing value never matches: <code>IS NULL</code> finds the runs without one.</p></Nothing>;
  if (deleted) return <Nothing title="No run is deleted" />;
  return <Nothing title="No run yet"><p>Log one with MLflow’s own client:</p><Command text={firstRun(name)} /></Nothing>;
}
