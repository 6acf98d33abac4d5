import type { ReactNode } from "react";
import { LongText } from "../../parts/LongText";
import { Status, type Tone } from "../../parts/Status";
import type { AliasGate, AliasGateItem } from "../api/native";

/** Words and tone of an item: what is missing may still come, what was refused or failed has been said. */
function verdict(item: AliasGateItem): [Tone, string] {
  if (item.status === "pass") return ["good", "passed"];
  if (item.kind === "rejection") return ["bad", "refused"];
  return item.status === "fail" ? ["bad", "failed"] : ["open", "missing"];
}

/** Commands stand between backticks. */
export function withCode(text: string): ReactNode {
  return text.split("`").map((piece, at) => (at % 2 === 1 ? <code key={at}>{piece}</code> : piece));
}

/** What a gate asks for, each with what is there, who said so and when; and who can get what is missing. */
export function GateItems({ gate }: { gate: AliasGate }) {
  if (gate.items.length === 0) return <p className="muted">It asks for nothing that could be judged.</p>;
  return (
    <ul className="gate-items">
      {gate.items.map((item) => {
        const [tone, word] = verdict(item);
        return (
          <li key={`${item.kind} ${item.id}`}>
            <Status tone={tone}>{word}</Status>
            <div>
              <LongText text={item.sentence} />
              {item.remedy && <small dir="auto">{withCode(item.remedy)}</small>}
            </div>
          </li>
        );
      })}
    </ul>
  );
}
