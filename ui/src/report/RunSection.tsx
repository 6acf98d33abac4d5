import type { ReportDocument } from "../parts/document";
import { plural, seconds, when } from "../parts/format";
import { Lineage } from "../parts/Lineage";
import { Empty, Fold, Panel, Section } from "../parts/Layout";
import { StepList } from "../parts/StepList";

export function LineageSection({ document: d }: { document: ReportDocument }) {
  const nodes = d.lineage?.nodes ?? [];
  if (nodes.length === 0) return <Section id="lineage" title="Lineage"><Empty>No lineage was recorded.</Empty></Section>;
  return (
    <Section id="lineage" title="Lineage" verdict={`From source to decision: ${plural(nodes.length, "thing")}, ${plural(d.lineage?.edges?.length ?? 0, "link")}.`}>
      <Panel title="What came from what" lead="Point at a box, or tap it, to see only what it depends on and what it led to." wide>
        <Lineage graph={d.lineage ?? {}} />
      </Panel>
    </Section>
  );
}

function Digest({ value }: { value: string | null | undefined }) {
  return value ? <code title={value} className="digest">{value}</code> : <span className="muted">not recorded</span>;
}

export function RunSection({ document: d }: { document: ReportDocument }) {
  const steps = d.steps ?? [];
  const total = steps.reduce((sum, s) => sum + (s.seconds ?? 0), 0);
  const failed = steps.filter((s) => s.state === "failed");
  const cached = steps.filter((s) => s.state === "cached").length;
  const verdict = steps.length === 0 ? undefined : failed.length ? `${failed.map((s) => s.id).join(", ")} failed.`
    : `${plural(steps.length, "step")} in ${seconds(total)} of work${cached ? `; ${cached} taken from earlier runs` : ""}.`;
  return (
    <Section id="run" title="Run" verdict={verdict}>
      <Panel title="Steps" wide>{steps.length > 0 ? <StepList steps={steps} /> : <Empty>No steps were recorded.</Empty>}</Panel>
      <Panel title="To get the same again" wide>
        <dl className="facts">
          <div><dt>Run</dt><dd><code>{d.run_id ?? "not recorded"}</code></dd></div>
          <div><dt>Written</dt><dd>{when(d.generated_at)}</dd></div>
          <div><dt>Program</dt><dd>Quern {d.program_version ?? "of unknown version"}</dd></div>
          <div><dt>Seed</dt><dd>{d.train?.seed ?? <span className="muted">not recorded</span>}</dd></div>
          {d.register && <div><dt>Model digest</dt><dd><Digest value={d.register.digest} /></dd></div>}
        </dl>
        <p className="caption">The same seed, program, data and kind of machine give the same model, byte for byte. Times and measured latencies vary.</p>
        {(d.ingest?.length ?? 0) > 0 && (
          <Fold summary="Digests of the data">
            <dl className="facts">
              {d.ingest?.map((s) => (
                <div key={s.source}><dt>{s.source}</dt><dd>file <Digest value={s.source_digest} /><br />table <Digest value={s.digest} /></dd></div>
              ))}
            </dl>
          </Fold>
        )}
      </Panel>
    </Section>
  );
}
