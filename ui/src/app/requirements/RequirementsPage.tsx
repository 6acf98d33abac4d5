import { Link } from "@tanstack/react-router";
import { known, list, num, plural } from "../../parts/format";
import { GateList } from "../../parts/GateList";
import { IntervalList } from "../../parts/IntervalList";
import { Panel } from "../../parts/Layout";
import { Moment } from "../../parts/Moment";
import { Nothing } from "../../parts/States";
import { Status } from "../../parts/Status";
import { metricName, opWords } from "../../parts/words";
import { useRequirements, type Line, type Requirements } from "../api/native";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "../views/Loaded";
import "../../parts/chapters.css";
import "../views/views.css";

export default function RequirementsPage() {
  const found = useRequirements();
  return (
    <>
      <PageHead title="Requirements">{found.data?.declared && <p className="page-lead">{conclude(found.data)}</p>}</PageHead>
      <Loaded query={found}>{(view) => (view.declared ? <Charter view={view} /> : <None />)}</Loaded>
    </>
  );
}

function conclude(view: Requirements): string {
  const lines = view.lines.filter((line) => line.measurable);
  const met = lines.filter((line) => line.status === "pass").length;
  const failed = lines.filter((line) => line.status === "fail").length;
  const open = lines.length - met - failed;
  const first = lines.length === 0 ? "No line of the charter can be measured" : `${met} of ${plural(lines.length, "measurable line")} met`;
  const since = lines.filter((line) => line.watched && standing(line) === "missed").map((line) => metricName(line.metric));
  return `${first}${failed > 0 ? `, ${failed} missed` : ""}${open > 0 ? `, ${open} not measured yet` : ""}${
    since.length > 0 ? `, but the newest batch misses ${list(since)}` : ""}; ${
    view.open.length === 0 ? "no question is open" : `${plural(view.open.length, "question")} still open`}.`;
}

function shown(line: Line): Line {
  return line.kind === "key_metric" ? { ...line, text: `${metricName(line.metric)} is ${opWords(line.op)} ${line.limit ?? "?"}` } : line;
}

function Charter({ view }: { view: Requirements }) {
  const measured = view.lines.filter((line) => line.measurable);
  const others = view.lines.filter((line) => !line.measurable);
  return (
    <>
      {view.added_value && <blockquote className="added-value" dir="auto">{view.added_value}</blockquote>}
      <Panel title="Each line with its present evidence" lead="Dot: what was measured. Whisker: its 95 % interval. Upright line: the limit." wide>
        {measured.length > 0 ? <GateList gates={measured.map(shown)} /> : <p className="muted">No key metric and no measurable requirement is declared.</p>}
        <Evidence lines={measured} />
        {others.length > 0 && (
          <ul className="plain-list">{others.map((line) => <li key={line.id}><Status tone="open">for a person to judge</Status> <bdi>{line.text}</bdi></li>)}</ul>
        )}
      </Panel>
      <Watched lines={measured} />
      <div className="two">
        <Panel title="Questions of the charter">
          <dl className="questions-answered">
            {view.answers.filter((a) => a.answer).map((a) => <div key={a.key}><dt>{a.question}</dt><dd dir="auto">{a.answer}</dd></div>)}
          </dl>
          {view.open.length > 0 && (
            <>
              <h4 className="sub">Still open</h4>
              <ul className="questions">{view.open.map((o) => <li key={o.key}>{o.question}<small><code>design.{o.key.replace(/^design\./, "")}</code></small></li>)}</ul>
            </>
          )}
        </Panel>
        <Panel title="Who answers for what">
          {view.roles.length > 0 ? (
            <dl className="facts">{view.roles.map((r) => <div key={r.role}><dt>{r.role}</dt><dd dir="auto">{r.who || <span className="muted">not named yet</span>}</dd></div>)}</dl>
          ) : <p className="muted">No roles are named: <code>design.roles</code> of quern.yaml.</p>}
          {view.hypothesis && <p className="hypothesis">Hypothesis: “{view.hypothesis.text}”.</p>}
        </Panel>
      </div>
    </>
  );
}

/** What later batches showed of the key metrics: a goal that was met at training may not hold now. */
function Watched({ lines }: { lines: readonly Line[] }) {
  const seen = lines.filter((line) => known(line.watched?.value));
  if (seen.length === 0) return null;
  return (
    <Panel title="And since then" wide lead={<>What the newest batch with labels showed. More on the page of <Link to="/monitoring">monitoring</Link>.</>}>
      <IntervalList save="Since then" separate items={seen.map((line) => {
        const [tone, word] = SINCE[standing(line)];
        return {
          label: metricName(line.metric), note: `in ${line.watched?.batch ?? "?"}, by version ${line.watched?.version ?? "?"}; must be ${opWords(line.op)} ${num(line.limit)}`,
          interval: line.watched, limit: line.limit, color: tone,
          after: <Status tone={tone}>{word}</Status>,
        };
      })} />
    </Panel>
  );
}

const SINCE = { holds: ["good", "still holds"], missed: ["bad", "missed"], open: ["open", "may hold or not"] } as const;

/** A goal is missed, or holds, if the whole interval says so. */
function standing(line: Line): keyof typeof SINCE {
  const seen = line.watched;
  if (!known(seen?.value) || !known(line.limit)) return "open";
  const [low, high] = [seen.low ?? seen.value, seen.high ?? seen.value];
  if (line.op?.startsWith("<")) return low > line.limit ? "missed" : high <= line.limit ? "holds" : "open";
  return high < line.limit ? "missed" : low >= line.limit ? "holds" : "open";
}

/** Where the newest evidence of each line came from. */
function Evidence({ lines }: { lines: readonly Line[] }) {
  const known = lines.filter((line) => line.step);
  if (known.length === 0) return null;
  const steps = [...new Map(known.map((line) => [line.step ?? "", line.at_ms])).entries()];
  return (
    <p className="caption">
      Evidence of {steps.map(([step, at], index) => (
        <span key={step}>{index > 0 && ", "}<Link to="/pipeline" search={{ step } as never}><code>{step}</code></Link> (<Moment ms={at} />)</span>
      ))}.
    </p>
  );
}

function None() {
  return (
    <Nothing title="No charter yet">
      <p>The <code>design:</code> section of a project’s quern.yaml says what the model is for and what it must reach; each run holds its
        evidence against it. <code>quern init</code> writes the questions to answer.</p>
      <p><Link to="/">How to get a first run in</Link></p>
    </Nothing>
  );
}
