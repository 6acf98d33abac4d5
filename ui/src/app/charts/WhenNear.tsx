import { useRef, type ReactNode } from "react";
import { useNear } from "./useNear";

/** A part of a page that is made when it comes near; until then its place is kept, so that nothing jumps. */
export function WhenNear({ label, height, children }: { label: string; height: number; children: () => ReactNode }) {
  const host = useRef<HTMLElement>(null);
  const near = useNear(host);
  if (near) return children();
  return <section className="panel" aria-label={label} ref={host}><div className="chart-wait" style={{ height }} /></section>;
}
