import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Moment } from "../../parts/Moment";
import { Failed } from "../../parts/States";
import { modelsOfExperiment, versionsOfRun, type LoggedModel, type ModelVersion, type Run } from "../api/mlflow";
import { liveOn } from "../api/queries";
import { runAddress } from "../experiments/runValues";
import { versionAddress } from "../models/addresses";

export function useModelsOfRun(run: Run) {
  const id = run.info.run_id;
  return useQuery({
    queryKey: ["models-of-run", id], meta: liveOn("models"),
    queryFn: ({ signal }) => modelsOfExperiment(run.info.experiment_id, `attributes.source_run_id = '${id}'`, signal),
  });
}

/** Models that the run logged, and the versions that were registered of it. */
export function RunModels({ run }: { run: Run }) {
  const id = run.info.run_id;
  const logged = useModelsOfRun(run);
  const versions = useQuery({ queryKey: ["versions-of-run", id], meta: liveOn("models"), queryFn: ({ signal }) => versionsOfRun(id, signal) });
  if (logged.isError || versions.isError) return <Failed error={logged.error ?? versions.error} />;
  const none = logged.data?.length === 0 && versions.data?.length === 0;
  if (none) return <p className="muted">The run logged no model, and none was registered of it.</p>;
  return (
    <ul className="things">
      {logged.data?.map((model) => <Logged key={model.info.model_id} run={run} model={model} />)}
      {versions.data?.map((version) => <Version key={`${version.name} ${version.version}`} version={version} />)}
    </ul>
  );
}

function Logged({ run, model }: { run: Run; model: LoggedModel }) {
  const { info } = model;
  return (
    <li>
      <Link to={runAddress(run)} search={{ tab: "artifacts", model: info.model_id, path: "MLmodel" } as never} title="Its signature and files"><bdi>{info.name}</bdi></Link> <code>{info.model_id}</code>{" "}
      <small>logged <Moment ms={info.creation_timestamp_ms} /> · {info.status.replace("LOGGED_MODEL_", "").toLowerCase()}</small>
    </li>
  );
}

function Version({ version }: { version: ModelVersion }) {
  return (
    <li>
      <Link to={versionAddress(version.name, version.version)}><bdi>{version.name} {version.version}</bdi></Link>{" "}
      {version.aliases?.map((alias) => <span key={alias} className="chip">@<bdi>{alias}</bdi></span>)}{" "}
      <small>registered <Moment ms={version.creation_timestamp} /></small>
    </li>
  );
}
