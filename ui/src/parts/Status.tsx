import type { ReactNode } from "react";

/** good and bad are verdicts, open is "not decided", new points at later data, known at what is in charge. */
export type Tone = "good" | "bad" | "open" | "new" | "known";

const SIGN: Record<Tone, string> = { good: "✓", bad: "✕", open: "○", new: "△", known: "●" };
const TONES: Record<string, Tone> = {
  pass: "good", fail: "bad", pending: "open", supported: "good", refuted: "bad", undecided: "open", done: "good",
  cached: "known", failed: "bad", skipped: "open", planned: "open", running: "open", live: "good", starting: "open",
  testing: "open", retired: "open", finished: "good", fired: "new", not_fired: "known", no_labels: "open",
  promote: "new", keep: "known", accepted: "good", rejected: "open",
};

export function toneOf(state: string | null | undefined): Tone {
  return (state && TONES[state.toLowerCase()]) || "open";
}

/** A verdict as sign and word; the colour only repeats them. */
export function Status({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`status tone-${tone}`}>
      <span aria-hidden="true">{SIGN[tone]}</span> {children}
    </span>
  );
}
