// Numbers in the form that people read: few digits, words beside shares, and a word for what is not there.
import type { Interval, Maybe } from "./document";

const MINUS = "\u2212";
/** What stands in the place of a number that does not exist. */
export const NONE = "–";

export function known(x: unknown): x is number {
  return typeof x === "number" && Number.isFinite(x);
}

function grouped(text: string): string {
  const [whole = "", rest] = text.split(".");
  const spaced = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, "\u2009") : whole;
  return rest === undefined ? spaced : `${spaced}.${rest}`;
}

/** About `digits` significant digits, never in exponent form between 1e-4 and 1e15. */
export function num(x: Maybe<number>, digits = 3): string {
  if (!known(x)) return NONE;
  if (x === 0) return "0";
  const size = Math.abs(x);
  const sign = x < 0 ? MINUS : "";
  if (size < 1e-4 || size >= 1e15) {
    const [mantissa, exponent] = size.toExponential(1).split("e");
    return `${sign}${mantissa}\u00a0×\u00a010${superscript(Number(exponent))}`;
  }
  if (Number.isInteger(x)) return sign + grouped(String(size));
  const places = Math.max(0, Math.min(6, digits - 1 - Math.floor(Math.log10(size))));
  const text = size.toFixed(places);
  return sign + grouped(text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text);
}

/** A fixed number of decimal places, for columns that are read downwards. */
export function fixed(x: Maybe<number>, places = 3): string {
  if (!known(x)) return NONE;
  const text = Math.abs(x).toFixed(places);
  return (x < 0 && Number(text) !== 0 ? MINUS : "") + grouped(text);
}

/** A metric's value: three places for values of unit size, fewer for large ones. */
export function metric(x: Maybe<number>): string {
  if (!known(x)) return NONE;
  const size = Math.abs(x);
  return fixed(x, size >= 100 ? 0 : size >= 10 ? 1 : 3);
}

/** A difference of metrics, with as many places as the metric itself would have. */
export function signed(x: Maybe<number>): string {
  return known(x) && x > 0 ? `+${metric(x)}` : metric(x);
}

export function count(x: Maybe<number>): string {
  return known(x) ? grouped(String(Math.round(x))) : NONE;
}

export function percent(x: Maybe<number>): string {
  if (!known(x)) return NONE;
  const p = x * 100;
  if (p !== 0 && Math.abs(p) < 0.1) return "<\u00a00.1\u00a0%";
  if (p < 100 && p > 99.9) return ">\u00a099.9\u00a0%";
  const fine = p !== Math.round(p) && (Math.abs(p) < 10 || (p > 99 && p < 100));
  return `${fine ? p.toFixed(1) : p.toFixed(0)}\u00a0%`;
}

/** "none", "1 in 7", "about half", "9 in 10", "all". */
export function inWords(share: Maybe<number>): string {
  if (!known(share)) return "unknown";
  if (share <= 0) return "none";
  if (share >= 1) return "all";
  if (share < 0.4) return `1 in ${count(1 / share)}`;
  if (share < 0.48) return "2 in 5";
  if (share < 0.53) return "about half";
  if (share < 0.945) return share < 0.64 ? "3 in 5" : share < 0.71 ? "2 in 3" : `${Math.round(share * 10)} in 10`;
  return share < 0.985 ? "nearly all" : "almost all";
}

export function range(i: Maybe<Interval>, show: (x: Maybe<number>) => string = metric): string {
  if (!i || !known(i.low) || !known(i.high)) return "";
  return `${show(i.low)} to ${show(i.high)}`;
}

export function pValue(p: Maybe<number>): string {
  if (!known(p)) return NONE;
  if (p < 0.001) return "< 0.001";
  return p < 0.1 ? p.toFixed(3) : p.toFixed(2);
}

export function seconds(s: Maybe<number>): string {
  if (!known(s)) return NONE;
  if (s < 0.001) return "< 1 ms";
  if (s < 1) return `${Math.round(s * 1000)} ms`;
  if (s < 60) return `${s.toFixed(1)} s`;
  return `${Math.floor(s / 60)} min ${String(Math.round(s % 60)).padStart(2, "0")} s`;
}

export function bytes(n: Maybe<number>): string {
  if (!known(n)) return NONE;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  let size = n;
  while (size >= 1000 && at < units.length - 1) { size /= 1000; at += 1; }
  return `${num(size, 2)} ${units[at]}`;
}

export function when(iso: Maybe<string>): string {
  if (!iso) return NONE;
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

export function plural(n: Maybe<number>, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** "a, b and c". */
export function list(items: readonly string[], conjunction = "and"): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} ${conjunction} ${items[items.length - 1]}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Any value of a document (a parameter, a key, an example) as short text. */
export function plain(value: unknown): string {
  if (value === null || value === undefined) return "missing";
  if (typeof value === "number") return num(value);
  if (typeof value === "object") {
    // The first few fields of a row are enough to find it.
    const fields = Object.entries(value).map(([k, v]) => `${k} ${plain(v)}`);
    return fields.length > 5 ? `${fields.slice(0, 4).join(", ")}, …` : fields.join(", ");
  }
  return String(value);
}

function superscript(n: number): string {
  const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  return (n < 0 ? "⁻" : "") + String(Math.abs(n)).replace(/\d/g, (d) => digits.charAt(Number(d)));
}
