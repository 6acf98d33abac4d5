import { Link } from "@tanstack/react-router";
import type { LineageNode } from "../../parts/document";
import { count, plural } from "../../parts/format";
import { Panel } from "../../parts/Layout";
import { Lineage } from "../../parts/Lineage";
import { Moment } from "../../parts/Moment";
import { Nothing } from "../../parts/States";
import { spoken } from "../../parts/words";
import { useLineage, type LineageView } from "../api/native";
import { sourceAddress } from "../data/address";
import { versionAddress } from "../models/addresses";
import { asList, asText, useSettings } from "../search";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "../views/Loaded";
import "../views/views.css";

const KINDS = ["source", "snapshot", "check", "run", "model_version", "deployment", "batch", "decision"];

export default function LineagePage() {
  const [settings, change] = useSettings<{ node: string; kinds: string[] }>();
  const node = asText(settings.node);
  const kinds = asList(settings.kinds);
  const found = useLineage(node, kinds);
  const toggle = (kind: string) => {
    const next = kinds.includes(kind) ? kinds.filter((k) => k !== kind) : [...kinds, kind];
    change({ kinds: next.length > 0 ? next : undefined });
  };
  return (
    <>
      <PageHead title="Lineage">{found.data && <p className="page-lead">{conclude(found.data, node)}</p>}</PageHead>
      <div className="toolbar" role="group" aria-label="Kinds that are shown">
        {KINDS.map((kind) => <button key={kind} type="button" className="button" aria-pressed={kinds.includes(kind)} onClick={() => toggle(kind)}>{spoken(kind)}</button>)}
        {(kinds.length > 0 || node) && <button type="button" className="quiet" onClick={() => change({ kinds: undefined, node: undefined })}>Show all</button>}
      </div>
      <Loaded query={found}>{(view) => ((view.nodes?.length ?? 0) === 0 ? <None filtered={kinds.length > 0 || node !== ""} /> : (
        <>
          <Picked view={view} node={view.nodes?.find((n) => n.id === node)} pick={(id) => change({ node: id })} />
          <Panel title={node ? "What it came from and what came of it" : "What came from what"} wide lead="Point at a box to see what it depends on and what it led to; pick it to keep only those.">
            <Lineage graph={view} picked={node} onPick={(id) => change({ node: id })} />
            {view.nodes_in_all > (view.nodes?.length ?? 0) && <p className="caption">The newest {count(view.nodes?.length)} of {count(view.nodes_in_all)}; pick one, or kinds, to see others.</p>}
          </Panel>
        </>
      ))}</Loaded>
    </>
  );
}

function conclude(view: LineageView, node: string): string {
  const nodes = view.nodes?.length ?? 0;
  if (nodes === 0) return "";
  return `${node ? "Around the one that was picked" : "From source to decision"}: ${plural(nodes, "thing")}, ${plural(view.edges?.length ?? 0, "link")}.`;
}

/** Who made it, when, from what, and what came of it; and its own page if it has one. */
function Picked({ view, node, pick }: { view: LineageView; node: LineageNode | undefined; pick: (id: string | undefined) => void }) {
  if (!node) return null;
  const page = pageOf(node);
  const named = new Map(view.nodes?.map((one) => [one.id, one]));
  const list = (ids: readonly string[], none: string) => (ids.length === 0 ? <span className="muted">{none}</span> : (
    <ul className="things">{ids.map((id) => (
      <li key={id}>{spoken(named.get(id)?.kind ?? "thing")} <button type="button" className="quiet" onClick={() => pick(id)}><bdi>{named.get(id)?.label ?? id}</bdi></button></li>
    ))}</ul>
  ));
  const edges = view.edges ?? [];
  return (
    <Panel title={node.label ?? node.id} wide lead={`${spoken(node.kind ?? "thing")}, picked`}>
      <dl className="facts">
        <div><dt>What</dt><dd dir="auto">{node.detail || "nothing more was noted"}</dd></div>
        <div><dt>Made by</dt><dd>{node.actor ? <bdi>{node.actor}</bdi> : <span className="muted">who made it was not noted</span>}</dd></div>
        <div><dt>When</dt><dd><Moment ms={node.created_ms} /></dd></div>
        <div><dt>From</dt><dd>{list(edges.filter((e) => e.to === node.id).map((e) => e.from), "nothing that is kept came before it")}</dd></div>
        <div><dt>Led to</dt><dd>{list(edges.filter((e) => e.from === node.id).map((e) => e.to), "nothing so far")}</dd></div>
        <div><dt>Name</dt><dd><code>{node.id}</code></dd></div>
      </dl>
      <p className="caption">{page && <><Link to={page}>Its page</Link> · </>}<button type="button" className="quiet" onClick={() => pick(undefined)}>Back to all</button></p>
    </Panel>
  );
}

/** Names are "KIND:NAME@…" or "KIND:MODEL/VERSION". */
function pageOf(node: LineageNode): string | null {
  const name = node.id.slice(node.id.indexOf(":") + 1);
  const slash = name.lastIndexOf("/");
  switch (node.kind) {
    case "source": case "snapshot": case "check": return sourceAddress(name.split("@")[0] ?? name);
    case "model_version": case "deployment": return slash > 0 ? versionAddress(name.slice(0, slash), name.slice(slash + 1)) : null;
    case "batch": case "decision": return "/monitoring";
    case "run": return node.run ? `/experiments/${node.run.experiment_id}/runs/${node.run.id}` : null;
    default: return null;
  }
}

function None({ filtered }: { filtered: boolean }) {
  return (
    <Nothing title={filtered ? "Nothing of this kind" : "No lineage yet"}>
      {filtered ? <p>Nothing that is kept is of the kinds that were picked.</p>
        : <p>Each step of <code>quern run</code> notes what it made from what: file, snapshot, check, model, deployment, batch, decision. <Link to="/">How to get a first run in</Link></p>}
    </Nothing>
  );
}
