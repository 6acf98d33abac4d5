import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { OrderDialog } from "../../parts/OrderDialog";
import type { ModelView, Policy } from "../api/native";
import { useOrderer } from "../api/orderer";
import { versionAddress } from "./addresses";
import { AliasDialog } from "./AliasDialog";
import { deleteAlias } from "./orders";
import { inWords } from "./policy";
import { PolicyDialog } from "./PolicyDialog";

interface Row { alias: string; version: number | null; policy: Policy | null }

/** What the aliases of a model stand for and ask for; each can be moved and taken away. */
export function AliasList({ view }: { view: ModelView }) {
  const [asking, setAsking] = useState<{ kind: "move" | "delete" | "policy"; row: Row } | { kind: "new" } | null>(null);
  const known = new Map(view.aliases.map((one): [string, Row] => [one.alias, { ...one, policy: null }]));
  for (const { alias, policy } of view.policies) known.set(alias, { alias, version: known.get(alias)?.version ?? null, policy });
  const rows = [...known.values()].sort((a, b) => a.alias.localeCompare(b.alias));
  const close = () => setAsking(null);
  const at = view.policies_at;
  return (
    <>
      {rows.length === 0 ? <p className="muted">None yet: the page of a version sets one.</p> : (
        <ul className="alias-list" aria-label="Aliases">
          {rows.map((row) => (
            <li key={row.alias}>
              <p>
                <span className="alias"><bdi>{row.alias}</bdi></span>{" "}
                {row.version === null ? <span className="muted">stands for no version yet</span> : <>stands for <Link to={versionAddress(view.name, row.version)}>v{row.version}</Link></>}
              </p>
              <p className={row.policy ? undefined : "muted"} dir="auto">asks for {inWords(row.policy)}</p>
              <p className="row-orders">
                <button type="button" className="quiet" aria-label={`Move ${row.alias}`} onClick={() => setAsking({ kind: "move", row })}>move</button>
                <button type="button" className="quiet" aria-label={`What ${row.alias} asks for`} onClick={() => setAsking({ kind: "policy", row })}>ask for…</button>
                {row.version !== null && <button type="button" className="quiet" aria-label={`Take ${row.alias} away`} onClick={() => setAsking({ kind: "delete", row })}>take away</button>}
              </p>
            </li>
          ))}
        </ul>
      )}
      <p className="caption">
        <button type="button" className="quiet" onClick={() => setAsking({ kind: "new" })}>Ask for something before an alias moves…</button>
        {at && <> Declared in <code>{at.where}</code>.</>}
      </p>
      {asking?.kind === "policy" && <PolicyDialog name={view.name} alias={asking.row.alias} policy={asking.row.policy} declared={at} close={close} />}
      {asking?.kind === "new" && <PolicyDialog name={view.name} alias={null} policy={null} declared={at} close={close} />}
      {asking?.kind === "move" && <AliasDialog name={view.name} alias={asking.row.alias} aliases={view.aliases} asking={[]} close={close} />}
      {asking?.kind === "delete" && <TakeAway name={view.name} row={asking.row} close={close} />}
    </>
  );
}

function TakeAway({ name, row, close }: { name: string; row: Row; close: () => void }) {
  const orderer = useOrderer();
  return (
    <OrderDialog title={`Take ${row.alias} away`} grave does="Take it away" reason="optional" orderer={orderer} close={close}
      says={`${row.alias} stands for nothing any more: whoever asks for models:/${name}@${row.alias} finds no version. Version ${row.version ?? ""} itself stays.`}
      order={(reason) => deleteAlias(name, row.alias, reason)} />
  );
}
