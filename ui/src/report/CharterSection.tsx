import type { ReportDocument } from "../parts/document";
import { GateList } from "../parts/GateList";
import { Empty, Panel, Section } from "../parts/Layout";
import { Status } from "../parts/Status";
import { allGates, charter } from "../parts/conclude";

export function CharterSection({ document: d }: { document: ReportDocument }) {
  const design = d.design;
  if (!design) {
    return <Section id="charter" title="Charter"><Empty>No charter is declared yet; <code>quern init</code> writes a template with its questions.</Empty></Section>;
  }
  const gates = allGates(d);
  const unmeasured = (design.requirements ?? []).filter((r) => !r.require);
  return (
    <Section id="charter" title="Charter" verdict={charter(d)}>
      {design.added_value && <blockquote className="added-value">{design.added_value}</blockquote>}
      <Panel title="Goals and their evidence" lead="Dot: what was measured. Whisker: its 95 % interval. Upright line: the limit." wide>
        {gates.length > 0 ? <GateList gates={gates} /> : <Empty>No key metric and no measurable requirement is declared.</Empty>}
        {unmeasured.length > 0 && (
          <ul className="plain-list">
            {unmeasured.map((r) => <li key={r.id}><Status tone="open">for a person to judge</Status> {r.text}</li>)}
          </ul>
        )}
      </Panel>
      <div className="grid grid-2">
        <Panel title="Still open">
          {design.open?.length ? (
            <ul className="questions">
              {design.open.map((o) => <li key={o.key}>{o.question}<small><code>{o.key}</code></small></li>)}
            </ul>
          ) : <p className="muted">Every question of the charter is answered.</p>}
        </Panel>
        <Panel title="Who">
          {design.roles?.length ? (
            <dl className="facts">
              {design.roles.map((r) => <div key={r.role}><dt>{r.role}</dt><dd>{r.who || <span className="muted">not named yet</span>}</dd></div>)}
            </dl>
          ) : <p className="muted">No roles are named.</p>}
          {design.hypothesis && <p className="hypothesis">Hypothesis: “{design.hypothesis.text}”.</p>}
        </Panel>
      </div>
    </Section>
  );
}
