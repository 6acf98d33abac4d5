import { LongText } from "../../parts/LongText";
import { Moment } from "../../parts/Moment";
import { Status } from "../../parts/Status";
import type { AliasGate, VersionView } from "../api/native";
import { GateItems } from "./GateItems";

/** Whether the version may have each alias that asks for something, with what people and pipelines said of it. */
export function Reviews({ view }: { view: VersionView }) {
  return (
    <>
      {view.alias_gates.length === 0
        ? <p className="muted">No alias of this model asks for anything: each moves freely. What one asks for is set on the page of the model.</p>
        : view.alias_gates.map((gate) => <Gate key={gate.alias} gate={gate} held={view.aliases.includes(gate.alias)} />)}
      <Said view={view} />
    </>
  );
}

function Gate({ gate, held }: { gate: AliasGate; held: boolean }) {
  return (
    <section className="alias-gate" aria-label={`Gate of ${gate.alias}`}>
      <h4 className="sub"><span className="alias"><bdi>{gate.alias}</bdi></span> {held && <span className="muted">this version has it</span>}</h4>
      <p>
        <Status tone={gate.open ? "good" : "bad"}>{gate.open ? "may have it" : "may not have it yet"}</Status>
        {gate.exemption && <span dir="auto"> although something is missing: {gate.exemption}</span>}
      </p>
      <GateItems gate={gate} />
    </section>
  );
}

function Said({ view }: { view: VersionView }) {
  const { reviews, checks, overrides } = view;
  if (reviews.length + checks.length + overrides.length === 0) return <p className="muted">Nobody has approved, rejected or checked it.</p>;
  return (
    <ul className="log said" aria-label="What was said of this version">
      {reviews.map((review) => (
        <li key={`review ${review.reviewer}`}>
          <Status tone={review.verdict === "approved" ? "good" : "bad"}>{review.verdict}</Status> <LongText text={review.reason} />
          <small><Moment ms={review.at_ms} /> by <bdi>{review.reviewer}</bdi></small>
        </li>
      ))}
      {checks.map((check) => (
        <li key={`check ${check.check}`}>
          <Status tone={check.passed ? "good" : "bad"}>{check.passed ? "passed" : "failed"}</Status> check <b><bdi>{check.check}</bdi></b>: <LongText text={check.reason} />
          <small><Moment ms={check.at_ms} /> by <bdi>{check.actor}</bdi></small>
        </li>
      ))}
      {overrides.map((one) => (
        <li key={`override ${one.alias}`}>
          <Status tone="new">gate overridden</Status> for <bdi>{one.alias}</bdi>: <LongText text={one.reason} />
          <small><Moment ms={one.at_ms} /> by <bdi>{one.actor}</bdi></small>
        </li>
      ))}
    </ul>
  );
}
