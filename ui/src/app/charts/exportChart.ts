import { csvField } from "../csvField";
import { download } from "../experiments/exportCsv";
import type { Series } from "./series";

const fileName = (title: string) => title.replace(/[^\w.-]+/g, "_").slice(0, 80) || "chart";

/** The points that are drawn. */
export function downloadPoints(title: string, series: readonly Series[]) {
  const rows = series.flatMap((one) => one.points.map((point) =>
    [one.run, one.name, point.step, new Date(point.timestamp).toISOString(), Number.isNaN(point.y) ? "NaN" : point.y].map(csvField).join(",")));
  download(new Blob([`run_id,run_name,step,time,value\r\n${rows.join("\r\n")}\r\n`], { type: "text/csv;charset=utf-8" }), `${fileName(title)}.csv`);
}

/** The picture with the colours that it has now. */
export function downloadPicture(title: string, host: HTMLElement | null) {
  const svg = host?.querySelector("svg");
  if (!svg) return;
  const style = getComputedStyle(document.documentElement);
  const value = (name: string) => style.getPropertyValue(name).trim();
  let text = new XMLSerializer().serializeToString(svg);
  for (let pass = 0; pass < 3; pass += 1) text = text.replace(/var\((--[\w-]+)\)/g, (_, name: string) => value(name) || "currentColor");
  const ground = `<rect width="100%" height="100%" fill="${value("--surface")}"/>`;
  text = text.replace(/(<svg[^>]*>)/, `$1${ground}`);
  download(new Blob([text], { type: "image/svg+xml" }), `${fileName(title)}.svg`);
}
