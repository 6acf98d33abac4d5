import { useState, type FormEvent } from "react";
import { Panel } from "../../parts/Layout";
import { Failed, Skeleton } from "../../parts/States";
import { modelToken, setModelToken, tryModel, useTryForm, type ModelServer, type Tried, type TryForm } from "../api/serving";
import { asText, useSettings } from "../search";
import { Calls, TriedAnswer } from "./TriedAnswer";
import { TryFields } from "./TryFields";
import { bodyOf, exampleValues, problemOf, requestId, tensorBody, withReasons, type Values } from "./tryRequest";
import "./try.css";

const REASONS = 5;

interface Choice { key: string; words: string; server: string; model: string; version: string }

/** What can be asked: each version that is served, and before them each name as callers without a version ask it. */
function choicesOf(servers: readonly ModelServer[]): Choice[] {
  return servers.flatMap((server) => {
    const at = servers.length > 1 ? ` at ${server.url}` : "";
    const names = [...new Set((server.models ?? []).map((m) => m.name))];
    return names.flatMap((name) => [
      { key: `${server.url} ${name}`, words: `${name}, as callers ask it${at}`, server: server.id, model: name, version: "" },
      ...(server.models ?? []).filter((m) => m.name === name).map((m) => (
        { key: `${server.url} ${name} ${m.version}`, words: `${name} version ${m.version}${at}`, server: server.id, model: name, version: m.version })),
    ]);
  });
}

/** Asks a served model by hand: a field a column, sent by this server to the model server. */
export function TryIt({ servers }: { servers: readonly ModelServer[] }) {
  const [settings, change] = useSettings<{ ask: string }>();
  const [token, setToken] = useState(modelToken());
  const choices = choicesOf(servers);
  const choice = choices.find((c) => c.key === asText(settings.ask)) ?? choices[0];
  const form = useTryForm(choice?.server ?? "", choice?.model ?? "", choice?.version ?? "", token);
  const locked = servers.some((s) => s.needs_token);
  if (servers.length === 0) return null;
  return (
    <Panel title="Try it" wide lead="One request, answered as any caller's: a release routes it, and it is kept where predictions are kept.">
      <div className="toolbar">
        {choice && (
          <label className="labelled">Model
            <select className="field" value={choice.key} onChange={(event) => change({ ask: event.target.value }, { replace: true })}>
              {choices.map((c) => <option key={c.key} value={c.key}>{c.words}</option>)}
            </select>
          </label>
        )}
        {locked && (
          <label className="labelled">Token of the model server
            <input className="field" type="password" autoComplete="off" value={token} onChange={(event) => { setModelToken(event.target.value); setToken(event.target.value); }} />
          </label>
        )}
      </div>
      {!choice ? <p className="muted">{locked ? "The model server tells what it serves to who has one of its tokens." : "No model is served at this moment."}</p>
        : form.isError ? <Failed error={form.error} retry={() => { void form.refetch(); }} />
          : form.data ? <Ask key={choice.key} form={form.data} /> : <Skeleton lines={5} />}
    </Panel>
  );
}

interface Outcome { tried: Tried; reasons: Tried | null; asked: string }

function Ask({ form }: { form: TryForm }) {
  const [values, setValues] = useState<Values>(() => exampleValues(form.columns));
  const [text, setText] = useState<string | null>(() => (form.table ? null : tensorBody(form, requestId())));
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [id, setId] = useState(requestId);
  const wrong = text === null && form.columns.some((c) => problemOf(c, values[c.name] ?? "") !== "");
  const body = text ?? (wrong ? "" : bodyOf(form, values, id));
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (wrong || busy || body.trim() === "") return;
    setBusy(true);
    setError(null);
    try {
      const tried = await tryModel(form, body, false);
      setOutcome({ tried, reasons: null, asked: body });
      // The same id again would be the same request again.
      setId(requestId());
      if (tried.status === 200 && form.table) {
        const reasons = await tryModel(form, withReasons(body, REASONS), true).catch(() => null);
        setOutcome({ tried, reasons, asked: body });
      }
    } catch (problem) {
      setOutcome(null);
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="try" noValidate onSubmit={(event) => { void send(event); }}>
      {text === null ? <TryFields columns={form.columns} values={values} change={(name, value) => setValues((before) => ({ ...before, [name]: value }))} />
        : <label className="labelled">{form.table ? "The request as JSON" : "This model takes tensors: the request as JSON"}
            <textarea className="field" rows={Math.min(24, text.split("\n").length + 1)} spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} />
          </label>}
      <div className="actions">
        <button type="submit" className="button is-main" disabled={wrong || busy} aria-busy={busy}>{busy ? "A moment…" : "Ask the model"}</button>
        {form.table && text === null && <>
          <button type="button" className="button" onClick={() => setValues(exampleValues(form.columns))}>Fill in the example</button>
          <button type="button" className="button" onClick={() => setValues({})}>Empty all</button>
        </>}
        {form.table && <button type="button" className="button" disabled={text === null && wrong} onClick={() => setText(text === null ? body : null)}>{text === null ? "Write it as JSON" : "Back to the fields"}</button>}
      </div>
      {error !== null && <Failed error={error} />}
      {outcome && <TriedAnswer form={form} tried={outcome.tried} reasons={outcome.reasons} />}
      {body !== "" && <Calls form={form} body={body} />}
    </form>
  );
}
