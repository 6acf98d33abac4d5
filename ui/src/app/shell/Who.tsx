import { useState } from "react";
import { Icon } from "../../parts/Icon";
import { OrderDialog } from "../../parts/OrderDialog";
import { setOrderer, useOrderer } from "../api/orderer";

/** Who gives orders from this browser; a click changes it. */
export function Who() {
  const [open, setOpen] = useState(false);
  const { name } = useOrderer();
  return (
    <>
      <button type="button" className="who" onClick={() => setOpen(true)} title={name ? `Orders are recorded as ${name}` : "Say who you are in the records of orders"}
        aria-label={name ? `Orders are recorded as ${name}; change` : "Say who you are in the records of orders"}>
        <Icon name="person" /> <bdi>{name || "no name"}</bdi>
      </button>
      {open && <NameDialog name={name} close={() => setOpen(false)} />}
    </>
  );
}

function NameDialog({ name, close }: { name: string; close: () => void }) {
  const [draft, setDraft] = useState(name);
  return (
    <OrderDialog title="Your name" does="Keep" close={close}
      says="Approvals, moved aliases and other orders from this browser are recorded under it, as declared: there are no accounts yet, and nobody checks it."
      order={() => { setOrderer(draft); return Promise.resolve(); }}>
      <label className="labelled">Name
        <input className="field" dir="auto" autoComplete="username" value={draft} onChange={(event) => setDraft(event.target.value)} />
      </label>
    </OrderDialog>
  );
}
