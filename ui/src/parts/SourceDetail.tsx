import type { Explore, Ingest, Validate } from "./document";
import { StackedBar } from "./Bars";
import { CheckList } from "./CheckList";
import { ColumnTable } from "./ColumnTable";
import { DataTable } from "./DataTable";
import { bytes, count, known, num, percent, plural } from "./format";
import { HeatMap } from "./HeatMap";
import { Empty, Fold, Grid, Panel } from "./Layout";
import { MissingPatterns, missingTogether } from "./MissingPatterns";
import { ScoreBars } from "./ScoreBars";

export interface Source { name: string; ingest?: Ingest; validate?: Validate; explore?: Explore; later: boolean }

export function rowsOf(s: Source): number {
  return s.ingest?.rows ?? s.explore?.rows ?? s.validate?.rows ?? 0;
}

/** All that is known of one table: where it came from, what may do harm, its checks, its columns. */
export function SourceDetail({ source: s, single }: { source: Source; single: boolean }) {
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
          { head: "Rows", numeric: true, cell: (c) => count(c.count), value: (c) => c.count },
          { head: "Share", numeric: true, cell: (c) => percent(c.share), value: (c) => c.share, unit: "share" },
        ]} />
      )}
    </Panel>
  );
}
