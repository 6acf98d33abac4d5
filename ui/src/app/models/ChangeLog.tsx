import { Link } from "@tanstack/react-router";
import { count, plural } from "../../parts/format";
import { LongText } from "../../parts/LongText";
import { Moment } from "../../parts/Moment";
import { Status } from "../../parts/Status";
import { useLogState, type Change } from "../api/native";
import { versionAddress } from "./addresses";

const SHOWN = 100;

/** Changes of a model, newest first: who, what, from what to what, why; and whether the log is as it was written. */
export function ChangeLog({ name, log }: { name: string; log: readonly Change[] }) {
  return (
    <>
      <ChainState />
      {log.length === 0 ? <p className="muted">Nothing has changed.</p> : (
        <ol className="log">
          {log.slice(0, SHOWN).map((entry, at) => (
            <li key={entry.sequence || `old ${at}`}>
              <b>{entry.change}</b> <Moved name={name} entry={entry} />
              {entry.reason && <> – <LongText text={entry.reason} /></>}
              <small>
                <Moment ms={entry.at_ms} /> by {entry.actor ? <bdi>{entry.actor}</bdi> : "a client that did not say who it is"}
                {entry.sequence > 0 && <>, <span title={`digest ${entry.digest}`}>record {count(entry.sequence)}</span></>}
              </small>
            </li>
          ))}
          {log.length > SHOWN && <li className="muted">and {log.length - SHOWN} earlier</li>}
        </ol>
      )}
    </>
  );
}

/** The records of all models are one chain of digests, which the server walks. */
function ChainState() {
  const { data } = useLogState();
  if (!data) return null;
  if (!data.whole) return <p role="alert" className="chain"><Status tone="bad">chain broken</Status> {data.problem}. Somebody changed the database past the registry.</p>;
  return (
    <p className="chain">
      <Status tone="good">chain whole</Status>{" "}
      <span className="muted">{data.chained === 1 ? "the one record" : `all ${count(data.chained)} records`} of the registry {data.chained === 1 ? "is as it was" : "are as they were"} written
        {(data.unchained ?? 0) > 0 && `; ${plural(data.unchained, "older one")} from before there was a chain`}</span>
    </p>
  );
}

function Moved({ name, entry }: { name: string; entry: Change }) {
  const one = (text: string) => (/^\d+$/.test(text) ? <Link to={versionAddress(name, text)}>v{text}</Link> : <bdi>{text}</bdi>);
  if (entry.before && entry.after) return <>{one(entry.before)} → {one(entry.after)}</>;
  if (entry.after) return <>{one(entry.after)}</>;
  return entry.before ? <>was {one(entry.before)}</> : null;
}
