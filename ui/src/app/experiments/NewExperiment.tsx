import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { Dialog } from "../../parts/Dialog";
import { Failed } from "../../parts/States";
import { createExperiment } from "../api/mlflow";

export function NewExperiment({ close }: { close: () => void }) {
  const [name, setName] = useState("");
  const navigate = useNavigate();
  const cache = useQueryClient();
  const make = useMutation({
    mutationFn: createExperiment,
    onSuccess: (id) => {
      void cache.invalidateQueries({ queryKey: ["experiments"] });
      close();
      void navigate({ to: `/experiments/${id}` });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim()) make.mutate(name.trim());
  };
  return (
    <Dialog title="New experiment" close={close}>
      <form onSubmit={submit}>
        {make.isError && <Failed error={make.error} />}
        <label className="labelled">Name
          <input className="field" autoFocus value={name} dir="auto" onChange={(event) => setName(event.target.value)} />
        </label>
        <div className="actions is-end">
          <button type="button" className="button" onClick={close}>Cancel</button>
          <button type="submit" className="button is-main" disabled={!name.trim() || make.isPending}>Create</button>
        </div>
      </form>
    </Dialog>
  );
}
