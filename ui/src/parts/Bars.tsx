import type { ReactNode } from "react";
import type { Maybe } from "./document";
import { known, percent } from "./format";

/** A share as a bar in its cell, with the number and words beside it. */
export function ShareBar(props: { share: Maybe<number>; color?: string; hatched?: boolean; words?: ReactNode }) {
  const { share, color = "known" } = props;
  return (
    <span className="share">
      <span className="share-rail" aria-hidden="true">
        {known(share) && share > 0 && (
          <span className={props.hatched ? "share-fill is-hatched" : "share-fill"}
            style={{ width: `${Math.min(100, Math.max(1.5, share * 100))}%`, color: `var(--${color})` }} />
        )}
      </span>
      <span className="share-text">{percent(share)}{props.words && <small>{props.words}</small>}</span>
    </span>
  );
}

/** Parts of a whole in one bar, each with label and share. */
export function StackedBar(props: { parts: readonly { label: string; share: Maybe<number>; color: string }[] }) {
  return (
    <div className="stacked">
      <div className="stacked-bar" aria-hidden="true">
        {props.parts.map((p) => (
          <span key={p.label} style={{ flexGrow: Math.max(0.001, p.share ?? 0), background: `var(--${p.color})` }} />
        ))}
      </div>
      <ul className="legend">
        {props.parts.map((p) => (
          <li key={p.label}>
            <span className="swatch" style={{ color: `var(--${p.color})` }} />{p.label} <b>{percent(p.share)}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}
