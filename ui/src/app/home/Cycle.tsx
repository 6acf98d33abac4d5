import { Link } from "@tanstack/react-router";
import { Moment } from "../../parts/Moment";
import { Status } from "../../parts/Status";
import type { Phase } from "../api/native";
import { PHASE_PAGE, STATE } from "../views/phases";

/** The life cycle as one picture: each phase, how it stands, a click from its page. From the last one it begins anew. */
export function Cycle({ phases }: { phases: readonly Phase[] }) {
  return (
    <ol className="cycle" aria-label="Life cycle">
      {phases.map((phase) => <Step key={phase.phase} phase={phase} />)}
    </ol>
  );
}

function Step({ phase }: { phase: Phase }) {
  const state = STATE[phase.state];
  return (
    <li className={`phase edge-${state.tone}`}>
      <Link to={PHASE_PAGE[phase.phase] ?? "/pipeline"}>
        <span className="phase-head"><b>{phase.title}</b><Status tone={state.tone}>{state.word}</Status></span>
        <span className="phase-facts">
          {phase.facts.slice(0, 2).map((fact) => <span key={fact} title={fact}><bdi>{fact}</bdi></span>)}
          {phase.facts.length === 0 && <span className="muted">{state.means}</span>}
        </span>
        <span className="phase-foot"><span>{phase.role}</span>{phase.changed_ms !== null && <Moment ms={phase.changed_ms} ago />}</span>
      </Link>
    </li>
  );
}
