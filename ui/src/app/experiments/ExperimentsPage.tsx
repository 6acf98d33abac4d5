import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { Icon } from "../../parts/Icon";
import { count } from "../../parts/format";
import { Moment } from "../../parts/Moment";
import { instant, type SavedTable } from "../../parts/save";
import { SearchField } from "../../parts/SearchField";
import { Command, Failed, Nothing, Skeleton } from "../../parts/States";
import { VirtualTable, type GridColumn } from "../../parts/VirtualTable";
import { restoreExperiment, searchExperiments, type Experiment } from "../api/mlflow";
import { liveOn } from "../api/queries";
import { asText, useSettings } from "../search";
import { PageHead } from "../shell/PageHead";
import { NewExperiment } from "./NewExperiment";

interface Settings { search: string; state: "deleted" }

/** All that match, not only those that were scrolled to. */
async function savedExperiments(deleted: boolean, text: string): Promise<SavedTable> {
  const all: Experiment[] = [];
  let token: string | undefined;
  do {
    const page = await searchExperiments(deleted ? "DELETED_ONLY" : "ACTIVE_ONLY", nameFilter(text), token);
    all.push(...page.experiments);
    token = page.next_page_token;
  } while (token);
  return {
    head: ["experiment_id", "name", "created", "last_change", "tags"],
    rows: all.map((e) => [e.experiment_id, e.name, instant(e.creation_time), instant(e.last_update_time), (e.tags ?? []).map((tag) => `${tag.key}=${tag.value}`).join("; ")]),
  };
}

/** The filter that finds names with `text` in them. */
function nameFilter(text: string): string {
  return text.trim() ? `name ILIKE '%${text.trim().replaceAll("'", "''")}%'` : "";
}

export default function ExperimentsPage() {
  const [settings, change] = useSettings<Settings>();
  const text = asText(settings.search);
  const deleted = settings.state === "deleted";
  const [making, setMaking] = useState(false);
  const found = useInfiniteQuery({
    queryKey: ["experiments", deleted, text],
    meta: liveOn("runs"),
    queryFn: ({ pageParam, signal }) => searchExperiments(deleted ? "DELETED_ONLY" : "ACTIVE_ONLY", nameFilter(text), pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_page_token,
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => found.data?.pages.flatMap((page) => page.experiments) ?? [], [found.data]);
  return (
    <>
      <PageHead title="Experiments"
        tools={<button type="button" className="button is-main" onClick={() => setMaking(true)}><Icon name="plus" /> New experiment</button>} />
      <div className="toolbar">
        <SearchField className="grow" label="Search experiments by name" hint="Search by name" value={text} apply={(search) => change({ search }, { replace: true })} />
        <div className="segments" role="group" aria-label="Which experiments">
          <button type="button" aria-pressed={!deleted} onClick={() => change({ state: undefined })}>Active</button>
          <button type="button" aria-pressed={deleted} onClick={() => change({ state: "deleted" })}>Deleted</button>
        </div>
      </div>
      {found.isPending ? <Skeleton lines={8} />
        : found.isError && rows.length === 0 ? <Failed error={found.error} retry={() => { void found.refetch(); }} />
          : rows.length === 0 ? <None text={text} deleted={deleted} />
            : <Table rows={rows} deleted={deleted} save={() => savedExperiments(deleted, text)} more={found.hasNextPage} onEnd={() => { if (found.hasNextPage && !found.isFetching) void found.fetchNextPage(); }} />}
      {making && <NewExperiment close={() => setMaking(false)} />}
    </>
  );
}

function Table({ rows, deleted, more, save, onEnd }: { rows: readonly Experiment[]; deleted: boolean; more: boolean; save: () => Promise<SavedTable>; onEnd: () => void }) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const restore = useMutation({ mutationFn: restoreExperiment, onSettled: () => cache.invalidateQueries({ queryKey: ["experiments"] }) });
  const columns = useMemo((): GridColumn<Experiment>[] => [
    { id: "name", head: "Name", width: 340, cell: (e) => <Link to={address(e)} title={e.name}><bdi>{e.name}</bdi></Link> },
    { id: "id", head: "Id", width: 190, cell: (e) => <code>{e.experiment_id}</code> },
    { id: "created", head: "Created", width: 170, cell: (e) => <Moment ms={e.creation_time} /> },
    { id: "updated", head: "Last change", width: 130, cell: (e) => <Moment ms={e.last_update_time} ago /> },
    { id: "tags", head: "Tags", width: 340, cell: (e) => <Tags experiment={e} /> },
    ...(deleted ? [{
      id: "restore", head: "", width: 120,
      cell: (e: Experiment) => <button type="button" className="quiet" onClick={() => restore.mutate(e.experiment_id)}>Restore</button>,
    }] : []),
  ], [deleted, restore]);
  return (
    <>
      {restore.isError && <Failed error={restore.error} />}
      <VirtualTable label="Experiments" rows={rows} columns={columns} keyOf={(e) => e.experiment_id} onEnd={onEnd} save={save}
        onOpen={(e) => { void navigate({ to: address(e) }); }}
        foot={`${count(rows.length)}${more ? " so far" : ""} ${rows.length === 1 ? "experiment" : "experiments"}`} />
    </>
  );
}

const address = (e: Experiment) => `/experiments/${encodeURIComponent(e.experiment_id)}`;

/** Tags that people made; those of programs have a dot in their prefix. */
function Tags({ experiment }: { experiment: Experiment }) {
  const tags = (experiment.tags ?? []).filter((tag) => !/^(mlflow|quern)\./.test(tag.key));
  return <>{tags.slice(0, 6).map((tag) => <span key={tag.key} className="chip" title={`${tag.key}: ${tag.value.slice(0, 500)}`}><bdi>{tag.key}: {tag.value.slice(0, 60)}</bdi></span>)}</>;
}

function None({ text, deleted }: { text: string; deleted: boolean }) {
  if (text) return <Nothing title="No experiment has such a name"><p>Nothing matches “{text}”.</p></Nothing>;
  if (deleted) return <Nothing title="Nothing is deleted" />;
  return (
    <Nothing title="No experiment yet">
      <p>Log a first run from Python with MLflow’s own client:</p>
      <Command text={firstRun()} />
    </Nothing>
  );
}

/** Works as it stands wherever MLflow's client is installed. */
export function firstRun(experiment = "first"): string {
  return `pip install mlflow
export MLFLOW_TRACKING_URI=${window.location.origin}
python - <<'PY'
import mlflow
mlflow.set_experiment(${JSON.stringify(experiment)})
with mlflow.start_run():
    mlflow.log_param("depth", 3)
    for step in range(20):
        mlflow.log_metric("loss", 1 / (1 + step), step=step)
PY`;
}
