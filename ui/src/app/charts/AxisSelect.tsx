import type { Axis } from "./options";

/** Which quantity is drawn. Nobody reads through more than 500. */
export function AxisSelect({ label, value, axes, choose }: { label: string; value: string; axes: readonly Axis[]; choose: (id: string) => void }) {
  return (
    <label className="labelled">{label}
      <select className="field" value={value} onChange={(event) => choose(event.target.value)}>
        {axes.slice(0, 500).map((axis) => <option key={axis.id} value={axis.id}>{axis.title}</option>)}
      </select>
    </label>
  );
}
