import { useId, useState } from "react";
import { OrderDialog } from "../../parts/OrderDialog";
import { Failed, Skeleton } from "../../parts/States";
import { ApiError } from "../api/client";
import { useAliasGate } from "../api/native";
import { useOrderer } from "../api/orderer";
import { GateItems } from "./GateItems";
import { forceAlias, setAlias } from "./orders";

export interface AliasOrder {
  name: string;
  /** What the aliases of the model stand for now. */
  aliases: readonly { alias: string; version: number }[];
  /** Aliases that ask for something, which may stand for nothing yet. */
  asking: readonly string[];
  /** What is fixed: the version (its page) or the alias (the model's page). */
  version?: number; alias?: string;
  close: () => void;
}

const closedGate = (error: unknown) => error instanceof ApiError && error.code === "INVALID_STATE";

/** An alias is set or moved; where its gate is closed, what is missing is listed, and an override is a step of its own. */
export function AliasDialog({ name, aliases, asking, version: fixed, alias: given, close }: AliasOrder) {
  const [alias, setAliasText] = useState(given ?? "");
  const [number, setNumber] = useState(fixed === undefined ? "" : String(fixed));
  const [override, setOverride] = useState(false);
  const orderer = useOrderer();
  const listed = useId();
  const version = /^[1-9]\d{0,15}$/.test(number.trim()) ? Number(number) : 0;
  const now = aliases.find((one) => one.alias === alias.trim())?.version;
  if (override) return <OverrideDialog name={name} alias={alias.trim()} version={version} close={close} />;
  return (
    <OrderDialog title={given ? `Move ${given}` : `Set an alias of version ${number}`} does={now === undefined ? "Set the alias" : "Move the alias"} reason="optional" orderer={orderer}
      says={says(name, alias.trim(), version, now)} ready={alias.trim() !== "" && version > 0 && version !== now} close={close}
      order={(reason) => setAlias(name, alias.trim(), version, reason)}
      refused={(error) => (closedGate(error)
        ? <Refusal name={name} alias={alias.trim()} version={version} error={error} override={() => setOverride(true)} /> : <Failed error={error} />)}>
      {given === undefined && (
        <label className="labelled">Alias
          <input className="field" dir="auto" required list={listed} value={alias} onChange={(event) => setAliasText(event.target.value)} />
          <datalist id={listed}>{[...new Set(["champion", ...aliases.map((one) => one.alias), ...asking])].map((one) => <option key={one} value={one} />)}</datalist>
        </label>
      )}
      {fixed === undefined && (
        <label className="labelled">Version
          <input className="field" inputMode="numeric" required value={number} onChange={(event) => setNumber(event.target.value)} />
        </label>
      )}
    </OrderDialog>
  );
}

function says(name: string, alias: string, version: number, now: number | undefined): string {
  if (alias === "" || version === 0) return "An alias stands for one version; whoever asks for the alias gets that version from then on.";
  if (now === version) return `${alias} stands for version ${version} already.`;
  return `models:/${name}@${alias} will be version ${version}${now === undefined ? "" : `, no longer version ${now}`}, for everybody who asks for it from then on.`;
}

/** Why the gate is closed, item by item, and the way past it. */
function Refusal({ name, alias, version, error, override }: { name: string; alias: string; version: number; error: unknown; override: () => void }) {
  const gate = useAliasGate(name, version, alias);
  return (
    <div className="failed" role="alert">
      <p><b>Refused: version {version} may not be <bdi>{alias}</bdi> yet.</b></p>
      {gate.data ? <GateItems gate={gate.data} /> : gate.isError ? <p>{error instanceof Error ? error.message : String(error)}</p> : <Skeleton lines={3} />}
      <button type="button" className="button is-grave" onClick={override}>Override the gate…</button>
    </div>
  );
}

function OverrideDialog({ name, alias, version, close }: { name: string; alias: string; version: number; close: () => void }) {
  const gate = useAliasGate(name, version, alias);
  const orderer = useOrderer();
  return (
    <OrderDialog key="override" title={`Move ${alias} past its gate`} does="Override and move" grave reason="required" orderer={orderer} close={close}
      reasonLabel="Why it must be so, although the gate is closed"
      says={`Version ${version} becomes ${alias} although its gate is closed. The override stays in the log of ${name} with your name and the reason; a rejection ends it.`}
      order={(reason) => forceAlias(name, alias, version, reason)}>
      {gate.data && <GateItems gate={gate.data} />}
    </OrderDialog>
  );
}
