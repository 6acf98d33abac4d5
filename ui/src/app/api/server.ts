// Whether the server answers, and whether it still is the one that this page came from.
import { useSyncExternalStore } from "react";

export interface ServerState {
  /** False from the first call that got no answer until one that did. */
  there: boolean;
  /** The server now holds another build of the page. */
  stale: boolean;
  /** What the server calls itself; "" until it was asked. */
  version: string;
}

const PULSE_MS = 30_000;
const AWAY_PULSE_MS = 2_000;
const BUILD = document.querySelector('meta[name="quern-build"]')?.getAttribute("content") ?? "";

let state: ServerState = { there: true, stale: false, version: "" };
const listeners = new Set<() => void>();
const returns = new Set<() => void>();

function change(next: Partial<ServerState>) {
  const merged = { ...state, ...next };
  if (merged.there === state.there && merged.stale === state.stale && merged.version === state.version) return;
  const back = merged.there && !state.there;
  state = merged;
  for (const listener of listeners) listener();
  if (back) for (const listener of returns) listener();
}

export function unreachable() {
  const first = state.there;
  change({ there: false });
  if (first) plan();
}

export function answered() {
  change({ there: true });
}

/** Called when the server answers again. */
export function onReturn(listener: () => void) {
  returns.add(listener);
  return () => { returns.delete(listener); };
}

let timer = 0;
function plan() {
  window.clearTimeout(timer);
  timer = window.setTimeout(() => { void pulse(); }, state.there ? PULSE_MS : AWAY_PULSE_MS);
}

async function pulse() {
  // A tab that nobody looks at asks nothing.
  if (document.visibilityState === "visible") {
    try {
      const response = await fetch("/page.json", { cache: "no-store" });
      if (response.ok) {
        const now = (await response.json()) as { build: string; version: string };
        // While developing, the page comes from elsewhere and has no build of its own.
        change({ there: true, version: now.version, stale: !BUILD.startsWith("@") && now.build !== BUILD });
      }
    } catch {
      change({ there: false });
    }
  }
  plan();
}

/** Starts to watch; call once. */
export function watchServer() {
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") void pulse(); });
  window.addEventListener("online", () => { void pulse(); });
  void pulse();
}

export function useServer(): ServerState {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => { listeners.delete(listener); };
  }, () => state);
}
