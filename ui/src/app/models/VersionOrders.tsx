import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Icon } from "../../parts/Icon";
import { OrderDialog } from "../../parts/OrderDialog";
import { andLeave } from "../api/live";
import { useModel, type VersionView } from "../api/native";
import { useOrderer } from "../api/orderer";
import { modelAddress } from "./addresses";
import { AliasDialog } from "./AliasDialog";
import { approve, deleteVersion, recordCheck, reject } from "./orders";

/** What can be done with a version. */
export function VersionOrders({ view }: { view: VersionView }) {
  const [asking, setAsking] = useState<"approve" | "reject" | "check" | "alias" | "delete" | null>(null);
  const orderer = useOrderer();
  const navigate = useNavigate();
  const { name, version } = view;
  const close = () => setAsking(null);
  return (
    <>
      <button type="button" className="button" onClick={() => setAsking("approve")}><Icon name="check" /> Approve</button>
      <button type="button" className="button" onClick={() => setAsking("reject")}><Icon name="cross" /> Reject</button>
      <button type="button" className="button" onClick={() => setAsking("check")}>Record a check</button>
      <button type="button" className="button" onClick={() => setAsking("alias")}>Set an alias</button>
      <button type="button" className="button is-grave" onClick={() => setAsking("delete")}><Icon name="trash" /> Delete</button>
      {asking === "approve" && (
        <OrderDialog title={`Approve version ${version}`} says={`You vouch for version ${version} of ${name}: gates that ask for a reviewer count it. A rejection of yours ends with it.`}
          does="Approve" reason="required" reasonLabel="What you looked at, and why it may go on" orderer={orderer} close={close} order={(reason) => approve(name, version, reason)} />
      )}
      {asking === "reject" && (
        <OrderDialog title={`Reject version ${version}`} grave says={`Version ${version} of ${name} passes no gate from now on, until you approve it. Aliases that it has stay where they are; overrides end.`}
          does="Reject" reason="required" reasonLabel="Why it must not go on" orderer={orderer} close={close} order={(reason) => reject(name, version, reason)} />
      )}
      {asking === "check" && <CheckDialog view={view} close={close} />}
      {asking === "alias" && <VersionAlias view={view} close={close} />}
      {asking === "delete" && (
        <OrderDialog title={`Delete version ${version}`} grave says={`Version ${version} of ${name} is gone for good, with its reviews${
          view.aliases.length > 0 ? ` and its ${view.aliases.length === 1 ? "alias" : "aliases"} ${view.aliases.join(", ")}` : ""}; its number never comes back. The log keeps that it was there.`}
          does="Delete for good" reason="optional" orderer={orderer} close={close}
          order={(reason) => andLeave(async () => {
            await deleteVersion(name, version, reason);
            await navigate({ to: modelAddress(name) });
          })} />
      )}
    </>
  );
}

function VersionAlias({ view, close }: { view: VersionView; close: () => void }) {
  const model = useModel(view.name);
  return <AliasDialog name={view.name} version={view.version} aliases={model.data?.aliases ?? []} asking={view.alias_gates.map((gate) => gate.alias)} close={close} />;
}

function CheckDialog({ view, close }: { view: VersionView; close: () => void }) {
  const asked = [...new Set(view.alias_gates.flatMap((gate) => gate.items.filter((item) => item.kind === "check").map((item) => item.id)))];
  const [check, setCheck] = useState(asked[0] ?? "");
  const [passed, setPassed] = useState<boolean | null>(null);
  const orderer = useOrderer();
  return (
    <OrderDialog title="Record a check" says={`The outcome is kept with version ${view.version} of ${view.name}, and gates that ask for this check count it.`} does="Record it"
      reason="required" reasonLabel="What was found, and where to read on" orderer={orderer} ready={check.trim() !== "" && passed !== null} close={close}
      order={(reason) => recordCheck(view.name, view.version, check.trim(), passed === true, reason)}>
      <label className="labelled">Check
        <input className="field" dir="auto" required list="asked-checks" value={check} onChange={(event) => setCheck(event.target.value)} />
        <datalist id="asked-checks">{asked.map((one) => <option key={one} value={one} />)}</datalist>
      </label>
      <fieldset className="outcome-choice">
        <legend>Outcome</legend>
        <label className="tick-label"><input type="radio" name="outcome" checked={passed === true} onChange={() => setPassed(true)} /> passed</label>
        <label className="tick-label"><input type="radio" name="outcome" checked={passed === false} onChange={() => setPassed(false)} /> failed</label>
      </fieldset>
    </OrderDialog>
  );
}
