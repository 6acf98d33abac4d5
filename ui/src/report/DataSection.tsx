import { ErrorFence } from "../parts/ErrorFence";
import type { Explore, Ingest, Maybe, ReportDocument, Validate } from "../parts/document";
import { StackedBar } from "../parts/Bars";
import { CheckList } from "../parts/CheckList";
import { ColumnTable } from "../parts/ColumnTable";
import { DataTable } from "../parts/DataTable";
import { bytes, count, known, num, percent, plural } from "../parts/format";
import { HeatMap } from "../parts/HeatMap";
import { Empty, Fold, Grid, Panel, Section } from "../parts/Layout";
import { MissingGrid, MissingPatterns, missingTogether } from "../parts/MissingPatterns";
import { ScoreBars } from "../parts/ScoreBars";
import { Status } from "../parts/Status";
import { data } from "./conclude";

interface Source { name: string; ingest?: Ingest; validate?: Validate; explore?: Explore; later: boolean }

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

function rowsOf(s: Source): number {
  return s.ingest?.rows ?? s.explore?.rows ?? s.validate?.rows ?? 0;
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

function SourceDetail({ source: s, single }: { source: Source; single: boolean }) {
  const { explore, validate, ingest } = s;
  const together = explore ? missingTogether(explore) : null;
  return (
    <>
      {ingest && <IngestFacts ingest={ingest} />}
      <Grid>
        {explore && (
          <Panel title="What may do harm" lead="Most harmful first.">
            {explore.alerts?.length ? (
              <ol className="alerts">
                {explore.alerts.map((a, at) => (
                  <li key={at}>
                    <span className="harm" aria-hidden="true"><span style={{ width: `${Math.min(1, a.harm ?? 0) * 100}%` }} /></span>
                    <span>{a.text}</span>
                  </li>
                ))}
              </ol>
            ) : <p className="muted">Nothing stands out.</p>}
          </Panel>
        )}
        {validate && (
          <Panel title="Checks">
            {single && validate.scores && <ScoreBars scores={validate.scores} />}
            <CheckList checks={validate.checks ?? []} />
          </Panel>
        )}
      </Grid>
      {explore?.target && <TargetBalance explore={explore} />}
      {explore?.columns && (
        <Panel title="Columns" wide>
          <ColumnTable columns={explore.columns} rows={explore.rows ?? rowsOf(s)} target={explore.target} />
        </Panel>
      )}
      {explore && (
        <Grid>
          {(explore.associations?.columns?.length ?? 0) > 1 && (
            <Panel title="Which columns go together">
              <HeatMap columns={explore.associations?.columns ?? []} cells={explore.associations?.cells ?? []} />
            </Panel>
          )}
          {explore.missing_patterns && (
            <Panel title="What is missing together">
              <MissingPatterns patterns={explore.missing_patterns} rows={explore.rows ?? 0} />
              {together && <p className="caption">{together}</p>}
            </Panel>
          )}
        </Grid>
      )}
      {!explore && <Empty>No profile was made of {s.name}.</Empty>}
    </>
  );
}

function IngestFacts({ ingest }: { ingest: Ingest }) {
  const rejected = ingest.rejected ?? 0;
  return (
    <>
      <p className="caption">
        {ingest.path && <code>{ingest.path}</code>} {[ingest.format, ingest.encoding, known(ingest.bytes) ? bytes(ingest.bytes) : ""].filter(Boolean).join(", ")};
        {" "}{plural(ingest.rows, "row")} kept, {rejected === 0 ? "none rejected" : `${plural(rejected, "row")} rejected`}.
        {known(ingest.snapshot) && ` Snapshot ${ingest.snapshot}.`}
      </p>
      {rejected > 0 && (ingest.rejects?.length ?? 0) > 0 && (
        <Fold summary={`Rejected rows (${count(rejected)})`}>
          <DataTable label="Rejected rows" rows={ingest.rejects ?? []} columns={[
            { head: "Where", cell: (r) => `${r.file ?? ""}:${r.line ?? "?"}` },
            { head: "Column", cell: (r) => r.column ?? "whole row" },
            { head: "Reason", cell: (r) => r.reason ?? "" },
            { head: "Text", cell: (r) => <code>{r.raw ?? ""}</code> },
          ]} />
        </Fold>
      )}
    </>
  );
}

const SHADES = ["negative", "positive", "known", "missing", "open"];

function TargetBalance({ explore }: { explore: Explore }) {
  const target = explore.target;
  const classes = target?.classes ?? [];
  if (!target || classes.length === 0) return null;
  return (
    <Panel title={`The target: ${target.name}`} wide
      lead={known(target.imbalance) && target.imbalance > 1.05 ? `The largest class is ${num(target.imbalance, 2)} times the smallest.` : "The classes are balanced."}>
      {classes.length <= 5 ? (
        <StackedBar parts={classes.map((c, at) => ({ label: `${c.label}: ${plural(c.count, "row")}`, share: c.share, color: SHADES[at] ?? "open" }))} />
      ) : (
        <DataTable label="Classes" rows={classes} columns={[
          { head: "Class", cell: (c) => c.label },
          { head: "Rows", numeric: true, cell: (c) => count(c.count) },
          { head: "Share", numeric: true, cell: (c) => percent(c.share) },
        ]} />
      )}
    </Panel>
  );
}
