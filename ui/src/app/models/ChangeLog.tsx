import { Link } from "@tanstack/react-router";
import { Moment } from "../../parts/Moment";
import type { Change } from "../api/native";
import { versionAddress } from "./addresses";

/** Changes of a model, newest first: who, what, from what to what, why. */
export function ChangeLog({ name, log }: { name: string; log: readonly Change[] }) {
  if (log.length === 0) return <p className="muted">Nothing has changed.</p>;
  return (
    <ol className="log">
      {log.slice(0, 100).map((entry, at) => (
        <li key={at}>
          <b>{entry.change}</b> <Moved name={name} entry={entry} />
          {entry.reason && <span dir="auto"> – {entry.reason}</span>}
          <small><Moment ms={entry.at_ms} /> by {entry.actor ? <bdi>{entry.actor}</bdi> : "a client that did not say who it is"}</small>
        </li>
      ))}
      {log.length > 100 && <li className="muted">and {log.length - 100} earlier</li>}
    </ol>
  );
}

function Moved({ name, entry }: { name: string; entry: Change }) {
  const one = (text: string) => (/^\d+$/.test(text) ? <Link to={versionAddress(name, text)}>v{text}</Link> : <bdi>{text}</bdi>);
  if (entry.before && entry.after) return <>{one(entry.before)} → {one(entry.after)}</>;
  if (entry.after) return <>{one(entry.after)}</>;
  return entry.before ? <>was {one(entry.before)}</> : null;
}
