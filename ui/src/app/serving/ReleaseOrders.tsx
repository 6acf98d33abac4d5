import { useState } from "react";
import { num } from "../../parts/format";
import { OrderDialog } from "../../parts/OrderDialog";
import { Failed, Skeleton } from "../../parts/States";
import { ApiError } from "../api/client";
import { useAliasGate, type Release } from "../api/native";
import { useOrderer } from "../api/orderer";
import { orderRelease, type ReleaseVerb } from "../api/serving";
import { GateItems } from "../models/GateItems";
import "../models/models.css";

interface Shown { verb: ReleaseVerb; word: string; grave?: boolean }
const PROMOTE: Shown = { verb: "promote", word: "Promote" };
const BACK: Shown = { verb: "abort", word: "Roll back", grave: true };
const SHARE: Shown = { verb: "weight", word: "Change the share" };

/** What the state machine takes in each phase; the server refuses the rest all the same. */
function ordersOf(release: Release): Shown[] {
  if (release.closed) return [];
  const canary = release.strategy.strategy === "canary";
  switch (release.phase) {
    case "shadow": case "baking": return [PROMOTE, { verb: "pause", word: "Pause" }, BACK];
    case "step": return [PROMOTE, { verb: "pause", word: "Pause" }, ...(canary ? [SHARE] : []), BACK];
    case "paused": return [{ verb: "resume", word: "Resume" }, PROMOTE, ...(canary && release.resumes_to === "step" ? [SHARE] : []), BACK];
    case "promoted": return [{ verb: "finish", word: "Let the old version go" }, BACK];
    default: return [BACK];
  }
}

/** Buttons for a release that is not over. */
export function ReleaseOrders({ release }: { release: Release }) {
  const [open, setOpen] = useState<ReleaseVerb | null>(null);
  const shown = ordersOf(release);
  const close = () => setOpen(null);
  if (shown.length === 0 && open === null) return null;
  return (
    <div className="actions orders" role="group" aria-label="Orders about this release">
      {shown.map(({ verb, word, grave }) => (
        <button key={verb} type="button" className={grave ? "button is-grave" : verb === "promote" ? "button is-main" : "button"} onClick={() => setOpen(verb)}>{word}…</button>
      ))}
      {open === "promote" ? <Promote release={release} close={close} /> : open === "weight" ? <Weight release={release} close={close} />
        : open && <Plain release={release} verb={open} close={close} />}
    </div>
  );
}

function Plain({ release, verb, close }: { release: Release; verb: ReleaseVerb; close: () => void }) {
  const [title, does, says] = words(release, verb);
  return <OrderDialog title={title} does={does} says={says} grave={verb === "abort"} reason="optional" orderer={useOrderer()} close={close}
    order={(reason) => orderRelease(release.id, verb, reason)} />;
}

function words(release: Release, verb: ReleaseVerb): readonly [title: string, does: string, says: string] {
  const back = `version ${release.stable}`;
  switch (verb) {
    case "abort": return ["Roll back", "Roll back", release.phase === "promoted"
      ? `All requests go back to ${back} of ${release.model}, and ${release.alias} is ${back} again; the release is over.`
      : `All requests go to ${back} of ${release.model} at once; the release is over and the candidate gets nothing more.`];
    case "pause": return ["Pause the release", "Pause", "Shares stay as they are until somebody resumes, promotes or rolls back; proven harm still rolls back by itself."];
    case "resume": return ["Resume the release", "Resume", "The release goes on where it was paused, and may again promote or roll back by itself."];
    default: return ["Let the old version go", "Let it go", `The release is over; ${back} is no longer held, so that it cannot be brought back at once.`];
  }
}

function Weight({ release, close }: { release: Release; close: () => void }) {
  const [text, setText] = useState(String(release.candidates[0]?.weight ?? ""));
  const share = text.trim() === "" ? NaN : Number(text);
  const fits = share >= 0 && share < 100;
  return (
    <OrderDialog title="Change the share" does="Change it" reason="optional" orderer={useOrderer()} close={close} ready={fits}
      says={`The candidate gets ${fits ? num(share) : "…"} % of the requests to ${release.model} from now on; the release goes on from there.`}
      order={(reason) => orderRelease(release.id, "weight", reason, { weight: share })}>
      <label className="labelled">Percent of the requests, from 0 to below 100
        <input className="field" inputMode="decimal" required value={text} aria-invalid={!fits} onChange={(event) => setText(event.target.value)} />
      </label>
    </OrderDialog>
  );
}

const closedGate = (error: unknown) => error instanceof ApiError && error.code === "INVALID_STATE";

function Promote({ release, close }: { release: Release; close: () => void }) {
  const able = release.candidates.filter((c) => !c.dropped);
  const [version, setVersion] = useState(able[0]?.version ?? "");
  const [override, setOverride] = useState(false);
  const gate = useAliasGate(release.model, Number(version), release.alias);
  const orderer = useOrderer();
  const promote = (reason: string) => orderRelease(release.id, "promote", reason, { version, force: override || undefined });
  const taken = `Version ${version} gets all requests to ${release.model}, and ${release.alias} is version ${version} from then on; version ${release.stable} waits for a rollback as the strategy says.`;
  if (override) {
    return (
      <OrderDialog key="override" title="Promote past the gate" does="Override and promote" grave reason="required" reasonLabel="Why it must be so, although the gate is closed"
        orderer={orderer} close={close} order={promote} says={`${taken} The gate of ${release.alias} is closed: the override stays in the log of ${release.model} with your name and the reason.`}>
        {gate.data && <GateItems gate={gate.data} />}
      </OrderDialog>
    );
  }
  return (
    <OrderDialog title={`Promote version ${version}`} does="Promote" reason="optional" orderer={orderer} close={close} says={taken} order={promote}
      refused={(error) => (closedGate(error) && gate.data && !gate.data.open
        ? <div className="failed" role="alert">
            <p><b>Refused: version {version} may not be <bdi>{release.alias}</bdi> yet.</b></p>
            <GateItems gate={gate.data} />
            <button type="button" className="button is-grave" onClick={() => setOverride(true)}>Override the gate…</button>
          </div> : <Failed error={error} />)}>
      {able.length > 1 && (
        <label className="labelled">Version
          <select className="field" value={version} onChange={(event) => setVersion(event.target.value)}>
            {able.map((c) => <option key={c.version} value={c.version}>version {c.version}, {num(c.weight)} %</option>)}
          </select>
        </label>
      )}
      {gate.data ? gate.data.declared && <section className="gate-before"><h3>What {release.alias} asks for</h3><GateItems gate={gate.data} /></section>
        : gate.isError ? null : <Skeleton lines={2} label="Loading the gate" />}
    </OrderDialog>
  );
}
