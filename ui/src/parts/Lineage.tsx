import dagre from "@dagrejs/dagre";
import { useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { LineageGraph, LineageNode } from "./document";
import { Downloads } from "./Downloads";
import { Scroll } from "./Layout";
import type { SavedTable } from "./save";
import { spoken } from "./words";

const WIDTH = 148;
const HEIGHT = 54;
/** Of the text in a box, and how wide it may be. */
const MARGIN = 15;
const LINE = WIDTH - MARGIN - 8;
/** Beyond this the picture would be too small to read from left to right, and runs downwards. */
const WIDEST = 1050;
const COLORS: Record<string, string> = {
  source: "negative", snapshot: "negative", table: "negative", check: "open", profile: "open", run: "known", model: "known",
  model_version: "known", batch: "new",
  deployment: "known", monitor: "new", drift: "new", retrain: "new", decision: "ink",
};

interface Placed { nodes: (LineageNode & { x: number; y: number })[]; paths: string[]; width: number; height: number }

function place(graph: LineageGraph, direction: "LR" | "TB"): Placed {
  const g = new dagre.graphlib.Graph();
  g.setGraph({ rankdir: direction, nodesep: 18, ranksep: direction === "LR" ? 40 : 24, marginx: 6, marginy: 6 });
  g.setDefaultEdgeLabel(() => ({}));
  const nodes = graph.nodes ?? [];
  for (const node of nodes) g.setNode(node.id, { width: WIDTH, height: HEIGHT });
  for (const edge of graph.edges ?? []) {
    if (g.hasNode(edge.from) && g.hasNode(edge.to)) g.setEdge(edge.from, edge.to);
  }
  dagre.layout(g);
  const paths = g.edges().map((edge) => {
    const points: { x: number; y: number }[] = g.edge(edge).points ?? [];
    const [start, ...rest] = points;
    if (!start) return "";
    const middles = rest.map((p, at) => {
      const next = rest[at + 1];
      if (!next) return `T${p.x},${p.y}`;
      return at === 0 ? `Q${p.x},${p.y} ${(p.x + next.x) / 2},${(p.y + next.y) / 2}` : `T${(p.x + next.x) / 2},${(p.y + next.y) / 2}`;
    });
    return `M${start.x},${start.y} ${middles.join(" ")}`;
  });
  const size = g.graph();
  return {
    nodes: nodes.map((n) => ({ ...n, x: g.node(n.id).x, y: g.node(n.id).y })), paths,
    width: size.width ?? 0, height: size.height ?? 0,
  };
}

function useNarrow(): boolean {
  const query = useMemo(() => window.matchMedia("(max-width: 700px)"), []);
  const [narrow, setNarrow] = useState(query.matches);
  useEffect(() => {
    const listen = () => setNarrow(query.matches);
    query.addEventListener("change", listen);
    return () => query.removeEventListener("change", listen);
  }, [query]);
  return narrow;
}

/** From source to decision: what came from what. Point at a node to see only what it depends on and leads to. With
 *  `onPick` a node can be picked, by keys too. */
export function Lineage({ graph, picked, onPick }: { graph: LineageGraph; picked?: string; onPick?: (id: string) => void }) {
  const narrow = useNarrow();
  const placed = useMemo(() => {
    const wide = narrow ? null : place(graph, "LR");
    return wide && wide.width <= WIDEST ? wide : place(graph, "TB");
  }, [graph, narrow]);
  const [seen, setSeen] = useState<string | null>(null);
  const svg = useRef<SVGSVGElement>(null);
  // Where the picture is wider than its frame, its middle is the place to begin.
  useEffect(() => {
    const frame = svg.current?.parentElement;
    if (frame) frame.scrollLeft = (frame.scrollWidth - frame.clientWidth) / 2;
  }, [placed]);
  const related = useMemo(() => (seen ? relatives(graph, seen) : null), [graph, seen]);
  const edges = (graph.edges ?? []);
  const faint = (id: string) => related !== null && !related.has(id);
  const frame = useRef<HTMLDivElement>(null);
  return (
    <div ref={frame}>
      <div className="chart-head is-end"><Downloads title="lineage" host={frame} data={() => linksOf(graph)} /></div>
      <Scroll label="Lineage picture">
        <svg ref={svg} className="lineage" viewBox={`0 0 ${placed.width} ${placed.height}`}
          style={{ width: placed.width, minWidth: placed.width * 0.85, maxWidth: "100%", marginInline: "auto" }}
          role={onPick ? "group" : "img"} aria-label={`${placed.nodes.length} things and ${edges.length} links from source to decision: ${
            placed.nodes.map((n) => `${n.kind ?? ""} ${n.label ?? n.id}`).join(", ")}`}>
          <defs>
            <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
              <path d="M0,0 L8,4 L0,8 z" fill="var(--line-strong)" />
            </marker>
          </defs>
          {placed.paths.map((path, at) => <path key={at} d={path} className="edge" markerEnd="url(#arrow)"
            opacity={related ? 0.35 : 1} />)}
          {placed.nodes.map((n) => (
            <g key={n.id} transform={`translate(${n.x - WIDTH / 2} ${n.y - HEIGHT / 2})`} opacity={faint(n.id) ? 0.25 : 1}
              className={n.id === picked ? "is-picked" : undefined} {...(onPick ? asButton(n, onPick) : {})}
              onMouseEnter={() => setSeen(n.id)} onMouseLeave={() => setSeen(null)}
              onClick={() => { setSeen(n.id); onPick?.(n.id); }}>
              <title>{[n.kind, n.label ?? n.id, n.detail, n.actor && `made by ${n.actor}`].filter(Boolean).join(": ")}</title>
              <rect width={WIDTH} height={HEIGHT} rx="8" className="node" />
              <rect width="5" height={HEIGHT} rx="2.5" fill={`var(--${COLORS[n.kind ?? ""] ?? "open"})`} />
              <Line y={17} className="kind" text={spoken(n.kind ?? "")} />
              <Line y={33} className="name" text={baseName(n.label ?? n.id)} />
              <Line y={48} className="detail" text={n.detail ?? ""} />
            </g>
          ))}
        </svg>
      </Scroll>
    </div>
  );
}

/** A row for each link; things without one stand alone. */
function linksOf(graph: LineageGraph): SavedTable {
  const [nodes, edges] = [graph.nodes ?? [], graph.edges ?? []];
  const named = new Map(nodes.map((node) => [node.id, node]));
  const linked = new Set(edges.flatMap((edge) => [edge.from, edge.to]));
  const lone = nodes.filter((node) => !linked.has(node.id)).map((node) => ({ from: node.id, to: "" }));
  return {
    head: ["from", "from_kind", "from_label", "to", "to_kind", "to_label"],
    rows: [...edges, ...lone].map(({ from, to }) => [from, named.get(from)?.kind, named.get(from)?.label, to, named.get(to)?.kind, named.get(to)?.label]),
  };
}

function asButton(node: LineageNode, onPick: (id: string) => void) {
  return {
    role: "button", tabIndex: 0, "aria-label": `${spoken(node.kind ?? "")} ${node.label ?? node.id}`,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      onPick(node.id);
    },
  };
}

/** A line in a box, cut where the box ends: how wide a text is only the font knows. */
function Line({ y, className, text }: { y: number; className: string; text: string }) {
  const line = useRef<SVGTextElement>(null);
  useLayoutEffect(() => {
    const element = line.current;
    if (!element) return;
    element.textContent = text;
    for (let most = text.length; most > 1 && element.getComputedTextLength() > LINE;) {
      most = Math.min(most - 1, Math.ceil((most * LINE) / element.getComputedTextLength()));
      element.textContent = cut(text, most);
    }
  }, [text]);
  return <text ref={line} x={MARGIN} y={y} className={className} />;
}

function relatives(graph: LineageGraph, start: string): Set<string> {
  const found = new Set([start]);
  const walk = (from: string, next: (id: string) => string[]) => {
    const queue = [from];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      for (const other of next(id)) if (!found.has(other)) { found.add(other); queue.push(other); }
    }
  };
  const edges = graph.edges ?? [];
  walk(start, (id) => edges.filter((e) => e.from === id).map((e) => e.to));
  walk(start, (id) => edges.filter((e) => e.to === id).map((e) => e.from));
  return found;
}

/** The file's name of a path: its end tells more than its beginning. */
function baseName(label: string): string {
  return label.includes(" ") ? label : label.slice(label.lastIndexOf("/") + 1);
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
