// What the registry is asked to do, each under the name that the reader gave (api/orderer.ts).
import { send } from "../api/client";
import type { Policy } from "../api/native";
import { ordererName } from "../api/orderer";

const OWN = "/ajax-api/2.0/quern/models";
const MLFLOW = "/ajax-api/2.0/mlflow";

const ofVersion = (name: string, version: number) => `${OWN}/${encodeURIComponent(name)}/versions/${version}`;

function order(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body: Record<string, unknown>) {
  return send<unknown>(method, path, { ...body, actor: ordererName() });
}
/** A reason that was not given is none, and not an empty one. */
const why = (reason: string) => (reason === "" ? undefined : reason);

export const approve = (name: string, version: number, reason: string) => order("POST", `${ofVersion(name, version)}/approve`, { reason });
export const reject = (name: string, version: number, reason: string) => order("POST", `${ofVersion(name, version)}/reject`, { reason });
export const recordCheck = (name: string, version: number, check: string, passed: boolean, reason: string) =>
  order("POST", `${ofVersion(name, version)}/checks`, { check, passed, reason });

export const setAlias = (name: string, alias: string, version: number, reason: string) =>
  order("POST", `${MLFLOW}/registered-models/alias`, { name, alias, version: String(version), reason: why(reason) });
/** The same past a closed gate, which is recorded as an override. */
export const forceAlias = (name: string, alias: string, version: number, reason: string) =>
  order("POST", `${MLFLOW}/registered-models/alias`, { name, alias, version: String(version), reason, force: true });
export const deleteAlias = (name: string, alias: string, reason: string) =>
  order("DELETE", `${MLFLOW}/registered-models/alias`, { name, alias, reason: why(reason) });

/** What an alias asks for from now on. */
export const setPolicy = (name: string, alias: string, policy: Policy, reason: string) =>
  order("PUT", `${OWN}/${encodeURIComponent(name)}/policies/${encodeURIComponent(alias)}`, { policy, reason });

export const renameModel = (name: string, to: string, reason: string) =>
  order("POST", `${MLFLOW}/registered-models/rename`, { name, new_name: to, reason: why(reason) });
export const deleteModel = (name: string, reason: string) => order("DELETE", `${MLFLOW}/registered-models/delete`, { name, reason: why(reason) });
export const deleteVersion = (name: string, version: number, reason: string) =>
  order("DELETE", `${MLFLOW}/model-versions/delete`, { name, version: String(version), reason: why(reason) });

/** What a description or a tag belongs to: a model, or one version of it. */
export interface Thing { name: string; version?: number }
const thing = ({ name, version }: Thing) => ({ name, version: version === undefined ? undefined : String(version) });
const calls = ({ version }: Thing) => (version === undefined ? `${MLFLOW}/registered-models` : `${MLFLOW}/model-versions`);

export const describe = (of: Thing, description: string) => order("PATCH", `${calls(of)}/update`, { ...thing(of), description });
export const setTag = (of: Thing, key: string, value: string) => order("POST", `${calls(of)}/set-tag`, { ...thing(of), key, value });
export const deleteTag = (of: Thing, key: string) => order("DELETE", `${calls(of)}/delete-tag`, { ...thing(of), key });
