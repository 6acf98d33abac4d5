// What may stand at the caret of a filter: docs/search.md is the grammar.
import { ATTRIBUTES, searchName, type Keys } from "./columns";

export interface Word { text: string; note: string }
export interface Completion { from: number; to: number; words: Word[] }

const NUMBER_OPERATORS = ["=", "!=", "<", "<=", ">", ">=", "IS NULL", "IS NOT NULL"];
const TEXT_OPERATORS = ["=", "!=", "LIKE", "ILIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL"];
const NUMBERS = new Set(["start_time", "end_time", "duration"]);
const ENTITY = /^(metrics?|params?|parameters?|tags?|attributes?|attr|run|datasets?)\./;
const TOKEN = /\s+|'(?:[^']|'')*'?|(?:[A-Za-z_][\w]*\.)?(?:`[^`]*`?|"[^"]*"?)|[\w.\-+]+|<=|>=|!=|[=<>(),]/gy;

interface Token { text: string; from: number; to: number }

function tokens(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    if (match[0].trim()) found.push({ text: match[0], from: match.index, to: match.index + match[0].length });
    if (match[0].length === 0) break;
  }
  return found;
}

const isJoint = (word: string | undefined) => word === undefined || /^(and|or|not|\()$/i.test(word);
const isOperator = (word: string | undefined) => word !== undefined && /^(=|!=|<|<=|>|>=|like|ilike)$/i.test(word);

/** The words that fit at `caret`, those first that begin with what is typed. */
export function complete(text: string, caret: number, keys: Keys): Completion {
  const before = tokens(text.slice(0, caret));
  const last = before.at(-1);
  // A word that the caret still touches is being typed.
  const typed = last && last.to === caret && !/^[(),=<>!]+$/.test(last.text) ? last : undefined;
  const done = typed ? before.slice(0, -1) : before;
  const previous = done.at(-1)?.text;
  const from = typed?.from ?? caret;
  const part = (typed?.text ?? "").toLowerCase().replaceAll("`", "").replaceAll("'", "");
  const fit = (words: Word[]) => {
    const plain = (word: Word) => word.text.toLowerCase().replaceAll("`", "").replaceAll("'", "");
    const starts = words.filter((word) => plain(word).startsWith(part));
    const within = words.filter((word) => !plain(word).startsWith(part) && plain(word).includes(part));
    return { from, to: caret, words: [...starts, ...within].slice(0, 30) };
  };
  if (isJoint(previous)) return fit(operands(keys));
  const opening = listOperand(done);
  if (opening) return fit(valuesOf(opening, keys));
  if (isOperator(previous)) return fit(valuesOf(done.at(-2)?.text ?? "", keys));
  if (isOperand(done)) {
    const number = /^metrics?\./.test(previous ?? "") || NUMBERS.has((previous ?? "").replace(ENTITY, ""));
    return fit((number ? NUMBER_OPERATORS : TEXT_OPERATORS).map((operator) => ({ text: operator, note: "" })));
  }
  return fit([{ text: "AND", note: "both hold" }, { text: "OR", note: "one of them holds" }]);
}

function operands(keys: Keys): Word[] {
  return [
    ...keys.metrics.map((key) => ({ text: searchName(`metrics.${key}`), note: "metric" })),
    ...keys.params.map((key) => ({ text: searchName(`params.${key}`), note: "parameter" })),
    ...Object.keys(ATTRIBUTES).concat("run_name").map((key) => ({ text: key, note: "attribute" })),
    ...["dataset.name", "dataset.digest", "dataset.context"].map((text) => ({ text, note: "dataset" })),
    ...keys.tags.map((key) => ({ text: searchName(`tags.${key}`), note: "tag" })),
    { text: "NOT", note: "does not hold" },
  ];
}

function isOperand(done: readonly Token[]): boolean {
  const word = done.at(-1)?.text ?? "";
  return isJoint(done.at(-2)?.text) && (ENTITY.test(word) || word in ATTRIBUTES || word === "run_name");
}

/** Of "params.x IN ('a', " the operand. */
function listOperand(done: readonly Token[]): string | null {
  for (let at = done.length - 1; at > 0; at -= 1) {
    const word = done[at]?.text ?? "";
    if (word === "(") {
      if (!/^in$/i.test(done[at - 1]?.text ?? "")) return null;
      return (/^not$/i.test(done[at - 2]?.text ?? "") ? done[at - 3] : done[at - 2])?.text ?? null;
    }
    if (word !== "," && !word.startsWith("'")) return null;
  }
  return null;
}

function valuesOf(operand: string, keys: Keys): Word[] {
  if (operand.replace(ENTITY, "") === "status") return ["FINISHED", "FAILED", "RUNNING", "KILLED", "SCHEDULED"].map((text) => ({ text: `'${text}'`, note: "" }));
  const column = operand.replace(/^param(eter)?s?\./, "params.").replace(/^tags?\./, "tags.").replace(/[`"]/g, "");
  return (keys.values.get(column) ?? []).map((value) => ({ text: `'${value.replaceAll("'", "''")}'`, note: "" }));
}
