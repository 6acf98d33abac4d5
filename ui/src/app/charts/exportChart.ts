import { csvField } from "../csvField";
import { download } from "../experiments/exportCsv";
import type { Series } from "./series";

const fileName = (title: string) => title.replace(/[^\w.-]+/g, "_").slice(0, 80) || "chart";

type Cell = string | number;

/** Anything that is drawn, as a table. */
export function downloadRows(title: string, head: readonly string[], rows: readonly (readonly Cell[])[]) {
  const lines = [head, ...rows].map((row) => row.map(csvField).join(","));
  download(new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv;charset=utf-8" }), `${fileName(title)}.csv`);
}

/** The points that are drawn. */
export function downloadPoints(title: string, series: readonly Series[]) {
  downloadRows(title, ["run_id", "run_name", "step", "time", "value"], series.flatMap((one) => one.points.map((point) =>
    [one.run, one.name, point.step, new Date(point.timestamp).toISOString(), Number.isNaN(point.y) ? "NaN" : point.y])));
}

/** The picture with the colours that it has now. */
export function downloadPicture(title: string, host: HTMLElement | null) {
  const svg = host?.querySelector(".chart svg");
  if (!svg) return;
  const style = getComputedStyle(document.documentElement);
  const value = (name: string) => style.getPropertyValue(name).trim();
  let text = new XMLSerializer().serializeToString(svg);
  for (let pass = 0; pass < 3; pass += 1) text = text.replace(/var\((--[\w-]+)\)/g, (_, name: string) => value(name) || "currentColor");
  const ground = `<rect width="100%" height="100%" fill="${value("--surface")}"/>`;
  text = text.replace(/(<svg[^>]*>)/, `$1${ground}`);
  download(new Blob([text], { type: "image/svg+xml" }), `${fileName(title)}.svg`);
}
