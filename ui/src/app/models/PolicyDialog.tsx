import { useState } from "react";
import { CopyButton } from "../../parts/CopyButton";
import { Dialog } from "../../parts/Dialog";
import { OrderDialog } from "../../parts/OrderDialog";
import type { Declared, Policy } from "../api/native";
import { useOrderer } from "../api/orderer";
import { setPolicy } from "./orders";
import { checksOf, linesOf, signersOf, yamlOf, type Reviewer } from "./policy";

export interface PolicyOrder { name: string; alias: string | null; policy: Policy | null; close: () => void }

/** What an alias asks for: kept by the registry, or, for the model of a project, declared in its file. */
export function PolicyDialog({ declared, ...order }: PolicyOrder & { declared: Declared | null }) {
  return declared ? <DeclaredPolicy {...order} declared={declared} /> : <KeptPolicy {...order} />;
}

function KeptPolicy({ name, alias: given, policy, close }: PolicyOrder) {
  const [alias, setAlias] = useState(given ?? "");
  const [goals, setGoals] = useState((policy?.key_metrics ?? []).join("\n"));
  const [reviewer, setReviewer] = useState<Reviewer>(policy?.reviewer ?? "none");
  const [checks, setChecks] = useState((policy?.checks ?? []).join("\n"));
  const [signers, setSigners] = useState((policy?.signers ?? []).join("\n"));
  const orderer = useOrderer();
  const wanted: Policy = { key_metrics: linesOf(goals), reviewer, checks: checksOf(checks), ...(signers.trim() ? { signers: signersOf(signers) } : {}) };
  const nothing = !wanted.key_metrics?.length && reviewer === "none" && !wanted.checks?.length && !wanted.signers;
  const called = alias.trim() || "The alias";
  return (
    <OrderDialog title={given ? `What ${given} asks for` : "What an alias asks for"} does={nothing ? "Ask for nothing" : "Ask for this"} grave={nothing} reason="required" orderer={orderer} close={close}
      ready={alias.trim() !== "" && !(nothing && !policy)} order={(reason) => setPolicy(name, alias.trim(), wanted, reason)}
      says={nothing ? `${called} moves to any version of ${name} from now on, whoever moves it.`
        : `${called} moves from now on only to a version of ${name} for which all of this holds; the version that it stands for keeps it. If it is the model of a project elsewhere, that project's next run sets what its quern.yaml says.`}>
      {given === null && <label className="labelled">Alias<input className="field" dir="auto" required value={alias} onChange={(event) => setAlias(event.target.value)} /></label>}
      <label className="labelled">Metrics, one a line
        <textarea className="field" rows={2} spellCheck={false} placeholder="roc_auc >= 0.85" value={goals} onChange={(event) => setGoals(event.target.value)} />
      </label>
      <ReviewerField value={reviewer} change={setReviewer} />
      <ChecksField value={checks} change={setChecks} />
      <label className="labelled">Public keys, one of which has signed the package (PEM; may stay empty)
        <textarea className="field" rows={2} spellCheck={false} value={signers} onChange={(event) => setSigners(event.target.value)} />
      </label>
    </OrderDialog>
  );
}

/** The file is the team's, with its own history: the page writes what to put there, and not the file. */
function DeclaredPolicy({ name, alias: given, policy, close, declared }: PolicyOrder & { declared: Declared }) {
  const [alias, setAlias] = useState(given ?? "champion");
  const [metrics, setMetrics] = useState((policy?.key_metrics?.length ?? 0) > 0);
  const [reviewer, setReviewer] = useState<Reviewer>(policy?.reviewer ?? "none");
  const [checks, setChecks] = useState((policy?.checks ?? []).join("\n"));
  const [signed, setSigned] = useState((policy?.signers?.length ?? 0) > 0);
  const yaml = yamlOf(alias.trim(), { metrics, reviewer, checks: checksOf(checks), signed });
  return (
    <Dialog title={given ? `What ${given} asks for` : "What an alias asks for"} close={close}>
      <div className="form">
        <p className="says" dir="auto">What the aliases of {name} ask for is declared in <code>{declared.where}</code>, and every run sets it to what stands there: a change of it belongs into that file.</p>
        {declared.problem !== null && <p role="alert" className="failed">The file cannot be read: {declared.problem}</p>}
        {given === null && <label className="labelled">Alias<input className="field" dir="auto" value={alias} onChange={(event) => setAlias(event.target.value)} /></label>}
        <label className="tick-label"><input type="checkbox" checked={metrics} onChange={(event) => setMetrics(event.target.checked)} /> The key metrics of the charter hold</label>
        <ReviewerField value={reviewer} change={setReviewer} />
        <ChecksField value={checks} change={setChecks} />
        <label className="tick-label"><input type="checkbox" checked={signed} onChange={(event) => setSigned(event.target.checked)} /> <span>The package is signed by a key of <code>registry.signatures</code></span></label>
        {yaml === null ? <p className="muted">It asks for nothing: take the alias out of <code>registry:</code>.</p>
          : <div className="command"><pre tabIndex={0} aria-label="To put into quern.yaml">{yaml}</pre><CopyButton text={yaml} label="Copy the YAML" /></div>}
        <p className="caption">The next <code>quern run</code> takes it over, and the log says when.</p>
        <div className="actions is-end"><button type="button" className="button is-main" onClick={close}>Done</button></div>
      </div>
    </Dialog>
  );
}

function ReviewerField({ value, change }: { value: Reviewer; change: (value: Reviewer) => void }) {
  return (
    <label className="labelled">Approved by
      <select className="field" value={value} onChange={(event) => change(event.target.value as Reviewer)}>
        <option value="none">nobody needs to</option>
        <option value="other">somebody other than the author</option>
        <option value="any">somebody, be it the author</option>
      </select>
    </label>
  );
}

function ChecksField({ value, change }: { value: string; change: (value: string) => void }) {
  return (
    <label className="labelled">Checks that have passed, one a line (may stay empty)
      <textarea className="field" rows={2} spellCheck={false} placeholder="bias_audit" value={value} onChange={(event) => change(event.target.value)} />
    </label>
  );
}
