// Moments in the reader's zone, with UTC at hand: in the tip of each, and for all of them by a switch.
import { useSyncExternalStore } from "react";
import { NONE } from "./format";

export type Zone = "local" | "utc";
let zone: Zone = "local";
const listeners = new Set<() => void>();

export function switchZone() {
  zone = zone === "local" ? "utc" : "local";
  for (const listener of listeners) listener();
}

export function useZone(): Zone {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => { listeners.delete(listener); };
  }, () => zone);
}

const two = (n: number) => String(n).padStart(2, "0");

/** "2026-11-28 17:05:09", of the reader's zone or UTC. */
export function momentText(ms: number, shown: Zone = zone): string {
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return NONE;
  if (shown === "utc") return at.toISOString().slice(0, 19).replace("T", " ");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** "just now", "5 min ago", "3 h ago", "12 d ago"; what is later is "in 5 min". */
export function agoText(ms: number, now = Date.now()): string {
  const s = Math.round((now - ms) / 1000);
  const size = Math.abs(s);
  if (size < 45) return "just now";
  const [n, unit] = size < 5400 ? [size / 60, "min"] : size < 129_600 ? [size / 3600, "h"] : [size / 86_400, "d"];
  return s > 0 ? `${Math.round(n)} ${unit} ago` : `in ${Math.round(n)} ${unit}`;
}

/** Milliseconds since 1970 as the reader wants to see them. */
export function Moment({ ms, ago = false }: { ms: number | null | undefined; ago?: boolean }) {
  const shown = useZone();
  if (ms === null || ms === undefined || Number.isNaN(new Date(ms).getTime())) return <>{NONE}</>;
  const utc = `${momentText(ms, "utc")} UTC`;
  return (
    <time dateTime={new Date(ms).toISOString()} title={shown === "utc" ? `${momentText(ms, "local")} here` : utc}>
      {ago ? agoText(ms) : momentText(ms, shown)}
      {shown === "utc" && !ago && " UTC"}
    </time>
  );
}
