import { Link } from "@tanstack/react-router";
import { versionAddress } from "./addresses";

/** Aliases of a model, each a link to the version that it stands for. */
export function Aliases({ name, aliases }: { name: string; aliases: readonly { alias: string; version: number }[] }) {
  if (aliases.length === 0) return <span className="muted">none</span>;
  return (
    <>
      {aliases.slice(0, 8).map((a) => (
        <Link key={a.alias} className="alias" to={versionAddress(name, a.version)} title={`${a.alias}: version ${a.version}`}><bdi>{a.alias}</bdi> v{a.version}</Link>
      ))}
      {aliases.length > 8 && <span className="muted">and {aliases.length - 8} more</span>}
    </>
  );
}

/** The same of one version, without its number. */
export function AliasNames({ aliases }: { aliases: readonly string[] }) {
  return <>{aliases.map((alias) => <span key={alias} className="alias" title={alias}><bdi>{alias}</bdi></span>)}</>;
}
