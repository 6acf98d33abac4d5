import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from "react";
import { Dialog } from "./Dialog";
import { Failed } from "./States";

/** Who gives orders, as the reader says it is, and how to say it anew. */
export interface Orderer { name: string; rename: (name: string) => void }

export interface Order {
  title: string;
  /** What will happen, in one sentence. */
  says: ReactNode;
  /** The word on the button. */
  does: string;
  /** What cannot be taken back is drawn as such. */
  grave?: boolean;
  /** A reason is kept with the record of the order: asked for, or needed. None if the record has no place for one. */
  reason?: "optional" | "required";
  /** What the reason should say, if "Why" does not. */
  reasonLabel?: string;
  /** Whose name the record bears; asked for before the first order. None if the record names nobody. */
  orderer?: Orderer;
  /** False while the fields (`children`) make no order yet. */
  ready?: boolean;
  /** Sends the order; what it throws is shown, and the dialog stays. */
  order: (reason: string) => Promise<unknown>;
  close: () => void;
  /** How a refusal is shown; as the server's own words unless said otherwise. */
  refused?: (error: unknown) => ReactNode;
  /** Further fields. */
  children?: ReactNode;
}

/** Asks before something is changed: says what will happen, takes the reason, stays until the server has done it. */
export function OrderDialog({ title, says, does, grave, reason, reasonLabel, orderer, ready = true, order, close, refused, children }: Order) {
  const [why, setWhy] = useState("");
  const [name, setName] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const form = useRef<HTMLFormElement>(null);
  const said = useId();
  useEffect(() => {
    form.current?.querySelector<HTMLElement>("input, select, textarea, button")?.focus();
  }, []);
  const named = (name ?? orderer?.name ?? "").trim();
  const able = ready && !busy && (reason !== "required" || why.trim() !== "") && (!orderer || named !== "");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!able) return;
    if (orderer && named !== orderer.name) orderer.rename(named);
    setBusy(true);
    setError(null);
    try {
      await order(why.trim());
      close();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} close={() => { if (!busy) close(); }}>
      <form ref={form} className="form" aria-describedby={said} onSubmit={(event) => { void submit(event); }}>
        <p id={said} className="says" dir="auto">{says}</p>
        {children}
        {reason && (
          <label className="labelled">{reasonLabel ?? "Why"}{reason === "optional" && " (may stay empty)"}
            <textarea className="field" rows={3} dir="auto" required={reason === "required"} value={why} onChange={(event) => setWhy(event.target.value)} />
          </label>
        )}
        {orderer && (orderer.name === "" || name !== null
          ? <label className="labelled">Your name
              <input className="field" dir="auto" required autoComplete="username" value={name ?? ""} onChange={(event) => setName(event.target.value)} />
              <small>Stands in the record as declared, until there are accounts.</small>
            </label>
          : <p className="signed">Recorded as <bdi>{orderer.name}</bdi>. <button type="button" className="quiet" onClick={() => setName(orderer.name)}>Another name</button></p>)}
        {error !== null && (refused?.(error) ?? <Failed error={error} />)}
        <div className="actions is-end">
          <button type="button" className="button" disabled={busy} onClick={close}>Cancel</button>
          <button type="submit" className={grave ? "button is-grave" : "button is-main"} disabled={!able} aria-busy={busy}>{busy ? "A moment…" : does}</button>
        </div>
      </form>
    </Dialog>
  );
}
