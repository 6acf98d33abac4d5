import type { Explore, MissingPattern } from "./document";
import { ShareBar } from "./Bars";
import { count, inWords, list, num, percent, plural } from "./format";
import { TableFrame } from "./Layout";

/** Which columns are missing together, most frequent first. */
export function MissingPatterns({ patterns, rows }: { patterns: readonly MissingPattern[]; rows: number }) {
  const columns = [...new Set(patterns.flatMap((p) => p.columns))];
  const complete = patterns.find((p) => p.columns.length === 0);
  if (columns.length === 0) return <p className="muted">No value is missing.</p>;
  return (
    <>
      <p className="lead">{complete ? `${plural(complete.count, "row")} of ${count(rows)} (${inWords(complete.share ?? complete.count / rows)}) miss nothing.`
        : "Every row misses something."}</p>
      <TableFrame label="Patterns of missing values">
        <table className="patterns">
          <thead>
            <tr>{columns.map((c) => <th key={c} scope="col"><span>{c}</span></th>)}<th scope="col" className="rows-head">Rows</th></tr>
          </thead>
          <tbody>
            {patterns.filter((p) => p.columns.length > 0).slice(0, 8).map((p, at) => (
              <tr key={at}>
                {columns.map((c) => (
                  <td key={c}>{p.columns.includes(c) ? <span className="miss" aria-label="missing">✕</span>
                    : <span className="have" aria-label="there">·</span>}</td>
                ))}
                <td><ShareBar share={p.share ?? p.count / rows} color="missing" hatched words={plural(p.count, "row")} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableFrame>
    </>
  );
}

/** Pairs of columns whose values tend to be missing together. */
export function missingTogether(explore: Explore): string | null {
  const pairs = (explore.missing_correlation ?? []).filter((p) => (p.value ?? 0) >= 0.5)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0)).slice(0, 3);
  if (pairs.length === 0) return null;
  return `Missing together: ${list(pairs.map((p) => `${p.a} with ${p.b} (correlation ${num(p.value, 2)})`))}.`;
}

/** Missing shares of all sources side by side: a column that one of them lacks jumps to the eye. */
export function MissingGrid({ sources }: { sources: readonly Explore[] }) {
  const names = [...new Set(sources.flatMap((s) => (s.columns ?? []).map((c) => c.name)))];
  return (
    <TableFrame label="Missing values by source and column">
      <table className="missing-grid">
        <thead><tr><th scope="col">Column</th>{sources.map((s) => <th key={s.source} scope="col">{s.source}</th>)}</tr></thead>
        <tbody>
          {names.map((name) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {sources.map((s) => {
                const share = s.columns?.find((c) => c.name === name)?.missing_share;
                return (
                  <td key={s.source} style={{ background: `color-mix(in oklab, var(--missing) ${Math.round((share ?? 0) * 80)}%, transparent)` }}>
                    {share === 0 ? <span className="muted">none</span> : percent(share)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}
