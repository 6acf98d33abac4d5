import { ErrorFence } from "../parts/ErrorFence";
import type { Maybe, ReportDocument } from "../parts/document";
import { count, plural } from "../parts/format";
import { Empty, Fold, Panel, Section } from "../parts/Layout";
import { MissingGrid } from "../parts/MissingPatterns";
import { ScoreBars } from "../parts/ScoreBars";
import { rowsOf, SourceDetail, type Source } from "../parts/SourceDetail";
import { Status } from "../parts/Status";
import { data } from "../parts/conclude";

function sourcesOf(d: ReportDocument): Source[] {
  const names = [...new Set([...(d.ingest ?? []), ...(d.validate ?? []), ...(d.explore ?? [])].map((r) => r.source))];
  const later = new Set((d.monitor ?? []).map((m) => m.batch));
  const of = <T extends { source: string }>(records: Maybe<T[]>, name: string) => records?.find((r) => r.source === name);
  return names.map((name) => ({ name, ingest: of(d.ingest, name), validate: of(d.validate, name), explore: of(d.explore, name),
    later: later.has(name) }));
}

export function DataSection({ document: d }: { document: ReportDocument }) {
  const sources = sourcesOf(d);
  if (sources.length === 0) return <Section id="data" title="Data"><Empty>No data has been read yet.</Empty></Section>;
  const explored = (d.explore ?? []);
  return (
    <Section id="data" title="Data" verdict={data(d)}>
      {sources.length > 1 && (
        <>
          <div className="source-cards">{sources.map((s) => <SourceCard key={s.name} source={s} />)}</div>
          {explored.length > 1 && (
            <Panel title="What is missing, by source" lead="The stronger the shade, the more rows lack the value. A column that one source lacks stands out." wide>
              <MissingGrid sources={explored} />
            </Panel>
          )}
        </>
      )}
      {sources.map((s, at) => (
        <Fold key={s.name} open={at === 0} summary={<><b>{s.name}</b> <span className="muted">in detail</span></>}>
          <ErrorFence part={`data of ${s.name}`}><SourceDetail source={s} single={sources.length === 1} /></ErrorFence>
        </Fold>
      ))}
    </Section>
  );
}

function SourceCard({ source: s }: { source: Source }) {
  const failed = (s.validate?.checks ?? []).filter((c) => !c.success);
  const stopped = s.validate?.success === false;
  return (
    <article className="source-card">
      <header>
        <h3>{s.name}</h3>
        <Status tone={s.later ? "new" : "known"}>{s.later ? "arrived later" : "for training"}</Status>
      </header>
      <p className="rows"><b>{count(rowsOf(s))}</b> rows</p>
      {s.validate?.scores ? <ScoreBars scores={s.validate.scores} /> : <Empty>Not checked.</Empty>}
      {s.validate && (
        <Status tone={stopped ? "bad" : failed.length ? "open" : "good"}>
          {(s.validate.checks?.length ?? 0) === 0 ? "no checks declared" : failed.length === 0 ? "all checks hold" : `${plural(failed.length, "check")} failed`}
        </Status>
      )}
    </article>
  );
}
