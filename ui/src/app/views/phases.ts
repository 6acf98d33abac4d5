// The phases of the life cycle as the pages show them: where each is, and what its states are called.
import type { Tone } from "../../parts/Status";
import type { PhaseState } from "../api/native";

export const PHASE_PAGE: Readonly<Record<string, string>> = {
  design: "/requirements", data: "/data", training: "/experiments", models: "/models", serving: "/serving", monitoring: "/monitoring",
  retraining: "/monitoring",
};

export const STATE: Readonly<Record<PhaseState, { word: string; tone: Tone; means: string }>> = {
  fresh: { word: "up to date", tone: "good", means: "nothing that it depends on has changed" },
  attention: { word: "look at it", tone: "new", means: "up to date, and it found something" },
  stale: { word: "out of date", tone: "new", means: "something that it depends on has changed" },
  failed: { word: "failed", tone: "bad", means: "a check, a gate or the work itself failed" },
  blocked: { word: "waits", tone: "open", means: "something before it failed" },
  running: { word: "running", tone: "known", means: "it is at work now" },
  absent: { word: "not run yet", tone: "open", means: "no run has come to it" },
};
