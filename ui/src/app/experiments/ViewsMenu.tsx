import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Icon } from "../../parts/Icon";
import { Popover } from "../../parts/Popover";
import { Failed } from "../../parts/States";
import { deleteExperimentTag, setExperimentTag, type Experiment } from "../api/mlflow";
import { sameView, viewsOf, viewTag, viewValue, whole, type RunsSettings } from "./views";

/** Named views of an experiment: take one, save what is set as one. */
export function ViewsMenu({ experiment, settings, change }: {
  experiment: Experiment | undefined; settings: Partial<RunsSettings>; change: (settings: Partial<RunsSettings>) => void;
}) {
  const views = viewsOf(experiment);
  const now = views.find((view) => view.name === settings.view);
  const changed = now !== undefined && !sameView(now.settings, settings);
  return (
    <Popover right button={<><Icon name="star" /> {now ? <bdi className="cut">{now.name}{changed ? " *" : ""}</bdi> : "Views"}</>} label={now ? `Views: ${now.name}${changed ? ", changed" : ""}` : "Views"}>
      {(close) => experiment && <Menu experiment={experiment} settings={settings} change={change} close={close} />}
    </Popover>
  );
}

function Menu({ experiment, settings, change, close }: {
  experiment: Experiment; settings: Partial<RunsSettings>; change: (settings: Partial<RunsSettings>) => void; close: () => void;
}) {
  const [name, setName] = useState(settings.view ?? "");
  const cache = useQueryClient();
  const views = viewsOf(experiment);
  const refresh = () => cache.invalidateQueries({ queryKey: ["experiment", experiment.experiment_id] });
  const save = useMutation({
    mutationFn: (named: string) => setExperimentTag(experiment.experiment_id, viewTag(named), viewValue({ name: named, settings })),
    onSuccess: async (_, named) => { await refresh(); change({ view: named }); close(); },
  });
  const remove = useMutation({ mutationFn: (named: string) => deleteExperimentTag(experiment.experiment_id, viewTag(named)), onSuccess: refresh });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim()) save.mutate(name.trim());
  };
  return (
    <>
      {(save.isError || remove.isError) && <Failed error={save.error ?? remove.error} />}
      {views.map((view) => (
        <div key={view.name} className="menu-row">
          <button type="button" className="item" aria-pressed={settings.view === view.name}
            onClick={() => { change({ ...whole(view.settings), view: view.name }); close(); }}><bdi>{view.name}</bdi></button>
          <button type="button" className="icon-button" aria-label={`Remove the view ${view.name}`} onClick={() => remove.mutate(view.name)}><Icon name="trash" /></button>
        </div>
      ))}
      <button type="button" className="item" onClick={() => { change({ ...whole({}), view: undefined }); close(); }}>As it was at first</button>
      <form className="popover-head" onSubmit={submit}>
        <input className="field" aria-label="Name of the view" placeholder="Save what is set as…" maxLength={200} dir="auto" value={name} onChange={(event) => setName(event.target.value)} />
        <button type="submit" className="button" disabled={!name.trim() || save.isPending}>Save</button>
      </form>
      <p className="caption">Kept with the experiment: everybody has them.</p>
    </>
  );
}
