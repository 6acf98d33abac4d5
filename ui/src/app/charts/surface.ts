// A surface over two quantities, of values at scattered places. Pure functions.
//
// Contours need a value everywhere, and runs have measured it at a few places. Two ways would lie: means by bins are white where a bin holds
// no run and say one value of what differs inside; linear or polynomial surfaces bend beyond what was measured and show peaks where nobody has
// been. So: inverse distances (D. Shepard, "A two-dimensional interpolation function for irregularly-spaced data", 1968). Such a surface
// passes through what was measured, and never above the largest or below the smallest of it. Far from every run it is blank, and the runs
// themselves are drawn over it.

export interface Place { x: number; y: number; value: number }
export interface Surface {
  /** By row from below, `size` by `size`; NaN where nothing is known. */
  values: number[];
  size: number;
  /** The place on an axis at 0 to `size` - 1, which need not be whole. */
  xAt: (at: number) => number;
  yAt: (at: number) => number;
}
/** How an axis runs: by factors if all is above zero and goes over two decades, as learning rates do. */
export interface Scale { log: boolean; least: number; most: number }

const SIZE = 96;
/** Of the square that the axes span: so near to a run something is known at least. */
const NEAR = 0.12;
const MARGIN = 0.04;

export function scaleOf(values: readonly number[]): Scale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return { log: least > 0 && most / least >= 100, least, most };
}

function unit({ log, least, most }: Scale) {
  const f = log ? Math.log : (value: number) => value;
  const [low, high] = [f(least), f(most)];
  const span = high - low || 1;
  return {
    into: (value: number) => (f(value) - low) / span,
    out: (place: number) => (log ? Math.exp(low + place * span) : low + place * span),
  };
}

/** Runs at one place count once, with their mean. */
export function distinctPlaces(places: readonly Place[]): Place[] {
  const at = new Map<string, { place: Place; values: number[] }>();
  for (const place of places) {
    const key = `${place.x} ${place.y}`;
    const known = at.get(key);
    if (known) known.values.push(place.value);
    else at.set(key, { place, values: [place.value] });
  }
  return [...at.values()].map(({ place, values }) => ({ ...place, value: values.reduce((sum, value) => sum + value, 0) / values.length }));
}

/** Null if the places are fewer than four, or lie on one line along an axis. */
export function surfaceOf(all: readonly Place[]): Surface | null {
  const places = distinctPlaces(all);
  const [sx, sy] = [scaleOf(places.map((p) => p.x)), scaleOf(places.map((p) => p.y))];
  if (places.length < 4 || sx.least === sx.most || sy.least === sy.most) return null;
  const [ux, uy] = [unit(sx), unit(sy)];
  const points = places.map((p) => ({ x: ux.into(p.x), y: uy.into(p.y), value: p.value }));
  const reach = Math.max(NEAR, 2 * median(points.map((p) => Math.sqrt(Math.min(...points.filter((q) => q !== p).map((q) => (p.x - q.x) ** 2 + (p.y - q.y) ** 2))))));
  const place = (at: number) => (at / (SIZE - 1)) * (1 + 2 * MARGIN) - MARGIN;
  const values: number[] = [];
  for (let row = 0; row < SIZE; row += 1) {
    for (let column = 0; column < SIZE; column += 1) values.push(between(points, place(column), place(row), reach));
  }
  return { values, size: SIZE, xAt: (at) => ux.out(place(at)), yAt: (at) => uy.out(place(at)) };
}

function between(points: readonly Place[], x: number, y: number, reach: number): number {
  let [sum, weights, nearest] = [0, 0, Infinity];
  for (const point of points) {
    const square = (point.x - x) ** 2 + (point.y - y) ** 2;
    if (square < 1e-12) return point.value;
    nearest = Math.min(nearest, square);
    sum += point.value / square;
    weights += 1 / square;
  }
  return nearest > reach * reach ? Number.NaN : sum / weights;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Up to `most` round levels within what the surface has, ascending. */
export function levelsOf({ values }: Surface, most = 8): number[] {
  const known = values.filter(Number.isFinite);
  const [least, greatest] = [Math.min(...known), Math.max(...known)];
  if (!(greatest > least)) return [least];
  const rough = (greatest - least) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(least / step);
  const last = Math.floor(greatest / step);
  return [least, ...Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => (first + at) * step).filter((level) => level > least)];
}
