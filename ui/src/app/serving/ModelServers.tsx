import { DataTable } from "../../parts/DataTable";
import { count, num, percent } from "../../parts/format";
import { Sparkline } from "../../parts/Histogram";
import { Panel } from "../../parts/Layout";
import { Moment } from "../../parts/Moment";
import { Command } from "../../parts/States";
import { Status } from "../../parts/Status";
import { useVersion, type Deployment } from "../api/native";
import type { ModelServer, ServedModel } from "../api/serving";
import { keyOf, LOOKED_BACK_S, useRates, type Rate } from "./rates";

interface Row { server: ModelServer; model: ServedModel; rate: Rate | undefined }

/** The model servers of this store that listen now, and what they answer at this moment. `live`: what a run left in service. */
export function ModelServers({ servers, at, live }: { servers: readonly ModelServer[]; at: number; live: Deployment | undefined }) {
  const rates = useRates(servers, at);
  const none = servers.length === 0;
  const version = useVersion(live?.name ?? "", String(live?.version ?? ""), none && live !== undefined);
  if (none) {
    const command = version.data?.snippets.find((snippet) => snippet.title === "Serve it")?.code;
    return (
      <Panel title="Model servers, now" wide lead={command && "No model server of this store listens at this moment. This starts one; then it shows here, and can be asked by a form:"}>
        {command ? <Command text={command} />
          : <p className="muted">No model server of this store listens at this moment. <code>quern serve MODEL</code> in the project’s folder starts one, and it shows here.</p>}
      </Panel>
    );
  }
  const rows: Row[] = servers.flatMap((server) => (server.models ?? []).map((model) => ({ server, model, rate: rates.get(keyOf(server.id, model.name, model.version)) })));
  const all = rows.reduce((sum, row) => sum + (row.rate?.now ?? 0), 0);
  return (
    <Panel title="Model servers, now" wide lead={`${num(all)} requests per second; counts are of each server since it was started.`}>
      {rows.length > 0 && <DataTable label="What is served now" rows={rows} columns={[
        { head: "Model", cell: ({ model }) => <><bdi>{model.name}</bdi> v{model.version}</> },
        { head: "Where", cell: ({ server }) => <code className="address">{server.url}</code> },
        { head: "Requests per second", numeric: true, cell: ({ rate }) => (rate?.now === null || rate === undefined ? "…" : num(rate.now)) },
        { head: `Last ${num(LOOKED_BACK_S / 60)} minutes`, cell: ({ model, rate }) => <span className="rate-line"><Sparkline counts={padded(rate?.past ?? [])} color="known"
          label={`${model.name} version ${model.version}, requests per second over time; now ${num(rate?.now ?? 0)}`} /></span> },
        { head: "Mean time", numeric: true, cell: ({ rate, model }) => (model.requests > 0 ? `${num(rate?.meanMs ?? model.busy_ms / model.requests)} ms` : "–") },
        { head: "Answered", numeric: true, cell: ({ model }) => count(model.requests), value: ({ model }) => model.requests },
        { head: "Failed", numeric: true, cell: ({ model }) => (model.failed === 0 ? "0" : `${count(model.failed)} (${percent(model.failed / (model.requests + model.failed))})`) },
        { head: "Up since", cell: ({ server }) => <Moment ms={server.since_ms} ago /> },
      ]} />}
      {servers.filter((s) => s.models === null).map((server) => (
        <p key={server.id}><Status tone="open">not known</Status> <code>{server.url}</code>: <span dir="auto">{server.why}</span></p>
      ))}
    </Panel>
  );
}

/** The newest look stands at the right end from the beginning. */
function padded(past: readonly number[]): (number | null)[] {
  const empty = Math.max(0, LOOKED_BACK_S / 2 - past.length);
  return [...Array.from<null>({ length: empty }).fill(null), ...past];
}
