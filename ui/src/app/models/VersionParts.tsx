// What stands on the page of a version.
import { Link } from "@tanstack/react-router";
import { DataTable } from "../../parts/DataTable";
import { bytes, known, metric, num, plain, plural, range, signed } from "../../parts/format";
import { areShares, IntervalList } from "../../parts/IntervalList";
import { Fold } from "../../parts/Layout";
import { Moment } from "../../parts/Moment";
import { Status, toneOf } from "../../parts/Status";
import { lowerIsBetter, metricMeaning, metricName, modelName } from "../../parts/words";
import type { Contest, VersionView } from "../api/native";
import { versionAddress } from "./addresses";
import { Tags } from "./TextOrders";

export function Metrics({ metrics, task }: { metrics: VersionView["metrics"]; task: string | null | undefined }) {
  const keys = Object.keys(metrics ?? {});
  if (keys.length === 0) return <p className="muted">None were measured by a run of <code>quern run</code>; those that were logged stand with its run.</p>;
  return (
    <IntervalList save="Metrics" separate={!areShares(Object.values(metrics ?? {}))} items={keys.map((key) => ({ label: metricName(key), note: metricMeaning(key, task ?? undefined), interval: metrics?.[key] ?? null }))} />
  );
}

export function Won({ contest: c }: { contest: Contest }) {
  return (
    <>
      <h4 className="sub">Against version {c.before?.version ?? "?"}, after {c.batch ?? "a batch"}</h4>
      <p><Status tone={c.candidate.accepted ? "good" : "open"}>{c.candidate.accepted ? "accepted" : "not accepted"}</Status> {c.candidate.reason.replace(/^(not )?accepted: /, "")}</p>
      <IntervalList save={`Against version ${c.before?.version ?? "?"}`} items={[
        { label: `version ${c.before?.version ?? "?"}`, note: "the champion then", interval: c.before?.value ?? null },
        { label: "this version", note: c.candidate.data ?? "", interval: c.candidate.value, color: "new" },
      ]} />
      <p className="caption">{metricName(c.metric)} on {plural(c.rows, "recent row")}{lowerIsBetter(c.metric) ? "; lower is better" : ""}. Gain {signed(c.candidate.difference.value)} ({
        range(c.candidate.difference, (x) => signed(x))}).</p>
    </>
  );
}

export function Schema({ view }: { view: VersionView }) {
  const card = view.card;
  if (!card) return <p className="muted">{view.card_missing ?? "Not known."}</p>;
  return (
    <>
      <DataTable label="Inputs" rows={card.inputs ?? []} columns={[
        { head: "Column", cell: (input) => <bdi>{input.name}</bdi> },
        { head: "Type", cell: (input) => input.type },
        { head: "Example", cell: (input) => <code>{plain(view.example?.[input.name])}</code> },
      ]} />
      {(card.derived?.length ?? 0) > 0 && (
        <Fold summary={`${plural(card.derived?.length, "derived column")}, ${plural(card.features?.length, "feature")}`}>
          <dl className="facts">{card.derived?.map((d) => <div key={d.name}><dt>{d.name}</dt><dd><code>{d.expression}</code></dd></div>)}</dl>
          <p className="caption">{card.features?.join(", ")}</p>
        </Fold>
      )}
    </>
  );
}

/** Of a copy: which version it was and where, by the tags of `quern models copy`, or by its source within the registry. */
function originOf({ tags, source }: VersionView): React.ReactNode {
  const from = tags["quern.copied_from"];
  if (from) return <>{from} <span className="muted">of</span> <code>{tags["quern.copied_from.registry"]}</code></>;
  const [, name, version] = /^models:\/([^/]+)\/(\d+)$/.exec(source ?? "") ?? [];
  return name && version ? <Link to={versionAddress(name, version)}><bdi>{name}</bdi> version {version}</Link> : null;
}

export function Facts({ view }: { view: VersionView }) {
  const card = view.card;
  const params = Object.entries(card?.params ?? {});
  const origin = originOf(view);
  return (
    <>
      <dl className="facts">
        <div><dt>Registered</dt><dd><Moment ms={view.created_ms} />{view.user && <> by <bdi>{view.user}</bdi></>}</dd></div>
        {view.run_id && <div><dt>Run</dt><dd>{view.experiment_id ? <Link to={`/experiments/${view.experiment_id}/runs/${view.run_id}`}><code>{view.run_id}</code></Link>
          : <code>{view.run_id}</code>}</dd></div>}
        {view.data && <div><dt>Data</dt><dd><bdi>{view.data}</bdi></dd></div>}
        {card && <div><dt>Answers</dt><dd>{card.classes?.length ? `${card.classes.join(", ")}${card.positive ? `; ${card.positive} is positive` : ""}` : "a number"}{
          known(card.threshold) ? `, from a score of ${num(card.threshold)}` : ""}</dd></div>}
        {card && <div><dt>Size</dt><dd>{bytes(card.bytes)}</dd></div>}
        {origin && <div><dt>Copy of</dt><dd dir="auto">{origin}</dd></div>}
        {view.source && <div><dt>Source</dt><dd><code>{view.source}</code></dd></div>}
        {view.digest && <div><dt>Digest</dt><dd><code>{view.digest}</code></dd></div>}
        <div><dt>Deployed</dt><dd>{view.deployments.length === 0 ? <span className="muted">not by a run</span> : view.deployments.map((d) => (
          <span key={d.id}><Status tone={toneOf(d.state)}>{d.state}</Status> since <Moment ms={d.changed_ms} />{" "}</span>))}</dd></div>
      </dl>
      {params.length > 0 && (
        <Fold summary={`${plural(params.length, "parameter")} of ${modelName(card?.learner ?? "")}`}>
          <dl className="facts">{params.map(([key, value]) => <div key={key}><dt>{key}</dt><dd>{typeof value === "number" ? metric(value) : plain(value)}</dd></div>)}</dl>
        </Fold>
      )}
      <Fold summary={plural(Object.keys(view.tags).length, "tag")}><Tags of={{ name: view.name, version: view.version }} tags={view.tags} /></Fold>
    </>
  );
}
