// The charts are large, so they are loaded apart; a page that will show them says so as soon as it knows.
import { lazy } from "react";

const runCharts = () => import("./RunCharts");
const metricCharts = () => import("./MetricCharts");

export const RunCharts = lazy(runCharts);
export const MetricCharts = lazy(metricCharts);
export const loadRunCharts = () => { void runCharts(); };
export const loadMetricCharts = () => { void metricCharts(); };
