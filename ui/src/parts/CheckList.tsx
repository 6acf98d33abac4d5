import type { Check } from "./document";
import { count, list, percent, plain } from "./format";
import { Fold } from "./Layout";
import { Status } from "./Status";

function examples(check: Check): string {
  const shown = (check.examples ?? []).slice(0, 3).map((e) => {
    const key = Object.entries(e.key ?? {}).map(([k, v]) => `${k} ${plain(v)}`).join(", ");
    return `${key || `row ${e.row ?? "?"}`}: ${plain(e.value)}`;
  });
  return shown.length ? `For example ${list(shown)}.` : "";
}

function Item({ check }: { check: Check }) {
  const tone = check.success ? "good" : check.severity === "error" ? "bad" : "open";
  return (
    <li className="check">
      <Status tone={tone}>{check.success ? "holds" : check.severity === "error" ? "error" : "warning"}</Status>
      <span>
        {check.text || check.name}
        {(check.failed ?? 0) > 0 && <small>{percent(check.share)} of {count(check.evaluated)}. {examples(check)}</small>}
      </span>
    </li>
  );
}

/** Failed checks in sentences, errors first; the others behind a fold. */
export function CheckList({ checks }: { checks: readonly Check[] }) {
  const failed = checks.filter((c) => !c.success)
    .sort((a, b) => Number(b.severity === "error") - Number(a.severity === "error") || (b.share ?? 0) - (a.share ?? 0));
  const held = checks.filter((c) => c.success);
  return (
    <>
      {failed.length === 0 ? <p className="muted">{checks.length === 0 ? "No checks are declared." : "No check failed."}</p>
        : <ul className="checks">{failed.map((c) => <Item key={c.name} check={c} />)}</ul>}
      {held.length > 0 && (
        <Fold summary={`${count(held.length)} ${held.length === 1 ? "check holds" : "checks hold"}`}>
          <ul className="checks">{held.map((c) => <Item key={c.name} check={c} />)}</ul>
        </Fold>
      )}
    </>
  );
}
