import type { Gate, Goal, Maybe, Requirement } from "./document";
import { known, num, range } from "./format";
import { SaveTable } from "./SaveTable";
import { Status, toneOf } from "./Status";
import { IntervalList } from "./IntervalList";
import { metricName, opWords, valueOf } from "./words";

const WORD: Record<string, string> = { pass: "pass", fail: "fail", pending: "pending" };

function sentence(gate: Gate): string {
  const goal = `${opWords(gate.op)} ${valueOf(gate.metric?.startsWith("serving.") ? gate.metric : "serving.", gate.limit)}`;
  if (!known(gate.observed)) return `must be ${goal}; not measured yet`;
  const interval = range({ value: gate.observed, low: gate.low, high: gate.high }, (x) => valueOf(gate.metric, x));
  const open = gate.status === "pass" && known(gate.low) && known(gate.high) && known(gate.limit) &&
    gate.low < gate.limit && gate.limit < gate.high;
  return `must be ${goal}${interval && open ? "; the interval reaches beyond the limit" : ""}`;
}

/** Each goal with its evidence: the value, its interval, the limit as a line, the verdict. */
export function GateList({ gates }: { gates: readonly Gate[] }) {
  return (
    <div className="gates">
      {gates.map((gate) => (
        <div key={`${gate.kind}-${gate.id}`} className={`gate tone-edge-${toneOf(gate.status)}`}>
          <IntervalList separate show={(x) => valueOf(gate.metric, x)} items={[{
            label: gate.text || metricName(gate.metric),
            note: `${gate.kind === "key_metric" ? "" : `${metricName(gate.metric)} `}${sentence(gate)}`,
            interval: { value: gate.observed, low: gate.low, high: gate.high },
            limit: gate.limit,
            color: gate.status === "pass" ? "good" : gate.status === "fail" ? "bad" : "open",
            after: <Status tone={toneOf(gate.status)}>{WORD[gate.status] ?? gate.status}</Status>,
          }]} />
        </div>
      ))}
      <SaveTable name="Gates" table={() => ({
        head: ["kind", "id", "text", "metric", "op", "limit", "observed", "low", "high", "status"],
        rows: gates.map((g) => [g.kind, g.id, g.text, g.metric, g.op, g.limit, g.observed, g.low, g.high, g.status]),
      })} />
    </div>
  );
}

/** All goals of a project, with the newest evidence for each: later gates replace earlier ones. */
export function collectGates(
  requirements: readonly Requirement[], keyMetrics: readonly Goal[], judged: readonly Gate[],
): Gate[] {
  const find = (kind: string, metric: Maybe<string>, id: string) => {
    const same = judged.filter((g) => g.kind === kind && (g.id === id || (kind === "key_metric" && g.metric === metric)));
    return [...same].reverse().find((g) => g.status !== "pending") ?? same[same.length - 1];
  };
  const metrics = keyMetrics.map((goal): Gate => {
    const gate = find("key_metric", goal.metric, goal.metric);
    const text = gate?.text || `${metricName(goal.metric)} is ${opWords(goal.op)} ${num(goal.value)}`;
    return { ...(gate ?? { status: "pending" }), kind: "key_metric", id: goal.metric, text, metric: goal.metric,
      op: goal.op, limit: goal.value };
  });
  const rest = requirements.filter((r) => r.require).map((r): Gate => {
    const gate = find("requirement", r.require?.metric, r.id);
    return { ...(gate ?? { status: "pending" }), kind: "requirement", id: r.id, text: r.text,
      metric: r.require?.metric, op: r.require?.op, limit: r.require?.value };
  });
  const named = new Set([...metrics, ...rest].map((g) => `${g.kind} ${g.id}`));
  const other = new Map<string, Gate>();
  for (const g of judged) {
    if (!named.has(`${g.kind} ${g.id}`) && !metrics.some((m) => m.metric === g.metric)) other.set(`${g.kind} ${g.id}`, g);
  }
  return [...metrics, ...rest, ...other.values()];
}

