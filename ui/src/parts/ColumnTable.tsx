import type { ColumnProfile, Explore } from "./document";
import { ShareBar } from "./Bars";
import { count, inWords, known, num, percent, plain } from "./format";
import { Sparkline } from "./Histogram";
import { TableFrame } from "./Layout";
import { measureName, shortMeasure } from "./words";

/** Codes such as 1, 2, 3 are read in their order, other values most frequent first. */
function inOrder<T extends { value: unknown }>(top: T[]): T[] {
  const numeric = top.every((t) => t.value !== "" && Number.isFinite(Number(t.value)));
  return numeric ? [...top].sort((a, b) => Number(a.value) - Number(b.value)) : top;
}

function Shape({ column }: { column: ColumnProfile }) {
  const counts = column.histogram?.counts;
  if (counts?.length) {
    const edges = column.histogram?.edges ?? [];
    return (
      <span className="shape">
        <Sparkline counts={counts} label={`Histogram of ${column.name} from ${num(edges[0])} to ${num(edges[edges.length - 1])}`} />
        <small><span>{num(edges[0], 2)}</span><span>{num(edges[edges.length - 1], 2)}</span></small>
      </span>
    );
  }
  const top = column.top ?? [];
  if (top.length === 0) return <span className="muted">no values</span>;
  const shown = inOrder(top.slice(0, 6));
  return (
    <span className="shape">
      <Sparkline counts={shown.map((t) => t.count)} label={`Most frequent values of ${column.name}: ${
        shown.map((t) => `${plain(t.value)} ${count(t.count)} times`).join(", ")}`} />
      <small>{shown.map((t, at) => <span key={at} className="tick">{plain(t.value)}</span>)}</small>
    </span>
  );
}

function Typical({ column, rows }: { column: ColumnProfile; rows: number }) {
  if (known(column.mean)) {
    const q = column.quantiles ?? {};
    return (
      <>
        <b>{num(q["0.5"] ?? column.mean)}</b>
        <small>half between {num(q["0.25"])} and {num(q["0.75"])}</small>
      </>
    );
  }
  const top = column.top?.[0];
  if (!top) return <span className="muted">–</span>;
  const present = rows - (column.missing ?? 0);
  return <><b>{plain(top.value)}</b><small>{inWords(present > 0 ? top.count / present : null)} of {count(present)}</small></>;
}

function Notes({ column, rows }: { column: ColumnProfile; rows: number }) {
  const notes: string[] = [];
  const outliers = column.outliers?.iqr ?? 0;
  if (outliers > 0) notes.push(`${count(outliers)} outside the whiskers (IQR)`);
  if (known(column.skew) && Math.abs(column.skew) >= 1) notes.push(column.skew > 0 ? "long tail upwards" : "long tail downwards");
  if (known(column.zeros) && column.histogram && rows && column.zeros / rows > 0.05) notes.push(`${count(column.zeros)} zeros`);
  return notes.length ? <small className="notes">{notes.join("; ")}</small> : null;
}

function Relation({ column }: { column: ColumnProfile }) {
  const target = column.target;
  if (!target?.bins?.length) return <span className="muted">–</span>;
  const rates = target.bins.map((b) => b.rate ?? b.mean);
  const share = target.bins.every((b) => known(b.rate));
  const words = target.bins.map((b) => `${b.label}: ${share ? percent(b.rate) : num(b.mean)}`).join(", ");
  return (
    <span className="shape" title={`${measureName(target.measure)}; ${words}`}>
      <Sparkline counts={rates} rates={share} color={share ? "positive" : "known"} label={`By value of ${column.name}: ${words}`} />
      <small><span>{shortMeasure(target.measure)}</span><span>{num(target.value, 2)}</span></small>
    </span>
  );
}

/** What the bars by value show: the rate of one class, or the mean of a number. */
function relationHead(columns: readonly ColumnProfile[], target: Explore["target"]): string {
  if (!target) return "Relation to the target";
  const mean = columns.some((c) => c.target?.bins?.some((b) => known(b.mean)));
  const classes = target.classes ?? [];
  if (mean) return `Mean of ${target.name} by value`;
  return classes.length > 2 ? `Rate of ${target.name} ${classes[0]?.label} by value` : `Rate of ${target.name} by value`;
}

/** What is drawn, in words: "28.95 to 33.8: 10; …", or "male: 206; …". */
function shapeText(column: ColumnProfile): string {
  const counts = column.histogram?.counts;
  const edges = column.histogram?.edges ?? [];
  if (counts?.length) return counts.map((n, at) => `${edges[at]} to ${edges[at + 1]}: ${n}`).join("; ");
  return (column.top ?? []).map((t) => `${plain(t.value)}: ${t.count}`).join("; ");
}

/** All columns of a table: shape, what is missing, what is typical, and the relation to the target. */
export function ColumnTable({ columns, rows, target }: {
  columns: readonly ColumnProfile[]; rows: number; target?: Explore["target"];
}) {
  const related = columns.some((c) => c.target?.bins?.length);
  const relation = relationHead(columns, target);
  return (
    <TableFrame label="Columns of the table"><table className="columns" aria-label="Columns">
      <thead>
        <tr>
          <th scope="col">Column</th><th scope="col">Shape</th><th scope="col">Missing</th>
          <th scope="col" className="num">Typical</th><th scope="col" className="num">Range</th>
          {related && <th scope="col">{relation}</th>}
        </tr>
      </thead>
      <tbody>
        {columns.map((c) => (
          <tr key={c.name}>
            <th scope="row">{c.name}<small>{c.type}, {count(c.distinct)} distinct</small><Notes column={c} rows={rows} /></th>
            <td data-label="Shape" data-value={shapeText(c)}><Shape column={c} /></td>
            <td data-label="Missing" data-value={c.missing ?? ""}>
              {c.missing_share === 0 ? <span className="muted">none</span> : (
                <ShareBar share={c.missing_share} color="missing" hatched
                  words={known(c.missing) ? `${count(c.missing)} rows, ${inWords(c.missing_share)}` : undefined} />
              )}
            </td>
            <td data-label="Typical" className="num"><Typical column={c} rows={rows} /></td>
            <td data-label="Range" className="num">{known(c.min) ? `${num(c.min)} to ${num(known(c.max) ? c.max : null)}`
              : c.min ? `${c.min} to ${c.max}` : `${count(c.distinct)} values`}</td>
            {related && <td data-label={relation}><Relation column={c} /></td>}
          </tr>
        ))}
      </tbody>
    </table></TableFrame>
  );
}
