import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { CopyButton } from "../../parts/CopyButton";
import { Dialog } from "../../parts/Dialog";
import { Diff } from "../../parts/Diff";
import { count } from "../../parts/format";
import { Icon } from "../../parts/Icon";
import { Panel } from "../../parts/Layout";
import { Markdown } from "../../parts/Markdown";
import { Moment } from "../../parts/Moment";
import { instant } from "../../parts/save";
import { searchRuns, setTag, type DatasetInput, type Metric, type Run } from "../api/mlflow";
import { liveOn } from "../api/queries";
import { NoteEditor } from "../experiments/NoteEditor";
import { NOTE, PARENT, tagOf, valueText } from "../experiments/runValues";
import { KeyTable } from "./KeyTable";
import { RunModels } from "./RunModels";
import { linksOf } from "./repository";
import { useRunChange } from "./RunTools";
import { SignatureTable } from "./SignatureTable";
import { columnsOf } from "./signature";

/** Everything of a run that is not a chart or a file. */
export function Overview({ run }: { run: Run }) {
  const tags = run.data?.tags ?? [];
  const [text, setText] = useState<{ key: string; value: string } | null>(null);
  return (
    <>
      <Notes run={run} />
      <div className="overview">
        <Panel title={`Metrics (${count(run.data?.metrics?.length ?? 0)})`}>
          <KeyTable label="Metrics" rows={run.data?.metrics ?? []} saved={(metric) => ({ metric: metric.key, value: metric.value, step: metric.step, time: instant(metric.timestamp) ?? "" })} value={(metric) => <span title={String(metric.value)}>{valueText(metric.value, 6)}</span>} numeric
            more={[{ head: "Step", width: 64, cell: (metric: Metric) => count(metric.step) }]} none="No metric was logged." />
        </Panel>
        <Panel title={`Parameters (${count(run.data?.params?.length ?? 0)})`}>
          <KeyTable label="Parameters" rows={run.data?.params ?? []} saved={(param) => ({ parameter: param.key, value: param.value })} value={(param) => <LongText text={param.value} show={() => setText(param)} />} none="No parameter was logged." />
        </Panel>
        <Panel title="Code and environment"><Code run={run} /></Panel>
        <Panel title={`Tags (${count(tags.length)})`}>
          <KeyTable label="Tags" rows={tags} saved={(tag) => ({ tag: tag.key, value: tag.value })} value={(tag) => <LongText text={tag.value} show={() => setText(tag)} />} none="No tag." />
        </Panel>
        <Panel title="Datasets"><Datasets inputs={run.inputs?.dataset_inputs ?? []} /></Panel>
        <Panel title="Models"><RunModels run={run} /></Panel>
      </div>
      {text && (
        <Dialog title={text.key} close={() => setText(null)}>
          <div className="actions"><CopyButton text={text.value} label="Copy the text" /> <span className="muted">{count(text.value.length)} characters</span></div>
          <pre className="whole-text" dir="auto" tabIndex={0}>{text.value}</pre>
        </Dialog>
      )}
    </>
  );
}

const SHORT = 120;

/** A text of any length: its beginning, and a way to all of it. */
function LongText({ text, show }: { text: string; show: () => void }) {
  if (text.length <= SHORT && !text.includes("\n")) return <bdi>{text}</bdi>;
  return <button type="button" className="quiet as-text" onClick={show} title="Show all of it"><bdi>{text.slice(0, SHORT)}…</bdi></button>;
}

function Notes({ run }: { run: Run }) {
  const [writing, setWriting] = useState(false);
  const act = useRunChange(run.info.run_id);
  const note = tagOf(run, NOTE) ?? "";
  return (
    <div className="notes">
      {note && <div className="panel"><Markdown text={note} /></div>}
      <button type="button" className="quiet" onClick={() => setWriting(true)}><Icon name="pen" /> {note ? "Change the notes" : "Write notes"}</button>
      {writing && <NoteEditor title="Notes" text={note} error={act.error} close={() => { act.reset(); setWriting(false); }}
        save={(text) => act.mutate(() => setTag(run.info.run_id, NOTE, text), { onSuccess: () => setWriting(false) })} />}
    </div>
  );
}

/** Where the run came from: its code, its parent, its children. */
function Code({ run }: { run: Run }) {
  const [shown, setShown] = useState(false);
  const parent = tagOf(run, PARENT);
  const experiment = run.info.experiment_id;
  const family = useQuery({
    queryKey: ["family", run.info.run_id], meta: liveOn("runs"), staleTime: 30_000,
    queryFn: async ({ signal }) => searchRuns({
      experiment_ids: [experiment], filter: `tags.\`${PARENT}\` = '${run.info.run_id}'`, fields: ["info"], max_results: 20, count_total: true,
    }, signal),
  });
  const children = family.data?.runs ?? [];
  const commit = tagOf(run, "mlflow.source.git.commit");
  const branch = tagOf(run, "mlflow.source.git.branch");
  const repository = tagOf(run, "mlflow.source.git.repoURL");
  const links = linksOf(repository);
  const diff = tagOf(run, "mlflow.source.git.diff");
  const dirty = diff !== undefined || tagOf(run, "mlflow.source.git.dirty")?.toLowerCase() === "true";
  const facts: [string, React.ReactNode][] = [
    ["Source", tagOf(run, "mlflow.source.name")], ["Kind", tagOf(run, "mlflow.source.type")?.toLowerCase()],
    ["Commit", commit && <><Elsewhere to={links?.commit(commit)}><code>{commit.slice(0, 12)}</code></Elsewhere><CopyButton text={commit} label="Copy the commit" /></>],
    ["Changes", dirty && (diff ? <button type="button" className="quiet" onClick={() => setShown(true)}>the code was changed since the commit</button> : "the code was changed since the commit; how is not recorded")],
    ["Branch", branch && <Elsewhere to={links?.branch(branch)}>{branch}</Elsewhere>], ["Repository", repository && <Elsewhere to={links?.page}>{repository}</Elsewhere>], ["Entry point", tagOf(run, "mlflow.project.entryPoint")],
    ["User", tagOf(run, "mlflow.user")],
    ["Started", <Moment key="s" ms={run.info.start_time} />], ["Ended", run.info.end_time !== undefined && <Moment ms={run.info.end_time} />],
    ["Artifacts at", run.info.artifact_uri && <code>{run.info.artifact_uri}</code>],
    ["Part of", parent && <Link to={`/experiments/${experiment}/runs/${encodeURIComponent(parent)}`}>the run {parent.slice(0, 8)}</Link>],
    ["Runs below it", children.length > 0 && <>
      {children.map((child) => <span key={child.info.run_id} className="child"><Link to={`/experiments/${experiment}/runs/${child.info.run_id}`}><bdi>{child.info.run_name}</bdi></Link></span>)}
      {(family.data?.total_count ?? 0) > children.length && <span className="muted"> and {count((family.data?.total_count ?? 0) - children.length)} more</span>}
    </>],
  ];
  return (
    <>
      <dl className="facts">{facts.filter(([, value]) => value).map(([name, value]) => <div key={name}><dt>{name}</dt><dd><bdi>{value}</bdi></dd></div>)}</dl>
      {shown && diff && (
        <Dialog title="What the code had beside its commit" close={() => setShown(false)} wide>
          <div className="actions"><CopyButton text={diff} label="Copy the diff" /> <span className="muted">{commit && `against ${commit.slice(0, 12)}`}</span></div>
          <Diff text={diff} />
        </Dialog>
      )}
    </>
  );
}

/** A link that leaves the page, if there is where to go. */
function Elsewhere({ to, children }: { to: string | undefined; children: React.ReactNode }) {
  return to ? <a href={to} target="_blank" rel="noopener noreferrer">{children}</a> : <>{children}</>;
}

function Datasets({ inputs }: { inputs: readonly DatasetInput[] }) {
  const [open, setOpen] = useState<DatasetInput | null>(null);
  if (inputs.length === 0) return <p className="muted">The run said of no dataset that it read it.</p>;
  return (
    <>
      <ul className="things">
        {inputs.map((input) => (
          <li key={`${input.dataset.name} ${input.dataset.digest}`}>
            <button type="button" className="quiet" onClick={() => setOpen(input)}><bdi>{input.dataset.name}</bdi></button> <code>{input.dataset.digest}</code>{" "}
            {contextOf(input) && <span className="chip"><bdi>{contextOf(input)}</bdi></span>}
          </li>
        ))}
      </ul>
      {open && (
        <Dialog title={open.dataset.name} close={() => setOpen(null)}>
          <dl className="facts">
            <div><dt>Digest</dt><dd><code>{open.dataset.digest}</code></dd></div>
            <div><dt>Source</dt><dd>{open.dataset.source_type} <code>{open.dataset.source}</code></dd></div>
            {open.dataset.profile && <div><dt>Profile</dt><dd><code>{open.dataset.profile}</code></dd></div>}
          </dl>
          <SignatureTable columns={columnsOf(schemaText(open.dataset.schema))} title="Columns" />
        </Dialog>
      )}
    </>
  );
}

const contextOf = (input: DatasetInput) => input.tags?.find((tag) => tag.key === "mlflow.data.context")?.value;

/** A dataset's schema has its columns under a name of MLflow's. */
function schemaText(schema: string | undefined): string {
  try {
    const value = JSON.parse(schema ?? "") as { mlflow_colspec?: unknown };
    return JSON.stringify(value.mlflow_colspec ?? []);
  } catch {
    return "[]";
  }
}
