// Runs that the page starts: docs/server.md lists the calls.
import { send } from "./client";
import { useView } from "./native";
import { ordererName } from "./orderer";

const API = "/ajax-api/2.0/quern/pipeline";

export interface PageRun {
  actor: string; pid: number; since_ms: number; end_ms: number | null; exit_code: number | null; cancelled_by: string | null; log: string;
}
export interface RunControl { project: string | null; allowed: boolean; why: string | null; run: PageRun | null }

export const useRunControl = () => useView<RunControl>("/pipeline/control", {}, ["steps"]);
export const startRun = (force: readonly string[]) =>
  send<{ run: PageRun }>("POST", `${API}/start`, { actor: ordererName(), force: force.length > 0 ? force : undefined });
export const cancelRun = () => send<unknown>("POST", `${API}/cancel`, { actor: ordererName() });
