/** How charts of metrics are drawn, as it stands in the address. */
export interface ChartSettings {
  /** Along what; steps if nothing is said. */
  x: "step" | "time" | "relative";
  log: "yes";
  /** Per cent of what was before in each smoothed value. */
  smooth: number;
  /** Part of a metric's name. */
  find: string;
  /** Steps between which all charts are drawn. */
  from: number;
  to: number;
}

/** Of several runs: axes of the parallel coordinates, and what is drawn over what or by what. */
export interface ManyChartsSettings extends ChartSettings {
  axes: string[];
  scatterX: string;
  scatterY: string;
  contourX: string;
  contourY: string;
  contourOf: string;
  boxBy: string;
  boxOf: string;
}
