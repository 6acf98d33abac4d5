import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Moment } from "../../parts/Moment";
import { Failed } from "../../parts/States";
import { modelsOfExperiment, versionsOfRun, type LoggedModel, type ModelVersion, type Run } from "../api/mlflow";
import { runAddress } from "../experiments/runValues";
import { PAGES } from "../pages";

export function useModelsOfRun(run: Run) {
  const id = run.info.run_id;
  return useQuery({
    queryKey: ["models-of-run", id],
    queryFn: ({ signal }) => modelsOfExperiment(run.info.experiment_id, `attributes.source_run_id = '${id}'`, signal),
  });
}

/** Models that the run logged, and the versions that were registered of it. */
export function RunModels({ run }: { run: Run }) {
  const id = run.info.run_id;
  const logged = useModelsOfRun(run);
  const versions = useQuery({ queryKey: ["versions-of-run", id], queryFn: ({ signal }) => versionsOfRun(id, signal) });
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

/** A link once there is a page of models to go to. */
function Version({ version }: { version: ModelVersion }) {
  const label = <bdi>{version.name} {version.version}</bdi>;
  const page = PAGES.some((one) => one.path === "/models");
  return (
    <li>
      {page ? <Link to={`/models/${encodeURIComponent(version.name)}/versions/${version.version}`}>{label}</Link> : <b>{label}</b>}{" "}
      {version.aliases?.map((alias) => <span key={alias} className="chip">@<bdi>{alias}</bdi></span>)}{" "}
      <small>registered <Moment ms={version.creation_timestamp} /></small>
    </li>
  );
}
