import { known, num, percent, signed } from "../../parts/format";
import { Fold } from "../../parts/Layout";
import { Command } from "../../parts/States";
import type { Tried, TryForm } from "../api/serving";
import { errorOf, fieldText, readAnswer, readExplanation, snippets, type Explanation, type Output } from "./tryRequest";

/** The answer of a model, or what its server said instead, in its own words. */
export function TriedAnswer({ form, tried, reasons }: { form: TryForm; tried: Tried; reasons: Tried | null }) {
  const answer = tried.status === 200 ? readAnswer(tried.body) : null;
  if (!answer) {
    return (
      <div className="failed try-answer" role="alert">
        <p><b>The model server answers {tried.status}</b> after {num(tried.ms)} ms:</p>
        <p dir="auto">{errorOf(tried.body)}</p>
      </div>
    );
  }
  const version = answer.model_version || tried.version;
  const label = answer.outputs.find((o) => o.name === "label" && o.data.length === 1);
  return (
    <section className="try-answer" aria-label="Answer" aria-live="polite">
      {label && <p className="try-label">{form.classes ? "" : `${label.name} `}<b dir="auto">{fieldText(label.data[0]) || "no value"}</b></p>}
      {answer.outputs.filter((o) => o !== label).map((output) => <Values key={output.name} output={output} form={form} />)}
      <p className="muted">Version {version}, in {num(tried.ms)} ms; request <code>{answer.id}</code>{answer.predictionIds.length > 0 && <>, kept as prediction <code>{answer.predictionIds.join(", ")}</code></>}.
        {tried.route && <> A release chose the version: <code>{tried.route}</code>.</>}</p>
      {reasons && <Reasons reasons={reasons} />}
    </section>
  );
}

/** Scores by class as bars; anything else as it came. */
function Values({ output, form }: { output: Output; form: TryForm }) {
  const scores = output.data.filter(known);
  const classes = form.classes;
  if (classes && classes.length === output.data.length && scores.length === classes.length && scores.every((s) => s >= 0 && s <= 1)) {
    return (
      <ul className="try-scores">
        {classes.map((name, at) => (
          <li key={name}><bdi>{name}</bdi><span className="try-bar"><i style={{ width: `${(scores[at] ?? 0) * 100}%` }} /></span><span className="num">{percent(scores[at])}</span></li>
        ))}
        {known(form.threshold) && form.positive && <li className="muted">“{form.positive}” from {percent(form.threshold)}</li>}
      </ul>
    );
  }
  return <p><span className="muted">{output.name}, {output.datatype} [{output.shape.join(", ")}]:</span> <code dir="auto">{JSON.stringify(output.data).slice(0, 2_000)}</code></p>;
}

function Reasons({ reasons }: { reasons: Tried }) {
  const read: Explanation | null = reasons.status === 200 ? readExplanation(reasons.body) : null;
  if (!read) return <p className="muted">No reasons: <span dir="auto">{errorOf(reasons.body)}</span></p>;
  const top = Math.max(1e-12, ...read.contributions.map((c) => Math.abs(c.contribution)));
  return (
    <>
      <h4 className="sub">Strongest reasons</h4>
      <p className="caption">What a column adds to the score{read.class ? ` of ${read.class}` : ""}: {num(read.base_value)} on average, {num(read.score)} here.</p>
      <ul className="try-reasons">
        {read.contributions.map((reason) => (
          <li key={reason.column}><span><bdi>{reason.column}</bdi> = <bdi>{fieldText(reason.value) || "not known"}</bdi></span>
            <span className="try-bar"><i className={reason.contribution < 0 ? "is-less" : ""} style={{ width: `${(Math.abs(reason.contribution) / top) * 100}%` }} /></span>
            <span className="num">{signed(reason.contribution)}</span></li>
        ))}
        {read.rest && read.rest.columns > 0 && <li className="muted"><span>{read.rest.columns} others</span><span /><span className="num">{signed(read.rest.contribution)}</span></li>}
      </ul>
    </>
  );
}

/** The same request for who calls the model server itself. */
export function Calls({ form, body }: { form: TryForm; body: string }) {
  return (
    <Fold summary="The same call as a command">
      <div className="snippets">
        {snippets(form, body).map((snippet) => <section key={snippet.title}><h4 className="sub">{snippet.title}</h4><Command text={snippet.code} /></section>)}
      </div>
    </Fold>
  );
}
