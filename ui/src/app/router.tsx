import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { PAGES } from "./pages";
import { Broken, NotThere } from "./shell/Dead";
import { Shell } from "./shell/Shell";
import { PageSkeleton } from "../parts/States";

/** Every view of the table; "/" goes to the first page while there is no Home. */
export function makeRouter() {
  const root = createRootRoute({ component: Shell, notFoundComponent: NotThere });
  const views = PAGES.flatMap((page) => page.views).map((view) => createRoute({
    getParentRoute: () => root,
    path: view.path,
    component: lazyRouteComponent(view.load),
  }));
  const first = PAGES[0]?.path ?? "/";
  const home = first === "/" ? [] : [createRoute({
    getParentRoute: () => root,
    path: "/",
    beforeLoad: () => { throw redirect({ to: first, replace: true }); },
  })];
  return createRouter({
    routeTree: root.addChildren([...home, ...views]),
    defaultPreload: "intent",
    defaultPendingComponent: PageSkeleton,
    defaultErrorComponent: Broken,
    scrollRestoration: true,
  });
}
