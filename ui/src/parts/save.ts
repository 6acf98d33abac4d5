// What a page shows, as files: tables and charts as CSV, pictures as SVG.
import { csvField } from "./csvField";
import { NONE } from "./format";

export type SavedCell = string | number | null | undefined;
export interface SavedTable { head: readonly string[]; rows: readonly (readonly SavedCell[])[] }

export function download(content: Blob, name: string) {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken hold of it by then.
  window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** "Versions_of_heart": what every file system takes. */
export const fileName = (title: string, otherwise = "table") => title.replace(/[^\w.-]+/g, "_").slice(0, 80) || otherwise;

export function saveTable(title: string, { head, rows }: SavedTable) {
  const lines = [head, ...rows].map((row) => row.map((cell) => csvField(cell ?? "")).join(","));
  download(new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv;charset=utf-8" }), `${fileName(title)}.csv`);
}

/** Moments as every program reads them. */
export const instant = (ms: number | null | undefined) => (ms === null || ms === undefined || Number.isNaN(new Date(ms).getTime()) ? null : new Date(ms).toISOString());

/** A table as it stands on the page: what a cell is made of, where it says so (`data-value`), else its words. Moments are in UTC. */
export function tableOf(table: HTMLTableElement): SavedTable {
  const [head = [], ...rows] = [...table.rows].map((row) => [...row.cells].flatMap((cell) => [cellOf(cell), ...Array.from<string>({ length: cell.colSpan - 1 }).fill("")]));
  return { head, rows };
}

const APART = "small, p, li, div, dt, dd, br, button, svg, time";

function cellOf(cell: HTMLTableCellElement): string {
  const said = cell.dataset.value;
  if (said !== undefined) return said;
  const text = wordsOf(cell).replace(/\s+/g, " ").trim();
  return text === NONE ? "" : text;
}

function wordsOf(node: Node): string {
  // Thin spaces between thousands and the minus of print are for the eye.
  if (node instanceof Text) return node.data.replace(/(?<=\d)\u2009(?=\d)/g, "").replaceAll("\u2212", "-").replaceAll("\u00a0", " ");
  if (!(node instanceof Element) || node.matches("[aria-hidden=true], input, select")) return "";
  if (node instanceof HTMLTimeElement) return ` ${node.dateTime} `;
  if (node instanceof SVGElement) return ` ${node.getAttribute("aria-label") ?? ""} `;
  const inside = [...node.childNodes].map(wordsOf).join("");
  return node.matches(APART) ? ` ${inside} ` : inside;
}

/** What a style sheet says of a drawing, which a file cannot refer to. */
const STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-weight", "font-family", "text-anchor"];

/** A drawing with the colours that it has now. */
export function savePicture(title: string, svg: SVGSVGElement | null | undefined) {
  if (!svg) return;
  const size = svg.getBoundingClientRect();
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const made = copy.querySelectorAll<SVGElement>("*");
  svg.querySelectorAll<SVGElement>("*").forEach((element, at) => {
    const style = getComputedStyle(element);
    for (const name of STYLES) {
      made[at]?.removeAttribute(name);
      made[at]?.style.setProperty(name, style.getPropertyValue(name));
    }
  });
  copy.setAttribute("width", String(Math.round(size.width)));
  copy.setAttribute("height", String(Math.round(size.height)));
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  ground.setAttribute("width", "100%");
  ground.setAttribute("height", "100%");
  ground.setAttribute("fill", getComputedStyle(document.documentElement).getPropertyValue("--surface").trim());
  copy.prepend(ground);
  const text = new XMLSerializer().serializeToString(copy);
  download(new Blob([text], { type: "image/svg+xml" }), `${fileName(title, "chart")}.svg`);
}
