import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Icon } from "../../parts/Icon";
import { OrderDialog } from "../../parts/OrderDialog";
import { Failed } from "../../parts/States";
import { deleteRun, deleteTag, restoreRun, setTag, updateRun, type Run } from "../api/mlflow";
import { ColorDialog, setColor, TagDialog } from "../experiments/BulkBar";
import { RenameDialog } from "../experiments/ExperimentTools";
import { COLOR, runName, tagOf } from "../experiments/runValues";

/** A change of a run; what the page shows of it is asked for again. */
export function useRunChange(run: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (change: () => Promise<unknown>) => change(),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ["run", run] });
      void cache.invalidateQueries({ queryKey: ["runs"] });
      void cache.invalidateQueries({ queryKey: ["runs-by-id"] });
    },
  });
}

export function RunTools({ run }: { run: Run }) {
  const [asking, setAsking] = useState<"name" | "tag" | "color" | "delete" | null>(null);
  const id = run.info.run_id;
  const act = useRunChange(id);
  const close = () => { act.reset(); setAsking(null); };
  const done = { onSuccess: () => setAsking(null) };
  return (
    <>
      <button type="button" className="button" onClick={() => setAsking("name")}><Icon name="pen" /> Rename</button>
      <button type="button" className="button" onClick={() => setAsking("tag")}><Icon name="tag" /> Tag</button>
      <button type="button" className="button" onClick={() => setAsking("color")}><Icon name="half" /> Colour</button>
      {run.info.lifecycle_stage === "deleted"
        ? <button type="button" className="button" onClick={() => act.mutate(() => restoreRun(id))}><Icon name="back" /> Restore</button>
        : <button type="button" className="button is-grave" onClick={() => setAsking("delete")}><Icon name="trash" /> Delete</button>}
      {asking === null && act.isError && <Failed error={act.error} />}
      {asking === "name" && <RenameDialog title="Rename the run" name={runName(run)} error={act.error} close={close} act={(name) => act.mutate(() => updateRun(id, { run_name: name }), done)} />}
      {asking === "tag" && <TagDialog title="Tag the run" error={act.error} close={close} act={(key, value) => act.mutate(() => (value === null ? deleteTag(id, key) : setTag(id, key, value)), done)} />}
      {asking === "color" && <ColorDialog title="Colour of the run" color={tagOf(run, COLOR)} error={act.error} close={close}
        act={(value) => act.mutate(() => setColor(id, value), done)} />}
      {asking === "delete" && (
        <OrderDialog title="Delete the run" says="The run goes to “Deleted”, from where it can be restored until it is purged." does="Delete" grave
          close={close} order={() => act.mutateAsync(() => deleteRun(id))} />
      )}
    </>
  );
}
