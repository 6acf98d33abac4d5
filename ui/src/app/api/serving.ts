// Orders about releases, the model servers that listen, and requests to them: docs/server.md lists the calls.
import { fetchAnswer, send, withQuery, type Args } from "./client";
import { useAsked, type Release } from "./native";
import { ordererName } from "./orderer";

const API = "/ajax-api/2.0/quern/serving";

export type ReleaseVerb = "promote" | "abort" | "pause" | "resume" | "weight" | "finish";
export interface Ordered { release: Release; sentence: string }

const why = (reason: string) => (reason === "" ? undefined : reason);

export const orderRelease = (id: string, verb: ReleaseVerb, reason: string, more: { version?: string; weight?: number; force?: boolean } = {}) =>
  send<Ordered>("POST", `${API}/releases/${encodeURIComponent(id)}/${verb}`, { ...more, reason: why(reason), actor: ordererName() });

export interface NewRelease { model: string; candidate?: string; strategy: Record<string, unknown>; force?: boolean }
export const beginRelease = (wanted: NewRelease, reason: string) =>
  send<Ordered>("POST", `${API}/releases`, { ...wanted, reason: why(reason), actor: ordererName() });

export interface ServedModel { name: string; version: string; requests: number; failed: number; rows: number; busy_ms: number; last_ms: number }
export interface ModelServer {
  id: string; url: string; pid: number; since_ms: number; needs_token: boolean; models: ServedModel[] | null; why: string | null;
}

/** The token for model servers that need one: of this tab, and no longer than it. */
const TOKEN = "quern.model-token";
export function modelToken(): string {
  try {
    return window.sessionStorage.getItem(TOKEN) ?? "";
  } catch {
    return "";
  }
}
export function setModelToken(token: string) {
  try {
    window.sessionStorage.setItem(TOKEN, token);
  } catch {
    // Without storage it has to be given again.
  }
}
const headers = (): Record<string, string> => (modelToken() === "" ? {} : { "X-Quern-Model-Token": modelToken() });

async function ask<T>(path: string, args: Args, signal?: AbortSignal): Promise<T> {
  return (await fetchAnswer(withQuery(`${API}${path}`, args), { signal, headers: headers() })).json() as Promise<T>;
}

/** Counts of model servers are asked for as long as somebody looks: no change of the store tells of them. */
export const COUNT_EVERY_MS = 2_000;
export const useModelServers = () => useAsked(["/serving/servers"], (signal) => ask<{ now_ms: number; servers: ModelServer[] }>("/servers", {}, signal), { everyMs: COUNT_EVERY_MS });

export interface FormColumn {
  name: string; datatype: string; kind: "number" | "integer" | "text" | "boolean" | "category"; shape: number[]; labels: string[];
  low: number | null; high: number | null; missing: number | null; example: unknown;
}
export interface TryForm {
  server: { id: string; url: string; needs_token: boolean }; model: string; version: string; path: string; table: boolean; columns: FormColumn[];
  inputs: { name: string; datatype: string; shape: number[] }[]; classes: string[] | null; positive: string | null; threshold: number | null;
}
export const useTryForm = (server: string, model: string, version: string, token: string) => useAsked(["/serving/form", server, model, version, token],
  (signal) => ask<TryForm>("/form", { server, model, version: version || undefined }, signal), { freshMs: 60_000, on: server !== "" });

/** What the model server answered, whatever its status. */
export interface Tried { status: number; content_type: string; body: string; ms: number; version: string; route: string }
export async function tryModel(form: TryForm, body: string, explain: boolean): Promise<Tried> {
  const response = await fetchAnswer(`${API}/try`, {
    method: "POST", headers: { ...headers(), "Content-Type": "application/json" },
    body: JSON.stringify({ server: form.server.id, model: form.model, version: form.version || undefined, body, explain }),
  });
  return response.json() as Promise<Tried>;
}
