import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { plural } from "../../parts/format";
import { Icon } from "../../parts/Icon";
import { OrderDialog } from "../../parts/OrderDialog";
import { andLeave } from "../api/live";
import type { ModelView } from "../api/native";
import { useOrderer } from "../api/orderer";
import { modelAddress } from "./addresses";
import { deleteModel, renameModel } from "./orders";

/** What can be done with a registered model as a whole. */
export function ModelOrders({ view }: { view: ModelView }) {
  const [asking, setAsking] = useState<"rename" | "delete" | null>(null);
  return (
    <>
      <button type="button" className="button" onClick={() => setAsking("rename")}><Icon name="pen" /> Rename</button>
      <button type="button" className="button is-grave" onClick={() => setAsking("delete")}><Icon name="trash" /> Delete</button>
      {asking === "rename" && <RenameDialog view={view} close={() => setAsking(null)} />}
      {asking === "delete" && <DeleteDialog view={view} close={() => setAsking(null)} />}
    </>
  );
}

function RenameDialog({ view, close }: { view: ModelView; close: () => void }) {
  const [name, setName] = useState(view.name);
  const orderer = useOrderer();
  const navigate = useNavigate();
  const next = name.trim();
  return (
    <OrderDialog title={`Rename ${view.name}`} does="Rename" reason="optional" orderer={orderer} ready={next !== "" && next !== view.name} close={close}
      says={`Versions, aliases, gates and the log go with it. Programs that ask for models:/${view.name}, and a project that registers under that name, do not: they need the new one.`}
      order={(reason) => andLeave(async () => {
        await renameModel(view.name, next, reason);
        await navigate({ to: modelAddress(next), replace: true });
      })}>
      <label className="labelled">New name<input className="field" dir="auto" required value={name} onChange={(event) => setName(event.target.value)} /></label>
    </OrderDialog>
  );
}

function DeleteDialog({ view, close }: { view: ModelView; close: () => void }) {
  const [typed, setTyped] = useState("");
  const orderer = useOrderer();
  const navigate = useNavigate();
  return (
    <OrderDialog title={`Delete ${view.name}`} grave does="Delete for good" reason="optional" orderer={orderer} ready={typed === view.name} close={close}
      says={`${view.name} is gone for good, with ${plural(view.versions_in_all, "version")}${view.aliases.length > 0 ? ` and ${plural(view.aliases.length, "alias", "aliases")}` : ""}. The log keeps that it was there.`}
      order={(reason) => andLeave(async () => {
        await deleteModel(view.name, reason);
        await navigate({ to: "/models", replace: true });
      })}>
      <label className="labelled">Type its name to go on<input className="field" dir="auto" required autoComplete="off" value={typed} onChange={(event) => setTyped(event.target.value)} /></label>
    </OrderDialog>
  );
}
