import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { PAGES } from "./pages";
import { Broken, NotThere } from "./shell/Dead";
import { Shell } from "./shell/Shell";
import { PageSkeleton } from "../parts/States";

/** Every view of the table of pages. */
export function makeRouter() {
  const root = createRootRoute({ component: Shell, notFoundComponent: NotThere });
  const views = PAGES.flatMap((page) => page.views).map((view) => createRoute({
    getParentRoute: () => root,
    path: view.path,
    component: lazyRouteComponent(view.load),
  }));
  return createRouter({
    routeTree: root.addChildren(views),
    defaultPreload: "intent",
    defaultPendingComponent: PageSkeleton,
    defaultErrorComponent: Broken,
    scrollRestoration: true,
  });
}
