import type { Maybe, Shares } from "./document";
import { known, num, percent } from "./format";

/** A small histogram without axes, for a table cell. `label` is read to those who do not see it. */
export function Sparkline(props: { counts: readonly Maybe<number>[]; label: string; color?: string; rates?: boolean }) {
  const { counts, color = "known" } = props;
  const top = props.rates ? 1 : Math.max(1e-9, ...counts.filter(known));
  const width = 100 / Math.max(1, counts.length);
  return (
    <svg className="sparkline" viewBox="0 0 100 28" preserveAspectRatio="none" role="img" aria-label={props.label}>
      {counts.map((c, at) => {
        const height = known(c) ? (c / top) * 27 : 0;
        return <rect key={at} x={at * width + width * 0.07} width={width * 0.86} y={28 - height}
          height={known(c) && c > 0 ? Math.max(height, 0.8) : 0} fill={`var(--${color})`} />;
      })}
      <line x1="0" x2="100" y1="27.8" y2="27.8" stroke="var(--line-strong)" strokeWidth="0.5" />
    </svg>
  );
}

function ticks(edges: readonly number[]): [string, string] {
  return [num(edges[0], 2), num(edges[edges.length - 1], 2)];
}

/** Both distributions of a drift record over the same bins: reference as an area, current as an outline. */
export function PairedHistogram(props: { reference: Maybe<Shares>; current: Maybe<Shares>; label: string }) {
  const reference = props.reference?.shares ?? [];
  const current = props.current?.shares ?? [];
  const labels = props.reference?.labels ?? props.current?.labels;
  const bins = Math.max(reference.length, current.length, labels?.length ?? 0);
  const top = Math.max(1e-9, ...reference.filter(known), ...current.filter(known));
  if (bins === 0) return <p className="empty">No values to draw.</p>;
  if (labels) return <PairedBars labels={labels} reference={reference} current={current} top={top} label={props.label} />;
  const width = 200 / bins;
  const y = (share: number | undefined) => 70 - ((share ?? 0) / top) * 68;
  const outline = current.length === 0 ? "" : `M0,70 ${Array.from({ length: bins }, (_, at) =>
    `L${(at * width).toFixed(2)},${y(current[at]).toFixed(2)} L${((at + 1) * width).toFixed(2)},${y(current[at]).toFixed(2)}`)
    .join(" ")} L200,70`;
  const [from, to] = ticks(props.reference?.edges ?? props.current?.edges ?? [0, 1]);
  return (
    <figure className="paired" role="img" aria-label={props.label}>
      <svg viewBox="0 0 200 71" preserveAspectRatio="none" aria-hidden="true">
        {reference.map((share, at) => (
          <rect key={at} x={at * width} width={width} y={y(share)} height={70 - y(share)} fill="var(--known)" opacity="0.35" />
        ))}
        {outline && <path d={outline} fill="none" stroke="var(--new)" strokeWidth="2" vectorEffect="non-scaling-stroke" />}
        <line x1="0" x2="200" y1="70.5" y2="70.5" stroke="var(--line-strong)" vectorEffect="non-scaling-stroke" />
      </svg>
      <figcaption aria-hidden="true"><span>{from}</span><span>{to}</span></figcaption>
    </figure>
  );
}

function PairedBars(props: {
  labels: readonly string[]; reference: readonly number[]; current: readonly number[]; top: number; label: string;
}) {
  const shown = props.labels.slice(0, 8);
  const bar = (share: number | undefined, color: string) => (
    <i className={`bar-${color}`} style={{ height: `${((share ?? 0) / props.top) * 100}%` }} />
  );
  return (
    <figure className="paired" role="img" aria-label={`${props.label}: ${shown.map((label, at) =>
      `${label} ${percent(props.reference[at])} before, ${percent(props.current[at])} now`).join("; ")}`}>
      <div className="paired-bars" aria-hidden="true">
        {shown.map((label, at) => (
          <span key={label}>
            <span className="pair">{bar(props.reference[at], "known")}{bar(props.current[at], "new")}</span>
            <small>{label}</small>
          </span>
        ))}
      </div>
      {props.labels.length > shown.length && <small>and {props.labels.length - shown.length} more</small>}
    </figure>
  );
}
