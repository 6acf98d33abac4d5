import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { DataTable } from "../../parts/DataTable";
import { OrderDialog } from "../../parts/OrderDialog";
import type { ModelView, Policy } from "../api/native";
import { useOrderer } from "../api/orderer";
import { versionAddress } from "./addresses";
import { AliasDialog } from "./AliasDialog";
import { deleteAlias } from "./orders";

interface Row { alias: string; version: number | null; policy: Policy | null }

function asks(policy: Policy | null): string {
  if (!policy) return "nothing: it moves freely";
  const parts = [
    ...(policy.key_metrics ?? []),
    ...(policy.reviewer === "other" ? ["a reviewer other than the author"] : policy.reviewer === "any" ? ["a reviewer"] : []),
    ...(policy.checks ?? []).map((check) => `check ${check}`),
  ];
  return parts.join("; ");
}

/** What the aliases of a model stand for and ask for; each can be moved and taken away. */
export function AliasTable({ view }: { view: ModelView }) {
  const [asking, setAsking] = useState<{ kind: "move" | "delete"; row: Row } | null>(null);
  const known = new Map(view.aliases.map((one): [string, Row] => [one.alias, { ...one, policy: null }]));
  for (const { alias, policy } of view.policies) known.set(alias, { alias, version: known.get(alias)?.version ?? null, policy });
  const rows = [...known.values()].sort((a, b) => a.alias.localeCompare(b.alias));
  const close = () => setAsking(null);
  if (rows.length === 0) return <p className="muted">None yet: the page of a version sets one.</p>;
  return (
    <>
      <DataTable label="Aliases" rows={rows} columns={[
        { head: "Alias", cell: (row) => <bdi>{row.alias}</bdi> },
        { head: "Stands for", cell: (row) => (row.version === null ? <span className="muted">no version yet</span> : <Link to={versionAddress(view.name, row.version)}>v{row.version}</Link>) },
        { head: "Asks for", cell: (row) => <span className={row.policy ? undefined : "muted"} dir="auto">{asks(row.policy)}</span> },
        { head: <span className="unseen">Orders</span>, cell: (row) => (
          <span className="row-orders">
            <button type="button" className="quiet" aria-label={`Move ${row.alias}`} onClick={() => setAsking({ kind: "move", row })}>move</button>
            {row.version !== null && <button type="button" className="quiet" aria-label={`Take ${row.alias} away`} onClick={() => setAsking({ kind: "delete", row })}>take away</button>}
          </span>
        ) },
      ]} />
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
