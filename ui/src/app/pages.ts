// The one table of pages, in the order of the life cycle: navigation, routes and the server's list of paths are made
// of it. A page that is not built does not stand here; adding one is adding an entry.
import type { ComponentType } from "react";
import { loadMetricCharts, loadRunCharts } from "./charts/code";

export interface View {
  /** As the router writes it: "/experiments/$experimentId". */
  path: string;
  load: () => Promise<{ default: ComponentType }>;
  /** Loads what the page will need besides for an address with this query. */
  also?: (query: URLSearchParams) => void;
}

export interface Page {
  /** Below it are all addresses of the page, and no other page's; "/" is Home's alone. One segment, no call of the
   *  server's interfaces. */
  path: string;
  /** The word in the navigation. */
  title: string;
  views: readonly View[];
}

export const PAGES: readonly Page[] = [
  { path: "/", title: "Home", views: [{ path: "/", load: () => import("./home/HomePage") }] },
  { path: "/requirements", title: "Requirements", views: [{ path: "/requirements", load: () => import("./requirements/RequirementsPage") }] },
  {
    path: "/data",
    title: "Data",
    views: [
      { path: "/data", load: () => import("./data/DataPage") },
      { path: "/data/$source", load: () => import("./data/SourcePage") },
      { path: "/data/$source/compare", load: () => import("./data/CompareSnapshotsPage") },
    ],
  },
  {
    path: "/pipeline",
    title: "Pipeline",
    views: [
      { path: "/pipeline", load: () => import("./pipeline/PipelinePage") },
      { path: "/pipeline/$runId", load: () => import("./pipeline/PipelinePage") },
    ],
  },
  {
    path: "/experiments",
    title: "Experiments",
    views: [
      { path: "/experiments", load: () => import("./experiments/ExperimentsPage") },
      { path: "/experiments/$experimentId", load: () => import("./experiments/RunsPage"), also: (query) => { if (query.get("mode") === "charts") loadRunCharts(); } },
      { path: "/experiments/$experimentId/compare", load: () => import("./compare/ComparePage"), also: (query) => { if (query.get("tab") === "charts") loadRunCharts(); } },
      { path: "/experiments/$experimentId/runs/$runId", load: () => import("./runs/RunPage"), also: (query) => { if (["charts", "system"].includes(query.get("tab") ?? "")) loadMetricCharts(); } },
    ],
  },
  {
    path: "/models",
    title: "Models",
    views: [
      { path: "/models", load: () => import("./models/ModelsPage") },
      { path: "/models/$name", load: () => import("./models/ModelPage") },
      { path: "/models/$name/compare", load: () => import("./models/CompareVersionsPage") },
      { path: "/models/$name/versions/$version", load: () => import("./models/VersionPage") },
    ],
  },
  {
    path: "/serving",
    title: "Serving",
    views: [
      { path: "/serving", load: () => import("./serving/ServingPage") },
      { path: "/serving/releases/$id", load: () => import("./serving/ReleasePage") },
    ],
  },
  { path: "/monitoring", title: "Monitoring", views: [{ path: "/monitoring", load: () => import("./monitoring/MonitoringPage") }] },
  { path: "/lineage", title: "Lineage", views: [{ path: "/lineage", load: () => import("./lineage/LineagePage") }] },
];

/** The view of an address; undefined: none, or one of MLflow's, which main.tsx translates. */
export function viewAt(pathname: string): View | undefined {
  const parts = pathname.split("/");
  return PAGES.flatMap((page) => page.views).find(({ path }) => {
    const own = path.split("/");
    return own.length === parts.length && own.every((part, at) => part === parts[at] || (part.startsWith("$") && parts[at] !== ""));
  });
}
