import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { ErrorFence } from "../../parts/ErrorFence";
import { Icon } from "../../parts/Icon";
import { switchZone, useZone } from "../../parts/Moment";
import { followChanges } from "../api/live";
import { watchServer } from "../api/server";
import { PAGES } from "../pages";
import { Help } from "./Help";
import { focusSearch, useKeys } from "./keys";
import { ServerBanner } from "./ServerBanner";
import { setTheme, useTheme, type Theme } from "./theme";
import { Who } from "./Who";

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
let watching = false;

/** The frame of every page: navigation, what the server does, keys. */
export function Shell() {
  const [help, setHelp] = useState(false);
  const { pathname } = useLocation();
  useEffect(() => {
    if (!watching) {
      watchServer();
      void followChanges();
    }
    watching = true;
  }, []);
  useKeys({ "/": focusSearch, "?": () => setHelp(true), u: switchZone });
  return (
    <>
      <a className="skip" href="#content">To the content</a>
      <Navigation path={pathname} onHelp={() => setHelp(true)} />
      <main id="content" className="content" tabIndex={-1}>
        <ServerBanner />
        <ErrorFence key={pathname} part="page"><Outlet /></ErrorFence>
      </main>
      {help && <Help close={() => setHelp(false)} />}
    </>
  );
}

function Navigation({ path, onHelp }: { path: string; onHelp: () => void }) {
  const theme = useTheme();
  const zone = useZone();
  // On a narrow screen the strip of pages is wider than the screen.
  useEffect(() => {
    document.querySelector(".nav ul a[aria-current=page]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [path]);
  return (
    <nav className="nav" aria-label="Phases">
      <Link className="brand" to="/">Quern</Link>
      <ul>
        {PAGES.map((page) => (
          <li key={page.path}>
            <Link to={page.path} aria-current={isWithin(path, page.path) ? "page" : undefined}>{page.title}</Link>
          </li>
        ))}
      </ul>
      <Who />
      <div className="nav-tools">
        <button type="button" onClick={() => setTheme(NEXT[theme])} title="Colours"
          aria-label={`Colours: ${theme === "system" ? "as the system" : theme}; switch to ${NEXT[theme]}`}>
          <Icon name={theme === "dark" ? "moon" : theme === "light" ? "sun" : "half"} />
        </button>
        <button type="button" onClick={switchZone} title="Time zone (u)"
          aria-label={zone === "utc" ? "Times in UTC; switch to your zone" : "Times in your zone; switch to UTC"}>
          <span aria-hidden="true" className="zone">{zone === "utc" ? "UTC" : "local"}</span>
        </button>
        <button type="button" onClick={onHelp} title="Keys (?)" aria-label="Help: keys"><span aria-hidden="true">?</span></button>
      </div>
    </nav>
  );
}

function isWithin(path: string, page: string): boolean {
  return page === "/" ? path === "/" : path === page || path.startsWith(`${page}/`);
}
