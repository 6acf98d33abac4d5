// A request to a model, made of the fields of a form, and what an answer says: without the page, so that it can be read by itself.
import type { FormColumn, TryForm } from "../api/serving";

export type Values = Readonly<Record<string, string>>;

/** What a field shows for a value of the package's example; an unknown one is an empty field. */
export function fieldText(value: unknown): string {
  return value === null || value === undefined ? "" : typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value as number);
}

export const exampleValues = (columns: readonly FormColumn[]): Values => Object.fromEntries(columns.map((c) => [c.name, fieldText(c.example)]));

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const WHOLE = /^[+-]?\d+$/;
const LONG_TEXT = 10_000;

export const numeric = (column: FormColumn) => column.datatype.startsWith("FP") || column.datatype === "BF16" || column.datatype.includes("INT");

/** What is wrong with a field, in words; "" if nothing is. An empty field is a value that is not known. */
export function problemOf(column: FormColumn, text: string): string {
  const given = text.trim();
  if (given === "") return "";
  if (column.datatype === "BYTES") return text.length > LONG_TEXT ? `${text.length} characters; at most ${LONG_TEXT} are sent from here` : "";
  if (column.datatype === "BOOL") return /^(true|false)$/.test(given) ? "" : `"${given}" is neither true nor false`;
  if (/^[+-]?(nan|inf(inity)?)$/i.test(given)) return `${given} is no value: leave the field empty if it is not known`;
  if (column.datatype.includes("INT")) return WHOLE.test(given) && given.length <= 20 ? "" : `"${short(given)}" is no whole number`;
  if (!NUMBER.test(given)) return `"${short(given)}" is no number`;
  return Number.isFinite(Number(given)) ? "" : `${short(given)} is too large`;
}

const short = (text: string) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** The value as JSON text: whole numbers keep all of their digits. */
function valueText(column: FormColumn, text: string): string {
  const given = text.trim();
  if (given === "") return "null";
  if (column.datatype === "BYTES") return JSON.stringify(text);
  if (column.datatype === "BOOL") return given;
  return column.datatype.includes("INT") ? BigInt(given.replace("+", "")).toString() : JSON.stringify(Number(given));
}

/** The request of the Open Inference Protocol for one row, a line a column. */
export function bodyOf(form: TryForm, values: Values, id: string): string {
  const inputs = form.columns.map((c) => `  {"name": ${JSON.stringify(c.name)}, "shape": [${c.shape.map(() => 1).join(", ")}], "datatype": "${c.datatype}", "data": [${valueText(c, values[c.name] ?? "")}]}`);
  return `{"id": ${JSON.stringify(id)}, "inputs": [\n${inputs.join(",\n")}\n]}`;
}

/** The frame of a request for a model that takes tensors: zeros, one row. */
export function tensorBody(form: TryForm, id: string): string {
  const inputs = form.inputs.map((input) => {
    const shape = input.shape.map((d) => (d < 0 ? 1 : d));
    const size = Math.min(1024, shape.reduce((a, b) => a * b, 1));
    const zero = input.datatype === "BYTES" ? '""' : input.datatype === "BOOL" ? "false" : "0";
    return `  {"name": ${JSON.stringify(input.name)}, "shape": [${shape.join(", ")}], "datatype": "${input.datatype}", "data": [${Array.from({ length: size }, () => zero).join(", ")}]}`;
  });
  return `{"id": ${JSON.stringify(id)}, "inputs": [\n${inputs.join(",\n")}\n]}`;
}

/** A name for a request, which the prediction log keeps it under. */
export const requestId = () => `page-${Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;

const shellText = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** The same call from a shell and from Python; they run as they stand. */
export function snippets(form: TryForm, body: string): { title: string; code: string }[] {
  const address = `${form.server.url}${form.path}/infer`;
  const token = form.server.needs_token;
  return [
    { title: "From a shell", code: `curl -sS ${shellText(address)} -H 'Content-Type: application/json'${token ? ' -H "Authorization: Bearer $TOKEN"' : ""} -d ${shellText(body)}` },
    { title: "From Python", code: [
      `import json${token ? ", os" : ""}, urllib.request`, "",
      `body = ${JSON.stringify(body)}`,
      `headers = {"Content-Type": "application/json"${token ? ', "Authorization": "Bearer " + os.environ["TOKEN"]' : ""}}`,
      `request = urllib.request.Request(${JSON.stringify(address)}, body.encode(), headers)`,
      "print(json.load(urllib.request.urlopen(request)))"].join("\n") },
  ];
}

export interface Output { name: string; datatype: string; shape: number[]; data: unknown[] }
export interface Answer { model_version: string; id: string; predictionIds: string[]; outputs: Output[] }

/** An answer of /infer; null for a text that is none. */
export function readAnswer(text: string): Answer | null {
  try {
    const read = JSON.parse(text) as { model_version?: string; id?: string; parameters?: { prediction_ids?: string[] }; outputs?: Output[] };
    if (!Array.isArray(read.outputs)) return null;
    return { model_version: read.model_version ?? "", id: read.id ?? "", predictionIds: read.parameters?.prediction_ids ?? [], outputs: read.outputs };
  } catch {
    return null;
  }
}

/** What a model server says in place of an answer: its own words. */
export function errorOf(text: string): string {
  try {
    const read = JSON.parse(text) as { error?: string; message?: string };
    return read.error ?? read.message ?? text;
  } catch {
    return text.slice(0, 2_000) || "nothing";
  }
}

export interface Reason { column: string; value: unknown; contribution: number }
export interface Explanation { class?: string; score: number; base_value: number; contributions: Reason[]; rest?: { columns: number; contribution: number } }
export function readExplanation(text: string): Explanation | null {
  try {
    return (JSON.parse(text) as { explanations?: Explanation[] }).explanations?.[0] ?? null;
  } catch {
    return null;
  }
}

/** The same request for reasons: the strongest few. */
export function withReasons(body: string, top: number): string {
  const request = JSON.parse(body) as { parameters?: Record<string, unknown> };
  return JSON.stringify({ ...request, parameters: { top } });
}
