// The common look of ECharts pictures.
import { num } from "./format";

export const color = (name: string) => `var(--${name})`;

type Axis = Record<string, unknown>;

/** A value axis with a name that stands along it. */
export function valueAxis(name: string, more: Axis = {}): Axis {
  return {
    type: "value", name, nameLocation: "middle", nameGap: 28,
    nameTextStyle: { color: color("ink-2"), fontSize: 12 },
    axisLine: { show: true, lineStyle: { color: color("line-strong") } },
    axisTick: { show: false },
    axisLabel: { color: color("ink-2"), fontSize: 11, hideOverlap: true, formatter: (v: number) => num(v) },
    splitLine: { lineStyle: { color: color("line") } },
    ...more,
  };
}

export function unitAxis(name: string, more: Axis = {}): Axis {
  return valueAxis(name, { min: 0, max: 1, interval: 0.25, ...more });
}

export function categoryAxis(data: readonly string[], more: Axis = {}): Axis {
  return {
    type: "category", data, axisLine: { lineStyle: { color: color("line-strong") } }, axisTick: { show: false },
    axisLabel: { color: color("ink"), fontSize: 12 }, ...more,
  };
}

export const plane = { left: 46, right: 14, top: 14, bottom: 44 };

export function tooltip(more: Record<string, unknown> = {}) {
  return { className: "chart-tooltip", confine: true, borderWidth: 0, padding: 0, backgroundColor: "none",
    extraCssText: "box-shadow:none", ...more };
}

/** The lines of a tooltip; text comes from documents, so it is escaped. */
export function tip(...lines: string[]): string {
  const safe = lines.map((line) => line.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;"));
  return `<b>${safe[0] ?? ""}</b>${safe.slice(1).map((line) => `<br>${line}`).join("")}`;
}

/** The x = y line of ROC and calibration. */
export function diagonal(name: string) {
  return {
    type: "line", data: [[0, 0], [1, 1]], symbol: "none", silent: true, name, tooltip: { show: false },
    lineStyle: { color: color("line-strong"), width: 1, type: "dashed" },
  };
}

