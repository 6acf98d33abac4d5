import { useMemo, useState } from "react";
import type { Association } from "./document";
import { fixed, known, num } from "./format";
import { Scroll } from "./Layout";
import { SaveTable } from "./SaveTable";
import { measureName } from "./words";

const CELL = 34;

/** Association of every pair of columns: the stronger, the darker; the sign is written. */
export function HeatMap({ columns, cells }: { columns: readonly string[]; cells: readonly Association[] }) {
  const [seen, setSeen] = useState<Association | null>(null);
  const byPair = useMemo(() => {
    const map = new Map<string, Association>();
    for (const cell of cells) { map.set(`${cell.a}\n${cell.b}`, cell); map.set(`${cell.b}\n${cell.a}`, cell); }
    return map;
  }, [cells]);
  const strongest = [...cells].filter((c) => known(c.value)).sort((a, b) => Math.abs(b.value ?? 0) - Math.abs(a.value ?? 0));
  const top = seen ?? strongest[0];
  const left = 12 + 7 * Math.max(4, ...columns.map((c) => Math.min(14, c.length)));
  const rows = columns.slice(1);
  const width = left + CELL * (columns.length - 1) + 8;
  const height = CELL * rows.length + 60;
  return (
    <>
      <Scroll label="Associations between columns">
        <svg className="heatmap" viewBox={`0 0 ${width} ${height}`} style={{ maxWidth: width, minWidth: Math.min(width, 420) }}
          role="img" aria-label={`Associations between ${columns.length} columns; strongest: ${strongest.slice(0, 3)
            .map((c) => `${c.a} and ${c.b} ${num(c.value, 2)}`).join(", ")}`}>
          {rows.map((row, y) => (
            <g key={row}>
              <text x={left - 8} y={y * CELL + CELL / 2 + 4} textAnchor="end">{row.slice(0, 14)}</text>
              {columns.slice(0, y + 1).map((column, x) => {
                const cell = byPair.get(`${row}\n${column}`);
                const size = known(cell?.value) ? Math.min(1, Math.abs(cell.value)) : null;
                return (
                  <g key={column} onMouseEnter={() => cell && setSeen(cell)} onClick={() => cell && setSeen(cell)}>
                    <rect x={left + x * CELL + 1} y={y * CELL + 1} width={CELL - 2} height={CELL - 2} rx="4"
                      fill={size === null ? "none" : `color-mix(in oklab, var(--known) ${Math.round(size * 100)}%, var(--raised))`}
                      stroke={size === null ? "var(--line)" : "none"} strokeDasharray={size === null ? "2 2" : undefined} />
                    {size !== null && size >= 0.2 && (
                      <text x={left + x * CELL + CELL / 2} y={y * CELL + CELL / 2 + 4} textAnchor="middle"
                        className={size > 0.5 ? "on-dark" : undefined}>{num(cell?.value, 1)}</text>
                    )}
                  </g>
                );
              })}
            </g>
          ))}
          {columns.slice(0, -1).map((column, x) => (
            <text key={column} textAnchor="end"
              transform={`translate(${left + x * CELL + CELL / 2 + 4} ${rows.length * CELL + 10}) rotate(-45)`}>{column.slice(0, 9)}</text>
          ))}
        </svg>
      </Scroll>
      <SaveTable name="Associations between columns" table={() => ({ head: ["a", "b", "value", "measure"], rows: cells.map((c) => [c.a, c.b, c.value, c.measure]) })} />
      {top && (
        <p className="caption" aria-live="polite">
          {seen ? "" : "Strongest: "}<b>{top.a}</b> and <b>{top.b}</b>: {known(top.value)
            ? `${top.value > 0 ? "+" : ""}${fixed(top.value, 2)} (${measureName(top.measure)})` : "could not be measured"}.
        </p>
      )}
    </>
  );
}
