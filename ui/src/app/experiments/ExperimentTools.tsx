import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { Dialog } from "../../parts/Dialog";
import { Icon } from "../../parts/Icon";
import { Markdown } from "../../parts/Markdown";
import { OrderDialog } from "../../parts/OrderDialog";
import { Popover } from "../../parts/Popover";
import { Failed } from "../../parts/States";
import { deleteExperiment, renameExperiment, restoreExperiment, setExperimentTag, type Experiment } from "../api/mlflow";
import { NoteEditor } from "./NoteEditor";
import { NOTE } from "./runValues";

const noteOf = (experiment: Experiment | undefined) => experiment?.tags?.find((tag) => tag.key === NOTE)?.value ?? "";

/** Rename, describe, delete. */
export function ExperimentTools({ experiment }: { experiment: Experiment | undefined }) {
  const [asking, setAsking] = useState<"name" | "note" | "delete" | null>(null);
  const cache = useQueryClient();
  const navigate = useNavigate();
  const act = useMutation({
    mutationFn: (change: () => Promise<unknown>) => change(),
    onSuccess: async () => {
      setAsking(null);
      await cache.invalidateQueries({ queryKey: ["experiment"] });
      await cache.invalidateQueries({ queryKey: ["experiments"] });
    },
  });
  if (!experiment) return null;
  const id = experiment.experiment_id;
  const deleted = experiment.lifecycle_stage === "deleted";
  const close = () => { act.reset(); setAsking(null); };
  return (
    <>
      <Popover right button={<><Icon name="pen" /> Experiment</>}>
        {(shut) => (
          <>
            <button type="button" className="item" onClick={() => { shut(); setAsking("note"); }}>Describe it</button>
            <button type="button" className="item" onClick={() => { shut(); setAsking("name"); }}>Rename</button>
            {deleted
              ? <button type="button" className="item" onClick={() => { shut(); act.mutate(() => restoreExperiment(id)); }}>Restore</button>
              : <button type="button" className="item" onClick={() => { shut(); setAsking("delete"); }}>Delete</button>}
            <p className="caption">Id <code>{id}</code><br />Artifacts <code>{experiment.artifact_location}</code></p>
          </>
        )}
      </Popover>
      {asking === null && act.isError && <Failed error={act.error} />}
      {asking === "name" && <RenameDialog title="Rename the experiment" name={experiment.name} error={act.error} close={close} act={(name) => act.mutate(() => renameExperiment(id, name))} />}
      {asking === "note" && <NoteEditor title="What this experiment is about" text={noteOf(experiment)} error={act.error} close={close} save={(text) => act.mutate(() => setExperimentTag(id, NOTE, text))} />}
      {asking === "delete" && (
        <OrderDialog title="Delete the experiment" says="The experiment goes to “Deleted” with its runs; all of it can be restored until it is purged." does="Delete" grave
          close={close} order={async () => { await act.mutateAsync(() => deleteExperiment(id)); void navigate({ to: "/experiments" }); }} />
      )}
    </>
  );
}

export function ExperimentNote({ experiment }: { experiment: Experiment | undefined }) {
  const note = noteOf(experiment);
  return note ? <div className="experiment-note"><Markdown text={note} /></div> : null;
}

export function RenameDialog({ title, name, error, close, act }: { title: string; name: string; error: unknown; close: () => void; act: (name: string) => void }) {
  const [text, setText] = useState(name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim()) act(text.trim());
  };
  return (
    <Dialog title={title} close={close}>
      <form onSubmit={submit} className="form">
        {error ? <Failed error={error} /> : null}
        <label className="labelled">Name<input className="field" autoFocus dir="auto" value={text} onChange={(event) => setText(event.target.value)} /></label>
        <div className="actions is-end">
          <button type="button" className="button" onClick={close}>Cancel</button>
          <button type="submit" className="button is-main" disabled={!text.trim()}>Rename</button>
        </div>
      </form>
    </Dialog>
  );
}
