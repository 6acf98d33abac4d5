import { useState } from "react";
import { OrderDialog } from "../../parts/OrderDialog";
import { Failed } from "../../parts/States";
import { ApiError } from "../api/client";
import { useAliasGate, useModel, useModels, type ServingView } from "../api/native";
import { useOrderer } from "../api/orderer";
import { beginRelease, useModelServers } from "../api/serving";
import { GateItems } from "../models/GateItems";
import { namesVersions, sharesLabel, STRATEGIES, strategyOf, usualShares, type StrategyName } from "./strategyForm";
import "../models/models.css";

/** The button that begins a release, where there is a model with a champion and another version. */
export function BeginRelease({ view }: { view: ServingView }) {
  const [open, setOpen] = useState(false);
  const models = useModels();
  const able = (models.data?.models ?? []).filter((m) => m.aliases.some((a) => a.alias === "champion") && m.versions > 1).map((m) => m.name);
  if (able.length === 0) return null;
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>Start a release…</button>
      {open && <Begin models={able} view={view} close={() => setOpen(false)} />}
    </>
  );
}

function Begin({ models, view, close }: { models: readonly string[]; view: ServingView; close: () => void }) {
  const [model, setModel] = useState(models[0] ?? "");
  const [picked, setPicked] = useState("");
  const [strategy, setStrategy] = useState<StrategyName>("canary");
  const [shares, setShares] = useState(usualShares("canary"));
  const [more, setMore] = useState("");
  const [override, setOverride] = useState(false);
  const found = useModel(model);
  const champion = found.data?.versions.find((v) => v.aliases.includes("champion"))?.version;
  const versions = (found.data?.versions ?? []).filter((v) => v.version !== champion).map((v) => String(v.version));
  const candidate = versions.includes(picked) ? picked : (versions[0] ?? "");
  const label = sharesLabel(strategy);
  const under = view.releases.some((r) => r.model === model && !r.closed && r.phase !== "promoted");
  const begin = (reason: string) => {
    // What the form itself cannot read is said as a refusal of the server is.
    try {
      return beginRelease({ model, candidate: namesVersions(strategy) ? undefined : candidate,
        strategy: strategyOf({ name: strategy, shares, more }, candidate), force: override || undefined }, reason);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  };
  return (
    <OrderDialog key={String(override)} title={override ? "Start past the gate" : "Start a release"} does={override ? "Override and start" : "Start"} grave={override} reason={override ? "required" : "optional"}
      reasonLabel={override ? "Why it must be so, although the gate is closed" : undefined} orderer={useOrderer()} close={close} ready={candidate !== ""} order={begin}
      says={says(model, candidate, champion, strategy)}
      refused={(error) => (error instanceof ApiError && error.code === "INVALID_STATE" && strategy === "basic" && !override
        ? <Closed model={model} candidate={candidate} error={error} override={() => setOverride(true)} /> : <Failed error={error} />)}>
      {models.length > 1 && (
        <label className="labelled">Model
          <select className="field" value={model} onChange={(event) => setModel(event.target.value)}>{models.map((name) => <option key={name}>{name}</option>)}</select>
        </label>
      )}
      <label className="labelled">Version that is to take over
        <select className="field" value={candidate} onChange={(event) => setPicked(event.target.value)}>
          {versions.map((version) => <option key={version} value={version}>version {version}</option>)}
        </select>
      </label>
      <label className="labelled">How
        <select className="field" value={strategy} onChange={(event) => { const next = event.target.value as StrategyName; setStrategy(next); setShares(usualShares(next)); }}>
          {STRATEGIES.map(([name, words]) => <option key={name} value={name}>{words}</option>)}
        </select>
      </label>
      {label && <label className="labelled">{label}<input className="field" required value={shares} onChange={(event) => setShares(event.target.value)} /></label>}
      <label className="labelled">Further settings, as JSON (may stay empty)
        <textarea className="field" rows={2} spellCheck={false} placeholder='{"bake": {"for": "30m"}}' value={more} onChange={(event) => setMore(event.target.value)} />
      </label>
      {under && <p className="muted">A release of {model} is under way: it has to end before another one begins.</p>}
      <Carrier model={model} />
    </OrderDialog>
  );
}

function says(model: string, candidate: string, champion: number | undefined, strategy: StrategyName): string {
  if (candidate === "") return "This model has no other version that could take over.";
  const stable = champion === undefined ? "the champion" : `version ${champion} (the champion)`;
  const how = strategy === "basic" ? "is loaded and tested, and takes all of the requests at once" : strategy === "shadow" ? "sees requests beside it, and nobody gets its answers"
    : strategy === "blue_green" ? "is reached by testers, then gets all of the requests" : "gets a share of the requests";
  return `Version ${candidate} of ${model} ${how}; until it is promoted, ${stable} stays what callers go back to.`;
}

/** Who carries it out: without a model server a release waits. */
function Carrier({ model }: { model: string }) {
  const servers = useModelServers();
  if (!servers.data) return null;
  const carrying = servers.data.servers.filter((s) => s.models?.some((m) => m.name === model));
  return carrying.length > 0
    ? <p className="muted">Carried out by the model server at {carrying.map((s) => s.url).join(", ")}, within seconds.</p>
    : <p className="muted">No model server of this store serves {model} now: the release waits until <code>quern serve {model}</code> runs.</p>;
}

function Closed({ model, candidate, error, override }: { model: string; candidate: string; error: ApiError; override: () => void }) {
  const gate = useAliasGate(model, Number(candidate), "champion");
  if (!gate.data || gate.data.open) return <Failed error={error} />;
  return (
    <div className="failed" role="alert">
      <p><b>Refused: version {candidate} may not be champion yet.</b></p>
      <GateItems gate={gate.data} />
      <button type="button" className="button is-grave" onClick={override}>Override the gate…</button>
    </div>
  );
}
