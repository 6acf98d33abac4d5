import { DataTable } from "./DataTable";
import type { Release } from "./document";
import { Status } from "./Status";
import type { Tone } from "./Status";

const TONES: Record<string, Tone> = { promoted: "good", rolled_back: "bad" };

/** What a release went through: shares, who decided, and why. */
export function ReleaseLog({ release }: { release: Release }) {
  const log = release.log ?? [];
  return (
    <DataTable label="Records of the release" rows={log} emphasize={(r) => r === log[log.length - 1]} columns={[
      { head: "Phase", cell: (r) => <Status tone={TONES[r.to ?? ""] ?? "open"}>{(r.to ?? "unknown").replace("_", " ")}</Status> },
      { head: "Traffic of the new version", numeric: true,
        cell: (r) => (r.weights?.length ? r.weights.map((w) => `${w.weight} %`).join(", ") : "") },
      { head: "Decided by", cell: (r) => r.actor ?? "" },
      { head: "Why", cell: (r) => <span className="prose">{r.sentence ?? ""}</span> },
    ]} />
  );
}
