// What changed at the server, as soon as it did: one request waits for it, and what is shown is asked again.
import { get } from "./client";
import { queries } from "./queries";
import type { Kind } from "./native";

interface Changes { epoch: string; version: number; changed: Record<Kind, number>; waited: boolean }

/** Seconds that a request waits, and that are between two when too many wait already. */
const WAIT_S = 25;
const CROWDED_MS = 3_000;
const AWAY_MS = 3_000;
/** Many changes within a moment are one. */
const TOGETHER_MS = 400;

function ask(kinds: readonly Kind[]) {
  void queries.invalidateQueries({
    predicate: (query) => {
      // Each page of a long list would be asked for again, and shift under the reader.
      const pages = (query.state.data as { pages?: readonly unknown[] } | undefined)?.pages;
      if (pages && pages.length > 1) return false;
      return query.meta?.kinds?.some((kind) => kinds.includes(kind)) ?? false;
    },
  });
}

let leaving: Promise<unknown> = Promise.resolve();

/** An order that takes away or renames what is shown, and then goes to another page: the news of it are told on that one. */
export function andLeave(work: () => Promise<unknown>): Promise<unknown> {
  const done = work();
  leaving = Promise.allSettled([leaving, done]);
  return done;
}

const pause = (ms: number) => new Promise<void>((resolve) => { window.setTimeout(resolve, ms); });
const seen = () => new Promise<void>((resolve) => {
  if (document.visibilityState === "visible") { resolve(); return; }
  const look = () => {
    if (document.visibilityState !== "visible") return;
    document.removeEventListener("visibilitychange", look);
    resolve();
  };
  document.addEventListener("visibilitychange", look);
});

/** Follows the server for as long as the page lives; a tab that nobody looks at asks nothing. Call once. */
export async function followChanges(): Promise<never> {
  let known: Changes | null = null;
  for (;;) {
    await seen();
    const before: Changes | null = known;
    try {
      const now: Changes = await get("/ajax-api/2.0/quern/events",
        { epoch: before?.epoch, since: before?.version ?? 0, timeout: before ? WAIT_S : 0 });
      if (before) {
        const kinds = (Object.keys(now.changed) as Kind[]).filter((kind) => now.epoch !== before.epoch || now.changed[kind] > before.version);
        await leaving;
        if (kinds.length > 0) ask(kinds);
      }
      known = now;
      await pause(now.waited ? TOGETHER_MS : CROWDED_MS);
    } catch {
      await pause(AWAY_MS);
    }
  }
}
