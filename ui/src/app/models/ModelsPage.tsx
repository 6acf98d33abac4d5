import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { count, metric, plural, range } from "../../parts/format";
import { Moment } from "../../parts/Moment";
import { Command, Nothing } from "../../parts/States";
import { instant } from "../../parts/save";
import { SearchField } from "../../parts/SearchField";
import { VirtualTable, type GridColumn } from "../../parts/VirtualTable";
import { metricName } from "../../parts/words";
import { useModels, type ModelGlance } from "../api/native";
import { asText, useSettings } from "../search";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "../views/Loaded";
import { modelAddress, versionAddress } from "./addresses";
import { Aliases } from "./Aliases";
import { useNavigate } from "@tanstack/react-router";
import "../views/views.css";

export default function ModelsPage() {
  const [settings, change] = useSettings<{ search: string }>();
  const text = asText(settings.search);
  const found = useModels();
  return (
    <>
      <PageHead title="Models" />
      <div className="toolbar">
        <SearchField className="grow" label="Search models by name" hint="Search by name" value={text} apply={(search) => change({ search }, { replace: true })} />
      </div>
      <Loaded query={found}>{(view) => {
        if (view.models.length === 0) return <None />;
        const rows = view.models.filter((m) => m.name.toLowerCase().includes(text.trim().toLowerCase()));
        if (rows.length === 0) return <Nothing title="No model has such a name"><p>Nothing matches “{text}”.</p></Nothing>;
        return <Table rows={rows} />;
      }}</Loaded>
    </>
  );
}

function Table({ rows }: { rows: readonly ModelGlance[] }) {
  const navigate = useNavigate();
  const columns = useMemo((): GridColumn<ModelGlance>[] => [
    { id: "name", head: "Name", width: 200, cell: (m) => <Link to={modelAddress(m.name)} title={m.name}><bdi>{m.name}</bdi></Link> },
    { id: "champion", head: "Champion", width: 270, cell: (m) => <Champion model={m} /> },
    { id: "aliases", head: "Aliases", width: 280, cell: (m) => <Aliases name={m.name} aliases={m.aliases} /> },
    { id: "newest", head: "Newest", width: 80, cell: (m) => (m.newest === null ? "–" : <Link to={versionAddress(m.name, m.newest)}>v{m.newest}</Link>) },
    { id: "versions", head: "Versions", width: 90, numeric: true, cell: (m) => count(m.versions) },
    { id: "updated", head: "Last change", width: 110, cell: (m) => <Moment ms={m.updated_ms} ago /> },
  ], []);
  return (
    <VirtualTable label="Registered models" rows={rows} columns={columns} keyOf={(m) => m.name} onOpen={(m) => { void navigate({ to: modelAddress(m.name) }); }}
      save={() => ({
        head: ["name", "champion", "aliases", "newest", "versions", "last_change", "description"],
        rows: rows.map((m) => [m.name, m.champion?.version, m.aliases.map((a) => `${a.alias}=${a.version}`).join("; "), m.newest, m.versions, instant(m.updated_ms), m.description]),
      })}
      foot={plural(rows.length, "model")} />
  );
}

function Champion({ model }: { model: ModelGlance }) {
  const champion = model.champion;
  if (!champion) return <span className="muted">none</span>;
  const first = Object.entries(champion.metrics ?? {})[0];
  return (
    <>
      <Link to={versionAddress(model.name, champion.version)}>v{champion.version}</Link>
      {first && <span className="muted"> {metricName(first[0])} {metric(first[1]?.value)}{first[1]?.low !== undefined && ` (${range(first[1])})`}</span>}
    </>
  );
}

function None() {
  return (
    <Nothing title="No model is registered yet">
      <p><code>quern run</code> registers what passes its gates. From Python, MLflow’s own calls do:</p>
      <Command text={`pip install mlflow scikit-learn
export MLFLOW_TRACKING_URI=${window.location.origin}
python - <<'PY'
import mlflow, sklearn.datasets, sklearn.linear_model
x, y = sklearn.datasets.load_iris(return_X_y=True)
model = sklearn.linear_model.LogisticRegression(max_iter=500).fit(x, y)
with mlflow.start_run():
    mlflow.sklearn.log_model(model, name="model", registered_model_name="iris")
PY`} />
    </Nothing>
  );
}
