// Named views: what the runs page is set to, kept as tags of the experiment, so that a team shares them.
import type { Experiment } from "../api/mlflow";
import type { ManyChartsSettings } from "../charts/settings";

export interface RunsSettings extends ManyChartsSettings {
  /** The named view that the settings came from. */
  view: string;
  filter: string;
  /** "metrics.auc DESC". */
  order: string;
  columns: string[];
  group: string;
  state: "deleted";
  /** "no": children stand among the others; "yes": also under a filter they are folded. */
  nest: "yes" | "no";
  pins: string[];
  /** Runs that charts leave out. */
  hide: string[];
  mode: "charts";
}

const PREFIX = "quern.view.";
/** Pins are of runs, not of a view, and a view does not name another one. */
const KEPT = ["filter", "order", "columns", "group", "state", "nest", "mode", "find", "x", "log", "smooth", "axes", "scatterX", "scatterY", "boxBy", "boxOf"] as const;

export interface NamedView { name: string; settings: Partial<RunsSettings> }

/** A tag's key takes few characters, a view's name any: the key is a digest of the name (FNV-1a), which stands in the
 *  value. */
export function viewTag(name: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(name)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return `${PREFIX}${hash.toString(16).padStart(16, "0")}`;
}

export const viewValue = (view: NamedView) => JSON.stringify({ name: view.name, settings: kept(view.settings) });

export function kept(settings: Partial<RunsSettings>): Partial<RunsSettings> {
  return Object.fromEntries(KEPT.filter((key) => settings[key] !== undefined).map((key) => [key, settings[key]]));
}

/** All of a view's settings, those that it does not have being undefined: what stood there before goes away. */
export function whole(settings: Partial<RunsSettings>): Partial<RunsSettings> {
  return Object.fromEntries(KEPT.map((key) => [key, settings[key]]));
}

export function viewsOf(experiment: Experiment | undefined): NamedView[] {
  return (experiment?.tags ?? []).filter((tag) => tag.key.startsWith(PREFIX)).flatMap((tag) => {
    try {
      const view = JSON.parse(tag.value) as Partial<NamedView> | null;
      return typeof view?.name === "string" && typeof view.settings === "object" && view.settings !== null ? [{ name: view.name, settings: kept(view.settings) }] : [];
    } catch {
      return [];
    }
  }).sort((a, b) => a.name.localeCompare(b.name));
}

export function sameView(a: Partial<RunsSettings>, b: Partial<RunsSettings>): boolean {
  return JSON.stringify(whole(a)) === JSON.stringify(whole(b));
}
