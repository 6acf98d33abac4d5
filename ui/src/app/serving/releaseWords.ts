import type { Tone } from "../../parts/Status";

const PHASES: Readonly<Record<string, readonly [Tone, string]>> = {
  pending: ["open", "not begun"], warming: ["open", "warming up"], shadow: ["known", "in the shadow"], step: ["new", "takes a share"], baking: ["new", "takes all, watched"],
  promoted: ["good", "promoted"], rolled_back: ["bad", "rolled back"], paused: ["open", "paused"],
};
export const phaseTone = (phase: string): Tone => PHASES[phase]?.[0] ?? "open";
export const phaseWords = (phase: string): string => PHASES[phase]?.[1] ?? phase.replace(/_/g, " ");

const CALLS: Readonly<Record<string, readonly [Tone, string]>> = {
  continue: ["open", "not decided yet"], harm: ["bad", "harm is proven"], invalid: ["bad", "the split was not as declared"], safe: ["good", "no harm is proven"],
  undecided: ["open", "the time is up, undecided"],
};
export const callTone = (call: string): Tone => CALLS[call]?.[0] ?? "open";
export const callWords = (call: string): string => CALLS[call]?.[1] ?? call;

const METRICS: Readonly<Record<string, string>> = {
  errors: "Failed requests", invalid: "Refused requests", latency: "Slow answers", wrong: "Wrong answers",
};
export const watched = (name: string): string => METRICS[name] ?? name.replace(/_/g, " ");
