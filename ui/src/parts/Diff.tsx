import { useMemo } from "react";
import { count } from "./format";
import "./diff.css";

interface Line { kind: "add" | "take" | "same" | "place" | "remark"; text: string; before: number | null; after: number | null }
interface FileDiff { name: string; note: string; added: number; taken: number; lines: Line[] }

/** Of a file no more lines than this are drawn. */
const MOST = 5000;

/** A unified diff, as git writes it, file by file. Null: it is none. */
export function parseDiff(text: string): FileDiff[] | null {
  const files: FileDiff[] = [];
  let file: FileDiff | undefined;
  let [before, after] = [0, 0];
  // How many lines a hunk still has: only there a line is content, whatever it begins with.
  let [left, right] = [0, 0];
  for (const line of text.split("\n")) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)$/.exec(line);
    if ((left > 0 || right > 0) && !/^[ +\-\\]/.test(line) && line !== "") [left, right] = [0, 0];  // it is shorter than it says
    if (left > 0 || right > 0) {
      const kind = line.startsWith("+") ? "add" : line.startsWith("-") ? "take" : line.startsWith("\\") ? "remark" : "same";
      if (kind === "same" || kind === "take") left -= 1;
      if (kind === "same" || kind === "add") right -= 1;
      if (file) {
        if (kind === "add") file.added += 1;
        if (kind === "take") file.taken += 1;
        file.lines.push({ kind, text: kind === "remark" ? line.slice(2) : line.slice(1), before: kind === "same" || kind === "take" ? before : null, after: kind === "same" || kind === "add" ? after : null });
      }
      if (kind === "same" || kind === "take") before += 1;
      if (kind === "same" || kind === "add") after += 1;
      continue;
    }
    if (line.startsWith("diff --git ")) {
      file = { name: / b\/(.*?)"?$/.exec(line)?.[1] ?? line.slice(11), note: "", added: 0, taken: 0, lines: [] };
      files.push(file);
    } else if (line.startsWith("--- ") && (!file || file.lines.length > 0)) {
      file = { name: line.slice(4), note: "", added: 0, taken: 0, lines: [] };
      files.push(file);
    } else if (line.startsWith("+++ ")) {
      if (file && line !== "+++ /dev/null") file.name = line.slice(4).replace(/^b\//, "").replace(/\t.*$/, "");
    } else if (hunk && file) {
      [before, left, after, right] = [Number(hunk[1]), Number(hunk[2] ?? 1), Number(hunk[3]), Number(hunk[4] ?? 1)];
      file.lines.push({ kind: "place", text: (hunk[5] ?? "").trim(), before: null, after: null });
    } else if (/^(new file|deleted file|rename |Binary files|similarity|old mode|new mode)/.test(line) && file) {
      file.note += `${file.note ? "; " : ""}${line}`;
    } else if (line.startsWith("\\") && file) {
      file.lines.push({ kind: "remark", text: line.slice(2), before: null, after: null });
    }
  }
  return files.length > 0 ? files : null;
}

const SIGN: Record<Line["kind"], string> = { add: "+", take: "−", same: " ", place: "⋯", remark: "!" };
const WORD: Partial<Record<Line["kind"], string>> = { add: "added", take: "removed" };

/** A diff drawn: added and removed lines by colour and sign. */
export function Diff({ text }: { text: string }) {
  const files = useMemo(() => parseDiff(text), [text]);
  if (!files) return <pre className="whole-text" tabIndex={0} aria-label="The diff as text">{text}</pre>;
  return <div className="diff">{files.map((file, at) => <OneFile key={`${file.name} ${at}`} file={file} open={files.length <= 10 || at === 0} />)}</div>;
}

function OneFile({ file, open }: { file: FileDiff; open: boolean }) {
  return (
    <details className="fold" open={open}>
      <summary><bdi>{file.name}</bdi> <span className="muted">{count(file.added)} added, {count(file.taken)} removed{file.note && `; ${file.note}`}</span></summary>
      <div className="scroll" role="region" tabIndex={0} aria-label={`Changes of ${file.name}`}>
        <table>
          <tbody>
            {file.lines.slice(0, MOST).map((line, at) => (
              <tr key={at} className={`is-${line.kind}`}>
                <td className="line">{line.before}</td><td className="line">{line.after}</td>
                <td className="sign"><span aria-hidden="true">{SIGN[line.kind]}</span>{WORD[line.kind] && <span className="unseen">{WORD[line.kind]}</span>}</td>
                <td><code dir="auto">{line.text}</code></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {file.lines.length > MOST && <p className="caption">The first {count(MOST)} of {count(file.lines.length)} lines.</p>}
    </details>
  );
}
