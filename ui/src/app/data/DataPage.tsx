import { Link } from "@tanstack/react-router";
import { data } from "../../parts/conclude";
import { bytes, count, known, plural } from "../../parts/format";
import { Panel } from "../../parts/Layout";
import { MissingGrid } from "../../parts/MissingPatterns";
import { Moment } from "../../parts/Moment";
import { ScoreBars } from "../../parts/ScoreBars";
import { Command, Nothing } from "../../parts/States";
import { Status } from "../../parts/Status";
import { useDocument, useSources, type SourceGlance } from "../api/native";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "../views/Loaded";
import { sourceAddress } from "./address";
import "../../parts/chapters.css";
import "../views/views.css";

export default function DataPage() {
  const found = useSources();
  const document = useDocument(["ingest", "validate", "explore"]);
  const explored = document.data?.explore ?? [];
  const any = (found.data?.sources.length ?? 0) > 0;
  return (
    <>
      <PageHead title="Data">{any && document.data && <p className="page-lead">{data(document.data)}</p>}</PageHead>
      <Loaded query={found}>{(view) => (view.sources.length === 0 ? <None /> : (
        <>
          <div className="source-cards">{view.sources.map((source) => <Card key={source.source} source={source} />)}</div>
          {explored.length > 1 && (
            <Panel title="What is missing, by source" lead="The stronger the shade, the more rows lack the value. A column that one source lacks stands out." wide>
              <MissingGrid sources={explored} />
            </Panel>
          )}
        </>
      ))}</Loaded>
    </>
  );
}

function Card({ source: s }: { source: SourceGlance }) {
  const failed = (s.checks?.errors ?? 0) + (s.checks?.warnings ?? 0);
  return (
    <article className="source-card">
      <header>
        <h3><Link to={sourceAddress(s.source)}><bdi>{s.source}</bdi></Link></h3>
        <Status tone={s.use === "later" ? "new" : "known"}>{s.use === "later" ? "arrived later" : "for training"}</Status>
      </header>
      <p className="rows"><b>{count(s.rows)}</b> rows{(s.rejected ?? 0) > 0 && `, ${count(s.rejected)} rejected`}</p>
      {s.checks?.scores ? <ScoreBars scores={s.checks.scores} /> : <p className="muted">{s.state === "failed" ? s.reason : "Not checked."}</p>}
      {s.checks && (
        <p><Status tone={s.checks.errors > 0 ? "bad" : failed > 0 ? "open" : "good"}>
          {s.checks.total === 0 ? "no checks declared" : failed === 0 ? "all checks hold" : `${plural(failed, "check")} failed`}
        </Status></p>
      )}
      <small>{s.path && <code>{s.path}</code>} {known(s.bytes) && bytes(s.bytes)}{s.read_ms !== null && <>, read <Moment ms={s.read_ms} ago /></>}</small>
    </article>
  );
}

function None() {
  return (
    <Nothing title="No data has been read yet">
      <p>A run of a project reads its sources, checks them and draws a profile of each column. A file can be looked at without a project, too:</p>
      <Command text={"printf 'age,ill\\n34,0\\n71,1\\n58,1\\n' > visits.csv\nquern data profile visits.csv"} />
      <p><Link to="/">How to get a first run in</Link></p>
    </Nothing>
  );
}
