import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { count, plural } from "../../parts/format";
import { LongText } from "../../parts/LongText";
import { Moment } from "../../parts/Moment";
import { instant } from "../../parts/save";
import { SaveTable } from "../../parts/SaveTable";
import { Status } from "../../parts/Status";
import { useLogState, type Change } from "../api/native";
import { versionAddress } from "./addresses";

const MORE = 100;

/** Changes of a model, newest first: who, what, from what to what, why; and whether the log is as it was written. `inAll`: with those that
 *  were not sent, which `whole` asks for, oldest first; `what` they are of, for the name of a file. */
export function ChangeLog({ name, log, inAll, what, whole }: { name: string; log: readonly Change[]; inAll: number; what: string; whole?: () => Promise<Change[]> }) {
  const [shown, setShown] = useState(MORE);
  const left = inAll - Math.min(shown, log.length);
  const save = async () => {
    const all = whole && inAll > log.length ? await whole() : [...log].reverse();
    return {
      head: ["record", "time", "actor", "change", "before", "after", "reason", "digest"],
      rows: all.map((e) => [e.sequence || null, instant(e.at_ms), e.actor, e.change, e.before, e.after, e.reason, e.digest]),
    };
  };
  return (
    <>
      <ChainState />
      {log.length === 0 ? <p className="muted">Nothing has changed.</p> : (
        <ol className="log">
          {log.slice(0, shown).map((entry, at) => (
            <li key={entry.sequence || `old ${at}`}>
              <b>{entry.change}</b> <Moved name={name} entry={entry} />
              {entry.reason && <> – <LongText text={entry.reason} /></>}
              <small>
                <Moment ms={entry.at_ms} /> by {entry.actor ? <bdi>{entry.actor}</bdi> : "a client that did not say who it is"}
                {entry.sequence > 0 && <>, <span title={`digest ${entry.digest}`}>record {count(entry.sequence)}</span></>}
              </small>
            </li>
          ))}
          {left > 0 && <li className="muted">{shown < log.length ? <button type="button" className="quiet" onClick={() => setShown(shown + MORE)}>{count(left)} earlier</button>
            : `${count(left)} earlier${whole ? ": the file has them all" : ", on the page of the model"}`}</li>}
        </ol>
      )}
      {log.length > 0 && <SaveTable name={`changes of ${what}`} table={save} />}
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
