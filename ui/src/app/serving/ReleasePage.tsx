import { Link, useParams } from "@tanstack/react-router";
import { DataTable } from "../../parts/DataTable";
import { count, known, num, percent, plain, range } from "../../parts/format";
import { IntervalList } from "../../parts/IntervalList";
import { Fold, KeyNumbers, Legend, Panel } from "../../parts/Layout";
import { Moment } from "../../parts/Moment";
import { Status } from "../../parts/Status";
import { useRelease, type Audit, type Earned, type Release, type Shadow, type Verdict } from "../api/native";
import { versionAddress } from "../models/addresses";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "../views/Loaded";
import { ReleaseOrders } from "./ReleaseOrders";
import { callTone, callWords, phaseTone, phaseWords, watched } from "./releaseWords";
import "../views/views.css";
import "./try.css";

export default function ReleasePage() {
  const { id = "" } = useParams({ strict: false });
  const found = useRelease(id);
  const release = found.data?.release;
  return (
    <>
      <PageHead title={release ? `Release of ${release.model}` : "Release"} above={<Link to="/serving">Serving</Link>}
        name={release && <><bdi>{release.model}</bdi>: v{release.stable} → {release.candidates.map((c) => `v${c.version}`).join(", ")}</>}>
        {release && <p className="page-lead"><Status tone={phaseTone(release.phase)}>{phaseWords(release.phase)}</Status> {found.data?.log.at(-1)?.sentence}</p>}
        {release && <ReleaseOrders release={release} />}
      </PageHead>
      <Loaded query={found}>{(view) => (
        <>
          <Shares release={view.release} />
          {view.verdicts.map((verdict, at) => <Evidence key={at} verdict={verdict} release={view.release} />)}
          {view.earned && <Rewards earned={view.earned} />}
          {view.shadow && <ShadowPanel shadow={view.shadow} />}
          <Panel title="What happened, by whom, and why" wide lead="Each record is sealed with the one before it."><Log log={view.log} /></Panel>
        </>
      )}</Loaded>
    </>
  );
}

function Shares({ release }: { release: Release }) {
  const { strategy, ...settings } = release.strategy;
  return (
    <>
      <KeyNumbers items={[
        { label: "Stable", value: <Link to={versionAddress(release.model, release.stable)}>v{release.stable}</Link>, note: `alias ${release.alias}` },
        ...release.candidates.map((c) => ({ label: "Candidate", value: <Link to={versionAddress(release.model, c.version)}>v{c.version}</Link>,
          note: c.dropped ? "dropped: harm was proven" : `${num(c.weight)} % of the requests` })),
        { label: "Strategy", value: strategy.replace("_", " "), note: release.closed ? "closed" : "open" },
        { label: "Begun", value: <Moment ms={release.created_ms} ago />, note: release.ended_ms > 0 ? <>ended <Moment ms={release.ended_ms} ago /></> : "not ended" },
      ]} />
      <Fold summary="Settings of the strategy">
        <dl className="facts">{Object.entries(settings).map(([key, value]) => <div key={key}><dt>{key.replace(/_/g, " ")}</dt><dd>{plain(value)}</dd></div>)}</dl>
      </Fold>
    </>
  );
}

function Evidence({ verdict: v, release }: { verdict: Verdict; release: Release }) {
  return (
    <Panel title="Evidence" wide lead={<><Status tone={callTone(v.call)}>{callWords(v.call)}</Status> {v.sentence}</>}>
      <p className="caption">{count(v.requests.stable)} requests to v{release.stable}, {count(v.requests.candidate)} to the candidate. Intervals hold however often one looks.</p>
      <Legend items={[{ color: "known", label: `v${release.stable}, stable` }, { color: "new", label: "the candidate" }]} />
      <IntervalList save="Evidence" show={percent} items={v.metrics.map((m) => ({
        label: watched(m.metric), note: m.watch === "off" ? "not watched" : known(m.ratio.value) ? `${num(m.ratio.value)} times as often (${range(m.ratio, num)})` : "",
        interval: m.candidate.rate, color: "new", second: m.stable.rate, secondColor: "known",
        after: m.harm.proven ? <Status tone="bad">harm proven</Status> : m.safe.proven ? <Status tone="good">safe</Status> : <Status tone="open">open</Status>,
      }))} />
    </Panel>
  );
}

function Rewards({ earned }: { earned: readonly Earned[] }) {
  return (
    <Panel title="Rewards" wide lead="Labels that agreed with a version's decisions. Shares of the traffic follow them; no version is tested for harm.">
      <DataTable label="Rewards of each version" rows={earned} columns={[
        { head: "Version", cell: (e) => `v${e.version}` }, { head: "Requests", numeric: true, cell: (e) => count(e.requests) },
        { head: "Labels", numeric: true, cell: (e) => num(e.won + e.lost) }, { head: "Rewards", numeric: true, cell: (e) => num(e.won) },
        { head: "Rate", numeric: true, cell: (e) => e.won + e.lost > 0 ? percent(e.won / (e.won + e.lost)) : "" },
      ]} />
    </Panel>
  );
}

function ShadowPanel({ shadow }: { shadow: Shadow }) {
  return (
    <Panel title="In the shadow" wide lead={`The candidate saw ${count(shadow.rows)} rows beside the stable version; nobody got its answers.`}>
      <KeyNumbers items={[
        { label: "Answers that differ", value: percent(shadow.disagreement?.value), note: range(shadow.disagreement, percent) },
        { label: "Latency, as a multiple", value: num(shadow.latency_ms?.ratio.value), note: range(shadow.latency_ms?.ratio, num) },
        { label: "Not seen", value: count(shadow.dropped_requests), note: "requests, its queue being full" },
      ]} />
      <DataTable label="Answers side by side" rows={shadow.confusion} columns={[
        { head: "Stable said", cell: (c) => c.stable || "no answer" }, { head: "Candidate said", cell: (c) => c.candidate || "no answer" },
        { head: "Rows", numeric: true, cell: (c) => count(c.n), value: (c) => c.n },
      ]} />
    </Panel>
  );
}

function Log({ log }: { log: readonly Audit[] }) {
  return (
    <ol className="log">
      {[...log].reverse().map((entry) => (
        <li key={entry.sequence}>
          <b>{entry.from === entry.to ? phaseWords(entry.to) : `${phaseWords(entry.from)} → ${phaseWords(entry.to)}`}</b> – <span dir="auto">{entry.sentence}</span>
          <small><Moment ms={Date.parse(entry.at)} /> by <bdi>{entry.actor}</bdi></small>
        </li>
      ))}
    </ol>
  );
}
