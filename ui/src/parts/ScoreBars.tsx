import type { Scores } from "./document";
import { ShareBar } from "./Bars";
import { capital, known } from "./format";
import { Hint } from "./Hint";

const ORDER = ["completeness", "validity", "consistency", "timeliness"];

/** Data quality scores as bars; the formula is behind the name. */
export function ScoreBars({ scores }: { scores: Scores }) {
  const names = [...ORDER.filter((n) => n in scores), ...Object.keys(scores).filter((n) => !ORDER.includes(n))];
  return (
    <ul className="scores">
      {names.map((name) => {
        const score = scores[name];
        return (
          <li key={name}>
            <Hint label={capital(name)}>{score?.formula}</Hint>
            {known(score?.value) ? <ShareBar share={score.value} /> : <span className="muted">not measured</span>}
          </li>
        );
      })}
    </ul>
  );
}
