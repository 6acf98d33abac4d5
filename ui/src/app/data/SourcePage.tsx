import { Link, useParams } from "@tanstack/react-router";
import { DataTable } from "../../parts/DataTable";
import { bytes, count, percent, plural } from "../../parts/format";
import { Panel, TableFrame } from "../../parts/Layout";
import { Moment } from "../../parts/Moment";
import { SourceDetail } from "../../parts/SourceDetail";
import { Status } from "../../parts/Status";
import { checkSentence } from "../../parts/words";
import { useSource, type SourceView } from "../api/native";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "../views/Loaded";
import { compareAddress } from "./address";
import "../../parts/chapters.css";
import "../views/views.css";

export default function SourcePage() {
  const { source = "" } = useParams({ strict: false });
  const found = useSource(source);
  return (
    <>
      <PageHead title={source} name={<bdi>{source}</bdi>} above={<Link to="/data">Data</Link>}>
        {found.data && <p className="page-lead">{conclude(found.data)}</p>}
      </PageHead>
      <Loaded query={found}>{(view) => (
        <>
          <SourceDetail single source={{ name: view.source, later: view.use === "later", ingest: view.ingest ?? undefined, validate: view.validate ?? undefined,
            explore: view.explore ?? undefined }} />
          <div className="two">
            <Panel title="Snapshots" lead="What a run read is kept as it was; the same content is the same snapshot."><Snapshots view={view} /></Panel>
            <Panel title="Checks over time" lead="Newest first."><History view={view} /></Panel>
          </div>
        </>
      )}</Loaded>
    </>
  );
}

function conclude(view: SourceView): string {
  const checks = view.validate?.checks ?? [];
  const failed = checks.filter((c) => !c.success).length;
  return `${plural(view.ingest?.rows, "row")}${(view.ingest?.rejected ?? 0) > 0 ? `, ${count(view.ingest?.rejected)} rejected` : ""}; ${
    checks.length === 0 ? "no checks are declared" : failed === 0 ? `all ${checks.length} checks hold` : `${failed} of ${plural(checks.length, "check")} failed`}. ${
    view.use === "later" ? "It arrived after training and is watched by monitoring." : "Models are trained on it."}`;
}

function Snapshots({ view }: { view: SourceView }) {
  if (view.snapshots.length === 0) return <p className="muted">None is kept.</p>;
  const now = view.ingest?.digest;
  return (
    <DataTable label="Snapshots" rows={view.snapshots} emphasize={(s) => s.digest === view.ingest?.digest} columns={[
      { head: "Content", cell: (s) => <code title={s.digest ?? undefined}>{s.digest?.slice(0, 12) ?? "–"}</code> },
      { head: "Rows", numeric: true, cell: (s) => count(s.rows), value: (s) => s.rows },
      { head: "Rejected", numeric: true, cell: (s) => count(s.rejected), value: (s) => s.rejected },
      { head: "Size", numeric: true, cell: (s) => bytes(s.bytes), value: (s) => s.bytes, unit: "bytes" },
      { head: "Read", cell: (s) => <Link to={`/pipeline/${s.run_id}`}><Moment ms={s.at_ms} /></Link> },
      { head: "Compared", cell: (s) => (!now || !s.digest || s.digest === now ? <span className="muted">{s.digest === now ? "the present one" : "–"}</span>
        : <Link to={compareAddress(view.source)} search={{ before: s.digest, after: now } as never}>with the present one</Link>) },
    ]} />
  );
}

/** Each check a row, each look a column: where it began to fail shows. */
function History({ view }: { view: SourceView }) {
  const looks = view.history.slice(0, 8);
  const names = [...new Set(looks.flatMap((look) => look.checks.map((c) => c.name)))];
  const ever = names.filter((name) => looks.some((look) => look.checks.find((c) => c.name === name)?.success === false));
  if (looks.length === 0) return <p className="muted">It was never checked.</p>;
  if (ever.length === 0) return <p className="muted">No check failed in {plural(looks.length, "look")}.</p>;
  return (
    <TableFrame label="Checks that failed, over time">
      <table>
        <thead><tr><th scope="col">Check that failed</th>{looks.map((look) => <th key={look.at_ms} scope="col"><Moment ms={look.at_ms} ago /></th>)}</tr></thead>
        <tbody>
          {ever.map((name) => (
            <tr key={name}>
              <th scope="row" title={name}>{checkSentence(looks.flatMap((look) => look.checks).find((c) => c.name === name)?.text ?? name)}</th>
              {looks.map((look) => {
                const check = look.checks.find((c) => c.name === name);
                return <td key={look.at_ms} title={check?.text}>{!check ? <span className="muted">not declared</span>
                  : check.success ? <Status tone="good">holds</Status> : <Status tone={check.severity === "error" ? "bad" : "open"}>{percent(check.share)}</Status>}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}
