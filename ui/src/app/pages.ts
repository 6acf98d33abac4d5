// The one table of pages, in the order of the life cycle: navigation, routes and the server's list of paths are made
// of it. A page that is not built does not stand here; adding one is adding an entry.
import type { ComponentType } from "react";

export interface View {
  /** As the router writes it: "/experiments/$experimentId". */
  path: string;
  load: () => Promise<{ default: ComponentType }>;
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
  {
    path: "/experiments",
    title: "Experiments",
    views: [
      { path: "/experiments", load: () => import("./experiments/ExperimentsPage") },
      { path: "/experiments/$experimentId", load: () => import("./experiments/RunsPage") },
      { path: "/experiments/$experimentId/compare", load: () => import("./compare/ComparePage") },
      { path: "/experiments/$experimentId/runs/$runId", load: () => import("./runs/RunPage") },
    ],
  },
];
