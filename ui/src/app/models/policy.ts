// What an alias asks for, as people write it.
import type { Policy } from "../api/native";

export type Reviewer = "none" | "other" | "any";

export const linesOf = (text: string) => text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
export const checksOf = (text: string) => [...new Set(linesOf(text))];

/** Keys stand one after another; what is none is left for the server to refuse. */
export function signersOf(text: string): string[] {
  return text.split(/(?<=-----END [A-Z ]+-----)/).map((one) => one.trim()).filter((one) => one !== "").map((one) => `${one}\n`);
}

const plain = (text: string) => (/^[A-Za-z][\w.-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : JSON.stringify(text));

/** The same for quern.yaml; null if it asks for nothing, which a project file does by leaving it out. */
export function yamlOf(alias: string, asks: { metrics: boolean; reviewer: Reviewer; checks: readonly string[]; signed: boolean }): string | null {
  const lines = [
    ...(asks.metrics ? ["key_metrics: true"] : []),
    ...(asks.reviewer === "none" ? [] : [`reviewer: ${asks.reviewer}`]),
    ...(asks.checks.length > 0 ? [`checks: [${asks.checks.map(plain).join(", ")}]`] : []),
    ...(asks.signed ? ["signed: true"] : []),
  ];
  if (lines.length === 0 || alias === "") return null;
  return ["registry:", `  ${plain(alias)}:`, ...lines.map((line) => `    ${line}`)].join("\n");
}

/** In one line. */
export function inWords(policy: Policy | null): string {
  if (!policy) return "nothing: it moves freely";
  return [
    ...(policy.key_metrics ?? []),
    ...(policy.reviewer === "other" ? ["a reviewer other than the author"] : policy.reviewer === "any" ? ["a reviewer"] : []),
    ...(policy.checks ?? []).map((check) => `check ${check}`),
    ...(policy.signers?.length ? ["a signature that is trusted"] : []),
  ].join("; ");
}
