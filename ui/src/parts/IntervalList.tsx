import type { ReactNode } from "react";
import type { Interval, Maybe } from "./document";
import { known, metric, range } from "./format";
import type { SavedTable } from "./save";
import { SaveTable } from "./SaveTable";

export interface IntervalItem {
  label: ReactNode;
  /** Under the label: what the number means, how many rows. */
  note?: ReactNode;
  interval: Maybe<Interval>;
  /** A second interval on the same track, such as what was expected. */
  second?: Maybe<Interval>;
  /** The value that it is held against. */
  limit?: Maybe<number>;
  color?: string;
  secondColor?: string;
  /** Behind the numbers, such as a verdict. */
  after?: ReactNode;
}

interface Props {
  items: readonly IntervalItem[];
  /** One scale for all rows; without it, the rows' own extent. */
  domain?: readonly [number, number];
  /** Each row has a scale of its own (values of different kinds). */
  separate?: boolean;
  show?: (x: Maybe<number>) => string;
  /** A line that all rows share, such as 0. */
  zero?: Maybe<number>;
  /** What it is called as a file; without, no file is offered. */
  save?: string;
}

const words = (node: ReactNode) => (typeof node === "string" || typeof node === "number" ? String(node) : "");

function tableOf(items: readonly IntervalItem[]): SavedTable {
  const second = items.some((item) => item.second);
  const ends = (interval: Maybe<Interval> | undefined) => [interval?.value, interval?.low, interval?.high];
  return {
    head: ["what", "note", "value", "low", "high", ...(second ? ["second value", "second low", "second high"] : []), "limit"],
    rows: items.map((item) => [words(item.label), words(item.note), ...ends(item.interval), ...(second ? ends(item.second) : []), item.limit]),
  };
}

function extent(items: readonly IntervalItem[], zero: Maybe<number>): [number, number] {
  const all = items.flatMap((i) => [i.interval?.value, i.interval?.low, i.interval?.high, i.second?.value,
    i.second?.low, i.second?.high, i.limit, zero]).filter(known);
  if (all.length === 0) return [0, 1];
  let low = Math.min(...all);
  let high = Math.max(...all);
  if (low >= 0 && high <= 1 && high - low > 0.05) { low = Math.max(0, low - 0.05); high = Math.min(1, high + 0.05); }
  const pad = (high - low || Math.abs(high) || 1) * 0.06;
  return [low < 0 || low > pad ? low - pad : low, high === 1 ? 1 : high + pad];
}

/** Whether all that is known of these lies from 0 to 1, as shares do: they can stand on one scale. */
export function areShares(intervals: readonly Maybe<Interval>[]): boolean {
  return intervals.every((i) => [i?.value, i?.low, i?.high].filter(known).every((x) => x >= -ROUNDING && x <= 1 + ROUNDING));
}

/** Bounds of a bootstrap interval are sums of many terms. */
const ROUNDING = 1e-9;

/** Values with their intervals on a common scale: dot, whisker, and the limit as a line. */
export function IntervalList({ items, domain, separate, show = metric, zero, save }: Props) {
  const shared = domain ?? extent(items, zero);
  const list = (
    <ul className="intervals">
      {items.map((item, index) => (
        <li key={index}>
          <span className="interval-label">{item.label}{item.note && <small>{item.note}</small>}</span>
          <Track item={item} domain={separate && !domain ? extent([item], zero) : shared} zero={zero} show={show} />
          <span className="interval-value">
            <b>{show(item.interval?.value)}</b>
            <small>{range(item.interval, show)}</small>
            {item.after}
          </span>
        </li>
      ))}
    </ul>
  );
  return save ? <div className="table-frame">{list}<SaveTable name={save} table={() => tableOf(items)} /></div> : list;
}

function Track(props: {
  item: IntervalItem; domain: readonly [number, number]; zero: Maybe<number>; show: (x: Maybe<number>) => string;
}) {
  const { item, domain: [low, high], zero } = props;
  const at = (x: number) => `${Math.min(100, Math.max(0, ((x - low) / (high - low)) * 100))}%`;
  const line = (interval: Maybe<Interval>, color: string, y: number) => interval && (
    <>
      {known(interval.low) && known(interval.high) &&
        <line x1={at(interval.low)} x2={at(interval.high)} y1={y} y2={y} className="whisker" stroke={`var(--${color})`} />}
      {known(interval.value) && <circle cx={at(interval.value)} cy={y} r="5" fill={`var(--${color})`} className="dot" />}
    </>
  );
  const two = Boolean(item.second);
  return (
    <svg className="track" height={two ? 34 : 26} aria-hidden="true">
      <line x1="0" x2="100%" y1={two ? 17 : 13} y2={two ? 17 : 13} className="rail" />
      {known(zero) && <line x1={at(zero)} x2={at(zero)} y1="2" y2={two ? 32 : 24} className="zero" />}
      {known(item.limit) && <line x1={at(item.limit)} x2={at(item.limit)} y1="0" y2={two ? 34 : 26} className="limit" />}
      {line(item.second, item.secondColor ?? "known", 24)}
      {line(item.interval, item.color ?? "known", two ? 10 : 13)}
    </svg>
  );
}
