import { useRef, type ReactNode } from "react";
import { tableOf, type SavedTable } from "./save";
import { SaveTable } from "./SaveTable";

/** One chapter of a page: the conclusion first, then a few numbers, then the detail. */
export function Section(props: { id: string; title: string; verdict?: ReactNode; children?: ReactNode }) {
  return (
    <section id={props.id} aria-labelledby={`${props.id}-title`} className="section">
      <h2 id={`${props.id}-title`}>{props.title}</h2>
      {props.verdict && <p className="verdict">{props.verdict}</p>}
      {props.children}
    </section>
  );
}

/** A framed part of a chapter; `lead` is the sentence that says what one sees. */
export function Panel(props: { title: string; lead?: ReactNode; wide?: boolean; children: ReactNode }) {
  return (
    <div className={props.wide ? "panel is-wide" : "panel"}>
      <h3>{props.title}</h3>
      {props.lead && <p className="lead">{props.lead}</p>}
      {props.children}
    </div>
  );
}

export function Grid({ children, columns = 2 }: { children: ReactNode; columns?: 2 | 3 }) {
  return <div className={`grid grid-${columns}`}>{children}</div>;
}

/** Detail that most readers skip; paper shows it opened. */
export function Fold(props: { summary: ReactNode; open?: boolean; children: ReactNode }) {
  return (
    <details className="fold" open={props.open}>
      <summary>{props.summary}</summary>
      <div className="fold-body">{props.children}</div>
    </details>
  );
}

/** A wide thing that scrolls inside its own frame, never the page. */
export function Scroll({ label, className, children }: { label: string; className?: string; children: ReactNode }) {
  return <div className={className ? `scroll ${className}` : "scroll"} role="region" aria-label={label} tabIndex={0}>{children}</div>;
}

/** A table that stands there whole, in a frame of its own, and can be had as a file: as it stands, or as `saved` has it. */
export function TableFrame({ label, className, saved, children }: { label: string; className?: string; saved?: () => SavedTable; children: ReactNode }) {
  const host = useRef<HTMLDivElement>(null);
  const table = () => {
    if (saved) return saved();
    const found = host.current?.querySelector("table");
    return found ? tableOf(found) : { head: [], rows: [] };
  };
  return (
    <div className="table-frame" ref={host}>
      <Scroll label={label} {...(className ? { className } : {})}>{children}</Scroll>
      <SaveTable name={label} table={table} />
    </div>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

export interface KeyNumber { label: ReactNode; value: ReactNode; note?: ReactNode }
export function KeyNumbers({ items }: { items: readonly KeyNumber[] }) {
  return (
    <dl className="key-numbers">
      {items.map((item, index) => (
        <div key={index}>
          <dt>{item.label}</dt>
          <dd>
            <span className="big">{item.value}</span>
            {item.note && <span className="note">{item.note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

export interface LegendItem { color: string; label: string; hollow?: boolean }
export function Legend({ items }: { items: readonly LegendItem[] }) {
  return (
    <ul className="legend">
      {items.map((item) => (
        <li key={item.label}>
          <span className={item.hollow ? "swatch is-hollow" : "swatch"} style={{ color: `var(--${item.color})` }} />
          {item.label}
        </li>
      ))}
    </ul>
  );
}
