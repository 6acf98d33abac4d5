// Charts, once their code is there.
import { later } from "../views/later";
import { metricCharts, runCharts } from "./code";

export const RunCharts = later(runCharts, "Loading charts");
export const MetricCharts = later(metricCharts, "Loading charts");
