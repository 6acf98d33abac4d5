// Versions side by side, made of the server's comparisons of the first with each other one.
import type { Interval } from "../../parts/document";
import { bytes, known, metric, plain, range } from "../../parts/format";
import type { SavedCell, SavedTable } from "../../parts/save";
import { lowerIsBetter, metricName } from "../../parts/words";
import type { Compared, ComparedRow } from "../api/native";

/** A line of the table: what each version has there. Of two versions the change too. */
export interface Line { section: string; name: string; values: unknown[]; rows: ComparedRow["rows"][]; change: number | null }
/** A trial of a version against the champion that it replaced, both on the same rows. */
export interface Trial { metric: string; a: number; b: number; row: ComparedRow }

export const SECTIONS: Record<string, string> = {
  version: "Version", metrics: "Metrics", slices: "Metrics of groups", gates: "Gates", parameters: "Parameters", schema: "Inputs and answers",
  features: "Features", data: "Data", package: "Package", service: "In service",
};

export function linesOf(pairs: readonly Compared[], all: boolean): Line[] {
  const lines = new Map<string, Line>();
  pairs.forEach((pair, at) => {
    for (const row of pair.rows) {
      if (row.section === "contest") continue;
      const key = `${row.section} ${row.name}`;
      let line = lines.get(key);
      if (!line) {
        line = { section: row.section, name: row.name, values: [row.a, ...pairs.map(() => null)], rows: [], change: pairs.length === 1 ? row.change : null };
        lines.set(key, line);
      }
      line.values[at + 1] = row.b;
      line.rows[at] = row.rows;
    }
  });
  // In the order of sections; names within one come as the server has them.
  const order = Object.keys(SECTIONS);
  const sorted = [...lines.values()].sort((x, y) => order.indexOf(x.section) - order.indexOf(y.section));
  return all ? sorted : sorted.filter((line) => new Set(line.values.map((value) => JSON.stringify(value ?? null))).size > 1);
}

export function trialsOf(pairs: readonly Compared[]): Trial[] {
  return pairs.flatMap((pair) => pair.rows.filter((row) => row.section === "contest").map((row) => ({ metric: row.name, a: pair.a.version, b: pair.b.version, row })));
}

/** On which rows the versions were measured: a sentence, and whether they can be compared. Null where nothing is measured. */
export function measuredOn(pairs: readonly Compared[], lines: readonly Line[], section: string): { text: string; same: boolean | null } | null {
  const measured = lines.filter((line) => line.section === section && line.rows.some(Boolean));
  if (measured.length === 0) return null;
  const versions = [pairs[0]?.a.version ?? 0, ...pairs.map((pair) => pair.b.version)];
  const texts = new Map<number, Set<string>>();
  const sames = new Set<boolean | null>();
  for (const line of measured) {
    line.rows.forEach((rows, at) => {
      if (!rows) return;
      sames.add(rows.same);
      const note = (version: number | undefined, text: string | null) => {
        if (version === undefined) return;
        texts.set(version, (texts.get(version) ?? new Set()).add(text ?? "rows that are not known"));
      };
      note(versions[0], rows.a);
      note(versions[at + 1], rows.b);
    });
  }
  const each = versions.map((version) => `version ${version} on ${[...(texts.get(version) ?? [])].join(", ")}`).join("; ");
  if (sames.has(false)) return { text: `Measured on other rows each: ${each}. A difference may be that of the rows and is not shown as a change.`, same: false };
  if (sames.has(null)) return { text: "It is not known whether all were measured on the same rows.", same: null };
  return { text: `Measured on the same rows: ${[...(texts.get(versions[0] ?? 0) ?? [])].join(", ")}.`, same: true };
}

/** "recall where sex = 0": the metric in words. */
export function lineName(line: Line): string {
  if (line.section === "metrics") return metricName(line.name);
  if (line.section === "slices") {
    const [name = "", ...where] = line.name.split(" where ");
    return `${metricName(name)} where ${where.join(" where ")}`;
  }
  if (line.section === "service" && line.name.endsWith("_ms")) return `${line.name.slice(0, -3)} latency`;
  return line.name;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
export const isInterval = (value: unknown): value is Interval => isObject(value) && "value" in value;
export const isVerdict = (value: unknown): value is { status: string; observed: number | null } => isObject(value) && "status" in value;

export function valueText(line: Line, value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (isInterval(value)) return `${metric(value.value)} ${range(value)}`.trim();
  if (isVerdict(value)) return `${value.status}${known(value.observed) ? `, ${metric(value.observed)}` : ""}`;
  if (line.section === "package" && line.name === "bytes") return bytes(Number(value));
  if (line.section === "features" && value === true) return "used";
  if (line.section === "service" && line.name.endsWith("_ms") && typeof value === "number") return `${metric(value)} ms`;
  if (Array.isArray(value)) return value.length === 0 ? "–" : value.map(plain).join(", ");
  return typeof value === "number" ? metric(value) : plain(value);
}

/** All lines, with values as they are kept. */
export function savedLines(lines: readonly Line[], versions: readonly number[]): SavedTable {
  const cells = (value: unknown): SavedCell[] => {
    if (isInterval(value)) return [value.value, value.low, value.high];
    if (isVerdict(value)) return [`${value.status}${known(value.observed) ? ` ${value.observed}` : ""}`, null, null];
    return [typeof value === "number" || typeof value === "string" ? value : value === null || value === undefined ? null : JSON.stringify(value), null, null];
  };
  return {
    head: ["section", "name", ...versions.flatMap((version) => [`version ${version}`, `version ${version} low`, `version ${version} high`]), "change"],
    rows: lines.map((line) => [line.section, line.name, ...versions.flatMap((_, at) => cells(line.values[at])), line.change]),
  };
}

/** Whether a change is to the better; null where nobody can say. */
export function better(line: Line): boolean | null {
  if ((line.section !== "metrics" && line.section !== "slices") || !known(line.change) || line.change === 0) return null;
  return (line.change > 0) !== lowerIsBetter(line.name.split(" where ")[0]);
}
