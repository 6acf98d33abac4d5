import { Link } from "@tanstack/react-router";
import { known, metric, range, signed } from "../../parts/format";
import { IntervalList } from "../../parts/IntervalList";
import { Panel, TableFrame } from "../../parts/Layout";
import { Moment } from "../../parts/Moment";
import { Status, toneOf } from "../../parts/Status";
import { lowerIsBetter, metricName } from "../../parts/words";
import type { Compared } from "../api/native";
import { versionAddress } from "./addresses";
import { AliasNames } from "./Aliases";
import { better, isInterval, isVerdict, lineName, linesOf, measuredOn, savedLines, SECTIONS, trialsOf, valueText, type Line, type Trial } from "./compared";

/** All that the server knows of the versions, by section; of two the change, where it means something. */
export function ComparedTable({ pairs, all }: { pairs: readonly Compared[]; all: boolean }) {
  const lines = linesOf(pairs, all);
  const heads = [pairs[0]?.a, ...pairs.map((pair) => pair.b)].filter((head) => head !== undefined);
  const two = pairs.length === 1;
  const sections = [...new Set(lines.map((line) => line.section))];
  return (
    <>
      {trialsOf(pairs).map((trial) => <TrialPanel key={`${trial.a} ${trial.b}`} trial={trial} />)}
      <div className="table-panel compared">
        <TableFrame label="Versions side by side" saved={() => savedLines(lines, heads.map((head) => head.version))}>
          <table>
            <thead>
              <tr>
                <th scope="col">{all ? "What is known" : "What differs"}</th>
                {heads.map((head) => <th key={head.version} scope="col"><Link to={versionAddress(head.name, head.version)}>version {head.version}</Link></th>)}
                {two && <th scope="col" className="num">Change</th>}
              </tr>
            </thead>
            {sections.map((section) => {
              const measured = measuredOn(pairs, lines, section);
              return (
                <tbody key={section}>
                  <tr><th className="group" scope="rowgroup" colSpan={heads.length + (two ? 2 : 1)}>{SECTIONS[section] ?? section}{measured && <span className="on">{measured.text}</span>}</th></tr>
                  {lines.filter((line) => line.section === section).map((line) => (
                    <tr key={line.name} data-line="">
                      <th scope="row" dir="auto">{lineName(line)}</th>
                      {heads.map((head, at) => <td key={head.version}><Value line={line} value={line.values[at]} /></td>)}
                      {two && <td className="num"><Change line={line} /></td>}
                    </tr>
                  ))}
                </tbody>
              );
            })}
          </table>
        </TableFrame>
        {lines.length === 0 && <p className="muted">They differ in nothing that is known of them.</p>}
      </div>
    </>
  );
}

function Value({ line, value }: { line: Line; value: unknown }) {
  if (isInterval(value)) return <>{metric(value.value)}<small>{range(value)}</small></>;
  if (isVerdict(value)) return <><Status tone={toneOf(value.status)}>{value.status}</Status>{known(value.observed) && <small>{metric(value.observed)}</small>}</>;
  if (line.section === "version" && line.name === "aliases" && Array.isArray(value) && value.length > 0) return <AliasNames aliases={value.map(String)} />;
  if (line.section === "version" && line.name === "created" && typeof value === "string") return <Moment ms={Date.parse(value)} />;
  return <span dir="auto">{valueText(line, value)}</span>;
}

function Change({ line }: { line: Line }) {
  if (line.values.some((value) => value === null)) return null;
  if (line.rows[0]?.same === false) return <span className="muted">other rows</span>;
  if (!known(line.change)) return null;
  const good = better(line);
  return <>{signed(line.change)}{good !== null && <small>{good ? "better" : "worse"}{line.rows[0]?.same === null && ", if the rows are the same"}</small>}</>;
}

/** What a retraining found when both answered for the same rows: the only fair comparison of such versions. */
function TrialPanel({ trial: { metric: key, a, b, row } }: { trial: Trial }) {
  const difference = row.difference;
  return (
    <Panel title="On the same rows" lead={`A retraining set them against each other: ${row.rows?.a ?? "rows that are not known"}, which neither had learned from.`}>
      <IntervalList save="On the same rows" items={[
        { label: `version ${a}`, interval: isInterval(row.a) ? row.a : null },
        { label: `version ${b}`, interval: isInterval(row.b) ? row.b : null, color: "new" },
      ]} />
      <p className="caption">{metricName(key)}{lowerIsBetter(key) ? "; lower is better" : ""}. Change {signed(row.change)}{difference ? ` (paired, ${range(difference, (x) => signed(x))})` : ""}.</p>
    </Panel>
  );
}
