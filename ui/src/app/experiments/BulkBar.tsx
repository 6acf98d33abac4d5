import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { Dialog } from "../../parts/Dialog";
import { count, plural } from "../../parts/format";
import { Icon } from "../../parts/Icon";
import { OrderDialog } from "../../parts/OrderDialog";
import { Failed } from "../../parts/States";
import { ApiError } from "../api/client";
import { deleteRun, deleteTag, restoreRun, setTag } from "../api/mlflow";
import { COLOR } from "./runValues";

const AT_ONCE = 8;
const MOST_COMPARED = 100;

/** Does `act` to each, some at once. After one that fails no other is begun; its error is thrown once all that were
 *  begun have ended. */
async function forAll(ids: readonly string[], act: (id: string) => Promise<unknown>, progress: (done: number) => void) {
  const waiting = [...ids];
  const failed: unknown[] = [];
  let done = 0;
  const worker = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      try {
        await act(id);
      } catch (error) {
        failed.push(error);
        waiting.length = 0;
        return;
      }
      done += 1;
      progress(done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (failed.length > 0) throw failed[0];
}

/** What can be done with the runs that are chosen. */
export function BulkBar({ experiment, chosen, deleted, clear }: { experiment: string; chosen: readonly string[]; deleted: boolean; clear: () => void }) {
  const [asking, setAsking] = useState<"delete" | "tag" | "color" | null>(null);
  const [state, setState] = useState<{ done: number } | { error: unknown } | null>(null);
  const navigate = useNavigate();
  const cache = useQueryClient();
  const act = async (change: (id: string) => Promise<unknown>) => {
    setState({ done: 0 });
    try {
      await forAll(chosen, change, (done) => setState({ done }));
      clear();
    } finally {
      setState(null);
      void cache.invalidateQueries();
    }
  };
  const actInBar = (change: (id: string) => Promise<unknown>) => {
    setAsking(null);
    act(change).catch((error: unknown) => setState({ error }));
  };
  const runs = plural(chosen.length, "run");
  const busy = state !== null && "done" in state;
  return (
    <>
      <div className="bulk" role="group" aria-label="The runs that are chosen">
        <b aria-live="polite">{busy ? `${count(state.done)} of ${runs}…` : `${runs} chosen`}</b>
        <button type="button" className="button" disabled={chosen.length < 2 || chosen.length > MOST_COMPARED}
          onClick={() => { void navigate({ to: `/experiments/${encodeURIComponent(experiment)}/compare`, search: { runs: [...chosen] } as never }); }}>
          <Icon name="chart" /> Compare
        </button>
        <button type="button" className="button" disabled={busy} onClick={() => setAsking("tag")}><Icon name="tag" /> Tag</button>
        <button type="button" className="button" disabled={busy} onClick={() => setAsking("color")}><Icon name="half" /> Colour</button>
        {deleted
          ? <button type="button" className="button" disabled={busy} onClick={() => { actInBar(restoreRun); }}><Icon name="back" /> Restore</button>
          : <button type="button" className="button is-grave" disabled={busy} onClick={() => setAsking("delete")}><Icon name="trash" /> Delete</button>}
        <button type="button" className="quiet" onClick={clear}>Choose none</button>
      </div>
      {state !== null && "error" in state && <Failed error={state.error} />}
      {asking === "delete" && (
        <OrderDialog title={`Delete ${runs}`} says={`Deletes ${runs}; from “Deleted” each can be restored until it is purged.`} does="Delete" grave
          close={() => setAsking(null)} order={() => act(deleteRun)} />
      )}
      {asking === "tag" && <TagDialog title={`Tag ${runs}`} close={() => setAsking(null)}
        act={(key, value) => { actInBar((id) => (value === null ? deleteTag(id, key) : setTag(id, key, value))); }} />}
      {asking === "color" && <ColorDialog title={`Colour of ${runs}`} color={undefined} close={() => setAsking(null)}
        act={(value) => { actInBar((id) => setColor(id, value)); }} />}
    </>
  );
}

/** `color` null: the run has its own again, whether another was set or not. */
export async function setColor(id: string, color: string | null) {
  if (color !== null) return setTag(id, COLOR, color);
  return deleteTag(id, COLOR).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.code === "RESOURCE_DOES_NOT_EXIST")) throw error;
  });
}

/** The colour by which a run is drawn everywhere, also by MLflow's page; null: the one that its id gives it. */
export function ColorDialog({ title, color, error, close, act }: {
  title: string; color: string | undefined; error?: unknown; close: () => void; act: (color: string | null) => void;
}) {
  const [value, setValue] = useState(color ?? "#1f77b4");
  return (
    <Dialog title={title} close={close}>
      <form className="form" onSubmit={(event) => { event.preventDefault(); act(value); }}>
        {error ? <Failed error={error} /> : null}
        <label className="labelled">Colour<input type="color" className="field" autoFocus value={value} onChange={(event) => setValue(event.target.value)} /></label>
        <p className="muted">Charts and tables draw with it, for everybody.</p>
        <div className="actions is-end">
          <button type="button" className="button" onClick={() => act(null)}>As it was at first</button>
          <button type="button" className="button" onClick={close}>Cancel</button>
          <button type="submit" className="button is-main">Set</button>
        </div>
      </form>
    </Dialog>
  );
}

/** A tag to be set, or taken away (null). */
export function TagDialog({ title, error, close, act }: { title: string; error?: unknown; close: () => void; act: (key: string, value: string | null) => void }) {
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim()) act(key.trim(), value);
  };
  return (
    <Dialog title={title} close={close}>
      <form onSubmit={submit} className="form">
        {error ? <Failed error={error} /> : null}
        <label className="labelled">Key<input className="field" autoFocus dir="auto" value={key} onChange={(event) => setKey(event.target.value)} /></label>
        <label className="labelled">Value<textarea className="field" rows={3} dir="auto" value={value} onChange={(event) => setValue(event.target.value)} /></label>
        <div className="actions is-end">
          <button type="button" className="button is-grave" disabled={!key.trim()} onClick={() => act(key.trim(), null)}>Remove the tag</button>
          <button type="button" className="button" onClick={close}>Cancel</button>
          <button type="submit" className="button is-main" disabled={!key.trim()}>Set</button>
        </div>
      </form>
    </Dialog>
  );
}
