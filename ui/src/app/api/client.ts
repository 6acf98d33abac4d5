// Calls of the server. Whether it answers at all is kept in one place, so that the page can say so once.
import { answered, unreachable } from "./server";

/** What the server said in place of an answer. */
export class ApiError extends Error {
  readonly status: number;
  /** MLflow's word, as "RESOURCE_DOES_NOT_EXIST"; "" if there is none. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** The column (from 1) of a filter or order that the server could not read. */
  get column(): number | null {
    const found = /at column (\d+)/.exec(this.message);
    return found ? Number(found[1]) : null;
  }
}

/** The server did not answer: it is away, or the network is. */
export class AwayError extends Error {
  constructor() {
    super("The server does not answer.");
  }
}

export type Args = Record<string, string | number | boolean | readonly string[] | undefined>;

export function withQuery(path: string, args: Args): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(args)) {
    if (value === undefined) continue;
    if (typeof value === "object") for (const one of value) query.append(name, one);
    else query.append(name, String(value));
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** An answer of any kind. Errors: AwayError, ApiError, and the browser's own when `signal` says stop. */
export async function fetchAnswer(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    unreachable();
    throw new AwayError();
  }
  answered();
  if (response.ok) return response;
  const text = await response.text();
  try {
    const body = JSON.parse(text) as { error_code?: string; message?: string; error?: string };
    throw new ApiError(response.status, body.error_code ?? "", body.message ?? body.error ?? text);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(response.status, "", text.slice(0, 500) || response.statusText);
  }
}

export async function get<T>(path: string, args: Args = {}, signal?: AbortSignal): Promise<T> {
  return (await fetchAnswer(withQuery(path, args), { signal })).json() as Promise<T>;
}

export async function send<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const init = { method, signal, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return (await fetchAnswer(path, init)).json() as Promise<T>;
}
