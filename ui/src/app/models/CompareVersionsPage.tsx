import { Link, useParams } from "@tanstack/react-router";
import { Failed, Nothing, Skeleton } from "../../parts/States";
import { useCompared } from "../api/native";
import { asList, useSettings } from "../search";
import { PageHead } from "../shell/PageHead";
import { modelAddress } from "./addresses";
import { ComparedTable } from "./ComparedTable";
import "../views/views.css";
import "./models.css";

export default function CompareVersionsPage() {
  const { name = "" } = useParams({ strict: false });
  const [settings, change] = useSettings<{ versions: string[]; all: boolean }>();
  const asked = asList(settings.versions).slice(0, 4);
  const [first = ""] = asked;
  // Each against the first: always three, as hooks come in the same order each time.
  const found = [useCompared(name, first, asked[1] ?? ""), useCompared(name, first, asked[2] ?? ""), useCompared(name, first, asked[3] ?? "")].slice(0, asked.length - 1);
  const pairs = found.flatMap((one) => (one.data ? [one.data] : []));
  const failed = found.find((one) => one.isError);
  return (
    <>
      <PageHead title={`Versions of ${name} compared`} above={<><Link to="/models">Models</Link> › <Link to={modelAddress(name)}><bdi>{name}</bdi></Link></>}
        tools={<label className="tick-label"><input type="checkbox" checked={Boolean(settings.all)} onChange={(e) => change({ all: e.target.checked || undefined })} /> also what is the same</label>} />
      {asked.length < 2 ? <Nothing title="Nothing to compare"><p>Pick two or more versions on the <Link to={modelAddress(name)}>page of the model</Link>.</p></Nothing>
        : failed ? <Failed error={failed.error} /> : pairs.length < found.length ? <Skeleton /> : <ComparedTable pairs={pairs} all={Boolean(settings.all)} />}
    </>
  );
}
