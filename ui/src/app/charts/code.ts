// The charts are large, so they are loaded apart; who will show them says so as soon as that is known.
export const runCharts = () => import("./RunCharts");
export const metricCharts = () => import("./MetricCharts");
export const loadRunCharts = () => { void runCharts(); };
export const loadMetricCharts = () => { void metricCharts(); };
