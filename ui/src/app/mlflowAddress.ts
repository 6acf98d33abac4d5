/** The address here of what MLflow's page shows at `hash` ("#/experiments/1/runs/R"); null if it is none of those. */
export function fromMlflowAddress(hash: string): string | null {
  if (!hash.startsWith("#/")) return null;
  const [path = "", query = ""] = hash.slice(1).split("?");
  if (path === "/compare-runs") return comparison(query);
  const run = /^\/experiments\/([^/]+)\/runs\/([^/]+)(\/artifacts.*)?/.exec(path);
  if (run) return `/experiments/${run[1]}/runs/${run[2]}${run[3] ? "?tab=artifacts" : ""}`;
  const experiment = /^\/experiments\/([^/]+)/.exec(path);
  if (experiment) return `/experiments/${experiment[1]}`;
  const model = /^\/models\/([^/]+)(?:\/versions\/([^/]+))?/.exec(path);
  if (model) return `/models/${model[1]}${model[2] ? `/versions/${model[2]}` : ""}`;
  return path === "/models" ? "/models" : "/";
}

/** "runs=[...]&experiments=[...]", each a list as JSON. */
function comparison(query: string): string {
  const args = new URLSearchParams(query);
  const list = (name: string): string[] => {
    try {
      const value: unknown = JSON.parse(args.get(name) ?? "[]");
      return Array.isArray(value) ? value.map(String) : [];
    } catch {
      return [];
    }
  };
  const runs = list("runs");
  return `/experiments/${list("experiments")[0] ?? "0"}/compare?runs=${encodeURIComponent(JSON.stringify(runs))}`;
}
