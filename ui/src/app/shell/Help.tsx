import { Dialog } from "../../parts/Dialog";
import { useServer } from "../api/server";

const KEYS: readonly [string, string][] = [
  ["/", "search, or the filter of the page"],
  ["j  k", "next and previous row of a table"],
  ["Enter", "open the row"],
  ["x", "choose the row"],
  ["p", "pin the row"],
  ["h", "take the run out of the charts, or back"],
  ["u", "times in UTC, or in your zone"],
  ["?", "this list"],
  ["Esc", "close what is open, leave a field"],
];

export function Help({ close }: { close: () => void }) {
  const { version } = useServer();
  return (
    <Dialog title="Keys" close={close}>
      <table className="keys">
        <tbody>
          {KEYS.map(([key, does]) => (
            <tr key={key}><th scope="row">{key.split("  ").map((one) => <kbd key={one}>{one}</kbd>)}</th><td>{does}</td></tr>
          ))}
        </tbody>
      </table>
      <p className="caption">
        Everything you set on a page is in its address: send it, and the other one sees the same.
        {version && ` Quern ${version}.`}
      </p>
    </Dialog>
  );
}
