// How fast counts of model servers grow: the difference of two looks over the time between them.
import { useEffect, useRef, useState } from "react";
import { COUNT_EVERY_MS, type ModelServer } from "../api/serving";

/** Looks that are kept: three minutes of them. */
const KEPT = 90;

export interface Rate {
  /** Requests per second between the last two looks; null before the second. */
  now: number | null;
  /** The same over time, oldest first. */
  past: readonly number[];
  /** Mean milliseconds of an answer between the last two looks that had one. */
  meanMs: number | null;
}
interface Look { at: number; requests: number; busyMs: number }
interface Kept { look: Look; rate: Rate }

export const keyOf = (server: string, model: string, version: string) => `${server} ${model} ${version}`;

/** What a new look says beside the one before it. A server that was started anew begins anew. */
export function nextRate(before: Kept | undefined, look: Look): Rate {
  if (!before || look.requests < before.look.requests) return { now: null, past: [], meanMs: null };
  const seconds = (look.at - before.look.at) / 1000;
  if (seconds <= 0) return before.rate;
  const requests = look.requests - before.look.requests;
  const now = requests / seconds;
  return {
    now, past: [...before.rate.past, now].slice(-KEPT),
    meanMs: requests > 0 ? (look.busyMs - before.look.busyMs) / requests : before.rate.meanMs,
  };
}

/** Rates of all that the servers serve, from look to look. */
export function useRates(servers: readonly ModelServer[], at: number): ReadonlyMap<string, Rate> {
  const kept = useRef(new Map<string, Kept>());
  const [rates, setRates] = useState<ReadonlyMap<string, Rate>>(new Map());
  useEffect(() => {
    const next = new Map<string, Kept>();
    for (const server of servers) {
      for (const model of server.models ?? []) {
        const key = keyOf(server.id, model.name, model.version);
        const look = { at, requests: model.requests + model.failed, busyMs: model.busy_ms };
        const before = kept.current.get(key);
        next.set(key, { look, rate: nextRate(before, look) });
      }
    }
    kept.current = next;
    setRates(new Map([...next].map(([key, one]) => [key, one.rate])));
  }, [servers, at]);
  return rates;
}

export const LOOKED_BACK_S = (KEPT * COUNT_EVERY_MS) / 1000;
