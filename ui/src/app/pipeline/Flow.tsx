import { seconds } from "../../parts/format";
import { Status, toneOf } from "../../parts/Status";
import type { RunStep } from "../api/native";
import { STATE } from "../views/phases";

/** Steps of a run as columns, a column a phase: what is beside each other did not wait for each other. */
export function Flow({ steps, picked, onPick }: { steps: readonly RunStep[]; picked: string; onPick: (id: string) => void }) {
  const phases = [...new Set(steps.map((step) => step.phase))];
  return (
    <div className="flow" role="region" aria-label="Steps by phase" tabIndex={0}>
      <ol>
        {phases.map((phase) => (
          <li key={phase}>
            <h4>{phase}</h4>
            <ul>
              {steps.filter((step) => step.phase === phase).map((step) => (
                <li key={step.id}>
                  <button type="button" className={`flow-step edge-${toneOf(step.outcome === "gate_failed" ? "failed" : step.state)}`} aria-pressed={picked === step.id}
                    onClick={() => onPick(step.id)} title={step.message || step.reason}>
                    <b>{nameOf(step)}</b>
                    <small>{step.state === "done" ? seconds(step.seconds) : step.state}</small>
                    {step.now === "stale" && <Status tone="new">{STATE.stale.word}</Status>}
                  </button>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
    </div>
  );
}

function nameOf(step: RunStep): string {
  const colon = step.id.indexOf(":");
  return colon < 0 ? step.id : step.id.slice(colon + 1);
}
