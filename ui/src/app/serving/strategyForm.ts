// What of a strategy the form asks for; the server reads and checks all of it.

export const STRATEGIES = [
  ["canary", "Canary: rising shares, promoted by proof"],
  ["shadow", "Shadow: sees requests, nobody sees its answers"],
  ["blue_green", "Blue/green: testers first, then all at once"],
  ["ab", "A/B: a fixed share, until an order"],
  ["bandit", "Bandit: a share that follows rewards, until an order"],
  ["basic", "At once: loaded, tested, all of the requests"],
] as const;
export type StrategyName = (typeof STRATEGIES)[number][0];

export interface StrategyDraft { name: StrategyName; shares: string; more: string }

/** What the field of shares asks for; null where the strategy has none. */
export function sharesLabel(name: StrategyName): string | null {
  if (name === "canary") return "Shares, percent of the requests, one step after the other";
  if (name === "shadow") return "Share of the requests that it sees too, percent";
  if (name === "ab") return "Share of the candidate, percent";
  return name === "bandit" ? "Share that it begins with, percent" : null;
}

export const usualShares = (name: StrategyName): string => ({ canary: "5, 25, 50", shadow: "100", ab: "50", bandit: "50", blue_green: "", basic: "" })[name];

function percents(text: string): number[] {
  const shares = text.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  const wrong = shares.findIndex((share) => !(share > 0 && share <= 100));
  if (wrong >= 0) throw new Error(`"${text.split(",")[wrong]?.trim() ?? ""}" is no share: write percent from above 0 to 100, with commas between`);
  return shares;
}

function one(text: string): number {
  const [share, ...others] = percents(text);
  if (share === undefined || others.length > 0) throw new Error("This strategy takes one share");
  return share;
}

/** The strategy as the server takes it. Throws for what is no number, no JSON, or no settings; the rest is the server's to judge. */
export function strategyOf(draft: StrategyDraft, candidate: string): Record<string, unknown> {
  const made: Record<string, unknown> = { strategy: draft.name };
  if (draft.name === "canary") made.steps = percents(draft.shares);
  if (draft.name === "shadow") made.shadow = { share: one(draft.shares) };
  if (draft.name === "ab" || draft.name === "bandit") made.versions = [{ version: candidate, weight: one(draft.shares) }];
  if (draft.more.trim() === "") return made;
  let more: unknown;
  try {
    more = JSON.parse(draft.more);
  } catch (error) {
    throw new Error(`Further settings are no JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (typeof more !== "object" || more === null || Array.isArray(more)) throw new Error('Further settings are an object, as {"bake": {"for": "30m"}}');
  return { ...made, ...more };
}

/** Whether versions stand in the strategy, and not as its candidate. */
export const namesVersions = (name: StrategyName) => name === "ab" || name === "bandit";
