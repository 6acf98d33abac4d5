import { BarChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, MarkPointComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { EChartsCoreOption } from "echarts/core";
import { useEffect, useRef } from "react";
import { Downloads } from "./Downloads";
import type { SavedTable } from "./save";

echarts.use([BarChart, LineChart, ScatterChart, GridComponent, MarkLineComponent, MarkPointComponent, TooltipComponent,
  SVGRenderer]);

/** An ECharts picture. Colours are CSS variables, so that theme and print need no redrawing; `label` says in
 *  one sentence what the picture shows; `onMade` gets the picture, for what is done to it. `save` offers it as a file, where nothing around it does. */
export function Chart({ option, height = 260, label, onMade, save }: {
  option: EChartsCoreOption; height?: number; label: string; onMade?: (chart: echarts.ECharts) => void;
  save?: { title: string; data: () => SavedTable };
}) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<echarts.ECharts | null>(null);

  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    const made = echarts.init(element, null, { renderer: "svg", height });
    chart.current = made;
    onMade?.(made);
    const observer = new ResizeObserver(() => {
      // The first news is the size that it was made with: it would be drawn twice.
      const width = element.clientWidth;
      if (width !== made.getWidth() && !window.matchMedia("print").matches) made.resize({ width, height });
    });
    observer.observe(element);
    return () => { observer.disconnect(); made.dispose(); chart.current = null; };
  }, [height, onMade]);

  useEffect(() => {
    const made = chart.current;
    if (!made) return;
    made.setOption({ animation: false, textStyle: { fontFamily: "inherit" }, ...option }, { notMerge: true });
    made.getZr().flush();
    // Paper is narrower than the screen: with a view box the picture scales instead of being cut.
    const svg = host.current?.querySelector("svg");
    svg?.setAttribute("viewBox", `0 0 ${made.getWidth()} ${made.getHeight()}`);
  }, [option, height]);

  const drawing = <div ref={host} className="chart" style={{ height }} role="img" aria-label={label} />;
  if (!save) return drawing;
  return <div className="chart-frame">{drawing}<span className="chart-save"><Downloads title={save.title} host={host} data={save.data} /></span></div>;
}
