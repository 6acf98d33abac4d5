import { useState } from "react";
import type { Intervals, Maybe, Slice } from "./document";
import { metric, plain, plural } from "./format";
import { areShares, IntervalList } from "./IntervalList";
import { metricMeaning, metricName } from "./words";

/** One metric by group of rows, beside the value over all rows; the metric can be chosen. */
export function Slices({ slices, overall, first }: { slices: readonly Slice[]; overall: Intervals; first?: Maybe<string> }) {
  const keys = [...new Set(slices.flatMap((s) => Object.keys(s.metrics ?? {})))];
  const [key, setKey] = useState(first && keys.includes(first) ? first : keys[0] ?? "");
  const groups = [...new Set(slices.map((s) => s.by))];
  const unit = keys.length > 0 && areShares(slices.map((s) => s.metrics?.[key]));
  return (
    <div className="slices">
      {keys.length > 1 && (
        <div className="choices" role="group" aria-label="Metric shown by group">
          {keys.map((k) => <button key={k} type="button" aria-pressed={k === key} onClick={() => setKey(k)}>{metricName(k)}</button>)}
        </div>
      )}
      <p className="caption">
        {metricName(key)}{metricMeaning(key) ? `: ${metricMeaning(key)}` : ""}. The upright line is the value over all rows, {metric(overall[key]?.value)}.
      </p>
      {groups.map((by) => (
        <div key={by} className="slice-group">
          <h4>By {by}</h4>
          <IntervalList save={`${metricName(key)} by ${by}`} domain={unit ? [0, 1] : undefined} items={slices.filter((s) => s.by === by).map((s) => ({
            label: plain(s.value), note: plural(s.count, "row"), interval: s.metrics?.[key], limit: overall[key]?.value,
          }))} />
        </div>
      ))}
    </div>
  );
}
