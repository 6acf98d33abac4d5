// What charts compute of values, without knowledge of runs.

/** Exponential moving average, its start corrected (Kingma & Ba 2015, section 3); gaps are passed over. */
export function smoothed(values: readonly number[], weight: number): number[] {
  if (!(weight > 0)) return [...values];
  const kept = Math.min(weight, 0.999);
  let mean = 0;
  let seen = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return Number.NaN;
    seen += 1;
    mean = kept * mean + (1 - kept) * value;
    return mean / (1 - kept ** seen);
  });
}

/** Of sorted values, by linear interpolation (Hyndman & Fan 1996, type 7). */
export function quantile(sorted: readonly number[], p: number): number {
  const place = (sorted.length - 1) * p;
  const below = Math.floor(place);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? low;
  return low + (place - below) * (high - low);
}
