import type { Maybe } from "./document";
import { count, inWords, percent } from "./format";
import { TableFrame } from "./Layout";

/** Truth by row, answer by column; right answers stand on the diagonal. */
export function Confusion({ labels, matrix, positive }: {
  labels: readonly string[]; matrix: readonly (readonly number[])[]; positive?: Maybe<string>;
}) {
  const name = (label: string) => (label === positive ? `${label} (positive)` : label);
  return (
    <TableFrame label="Confusion matrix">
      <table className="confusion">
        <thead>
          <tr><td /><th scope="colgroup" colSpan={labels.length}>answered</th></tr>
          <tr><th scope="col">truly</th>{labels.map((l) => <th key={l} scope="col">{name(l)}</th>)}</tr>
        </thead>
        <tbody>
          {labels.map((label, row) => {
            const cells = matrix[row] ?? [];
            const total = cells.reduce((a, b) => a + b, 0);
            return (
              <tr key={label}>
                <th scope="row">{name(label)}</th>
                {cells.map((n, column) => {
                  const share = total > 0 ? n / total : 0;
                  const tone = row === column ? "good" : "bad";
                  return (
                    <td key={column} style={{ background: n > 0
                      ? `color-mix(in oklab, var(--${tone}-soft) ${30 + Math.round(70 * share)}%, var(--surface))` : undefined }}>
                      <b>{count(n)}</b>
                      <small>{total > 0 ? `${percent(share)}, ${row === column ? "right" : n > 0 ? `wrong: ${inWords(share)}` : "wrong"}` : ""}</small>
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </TableFrame>
  );
}
