import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { CopyButton } from "../../parts/CopyButton";
import { Diff } from "../../parts/Diff";
import { bytes, count } from "../../parts/format";
import { Icon } from "../../parts/Icon";
import { Markdown } from "../../parts/Markdown";
import { Failed, Skeleton } from "../../parts/States";
import { VirtualTable, type GridColumn } from "../../parts/VirtualTable";
import { fetchAnswer } from "../api/client";
import { artifactAddress, artifactView, type FileOwner } from "../api/mlflow";
import { later } from "../views/later";
import { parseCsv } from "./csv";
import { columnsOf, flavorsOf, signaturePart } from "./signature";
import { SignatureTable } from "./SignatureTable";

/** A megabyte that only who looks into a PDF needs. */
const Pdf = later(() => import("./Pdf"), "Loading the PDF", 10);

/** Of a text no more than this is fetched. */
const MOST = 2_000_000;
const IMAGES = /\.(png|jpe?g|gif|webp|bmp|svg|ico)$/i;
const TEXTS = /(\.(txt|log|py|r|sh|sql|ya?ml|toml|ini|cfg|conf|xml|js|ts|css|json|ndjson|jsonl|ipynb|geojson|md|csv|tsv|html?|out|err|diff|patch|env|lock|rst|properties)$)|(^|\/)(MLmodel|MLproject|Dockerfile|Makefile|README|LICENSE)$/i;

type Kind = "image" | "html" | "csv" | "markdown" | "json" | "model" | "diff" | "pdf" | "text" | "other";

function kindOf(path: string): Kind {
  if (IMAGES.test(path)) return "image";
  if (/\.html?$/i.test(path)) return "html";
  if (/\.(csv|tsv)$/i.test(path)) return "csv";
  if (/\.(md|markdown)$/i.test(path)) return "markdown";
  if (/\.(json|geojson|ipynb)$/i.test(path)) return "json";
  if (/(^|\/)MLmodel$/.test(path)) return "model";
  if (/\.(diff|patch)$/i.test(path)) return "diff";
  if (/\.pdf$/i.test(path)) return "pdf";
  return TEXTS.test(path) ? "text" : "other";
}

/** What is in a file, as far as a page can show it; all of it can be downloaded. */
export function Viewer({ owner, path, size }: { owner: FileOwner; path: string; size: number | undefined }) {
  const kind = kindOf(path);
  // Only a run has a place from which its HTML may be shown.
  const framed = kind === "html" && owner.run !== undefined;
  const [source, setSource] = useState(kind === "html" && !framed);
  const readable = kind === "markdown" || kind === "json" || kind === "csv" || kind === "model" || kind === "diff" || framed;
  const address = artifactAddress(owner, path);
  return (
    <>
      <header className="viewer-head">
        <h3 dir="auto">{path}</h3>
        <div className="actions">
          {readable && <button type="button" className="button" aria-pressed={source} onClick={() => setSource(!source)}>Source</button>}
          <CopyButton text={path} label="Copy the path" />
          <a className="button" href={address} download><Icon name="save" /> Download</a>
        </div>
      </header>
      {kind === "image" ? <Picture address={address} name={path} />
        : kind === "pdf" ? <Pdf address={address} name={path} />
        : kind === "other" ? <p className="muted">No viewer shows this kind of file{size ? ` (${bytes(size)})` : ""}. Download it to look into it.</p>
          : framed && owner.run !== undefined && !source
            ? <iframe className="html-view" title={`${path}, without scripts`} src={artifactView(owner.run, path)} sandbox="" referrerPolicy="no-referrer" />
            : <TextFile owner={owner} path={path} kind={source ? "text" : kind} />}
    </>
  );
}

function Picture({ address, name }: { address: string; name: string }) {
  const [broken, setBroken] = useState(false);
  if (broken) return <p className="empty" role="alert">The browser cannot draw this file: it is not the picture that its name says.</p>;
  return <img className="picture" src={address} alt={name} onError={() => setBroken(true)} />;
}

interface Part { text: string; total: number }

/** The beginning of a file, as text. */
async function fetchText(address: string, signal: AbortSignal): Promise<Part> {
  const answer = await fetchAnswer(address, { signal, headers: { Range: `bytes=0-${MOST - 1}` } });
  const range = /\/(\d+)$/.exec(answer.headers.get("Content-Range") ?? "");
  const body = await answer.arrayBuffer();
  return { text: new TextDecoder().decode(body), total: range ? Number(range[1]) : body.byteLength };
}

function TextFile({ owner, path, kind }: { owner: FileOwner; path: string; kind: Kind }) {
  const address = artifactAddress(owner, path);
  const found = useQuery({ queryKey: ["artifact-text", address], staleTime: 60_000, queryFn: ({ signal }) => fetchText(address, signal) });
  if (found.isError) return <Failed error={found.error} retry={() => { void found.refetch(); }} />;
  if (!found.data) return <Skeleton lines={8} label="Loading the file" />;
  const { text, total } = found.data;
  const cut = total > MOST;
  return (
    <>
      {cut && <p className="empty">The first {bytes(MOST)} of {bytes(total)}.</p>}
      {kind === "csv" ? <CsvTable text={text} tabs={/\.tsv$/i.test(path)} cut={cut} />
        : kind === "markdown" ? <Markdown text={text} />
          : kind === "json" ? <Json text={text} />
            : kind === "model" ? <Model text={text} />
              : kind === "diff" ? <Diff text={text} />
                  : <pre className="whole-text" tabIndex={0} aria-label="Content of the file">{text}</pre>}
    </>
  );
}

function Json({ text }: { text: string }) {
  const pretty = useMemo(() => {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return null;
    }
  }, [text]);
  return (
    <>
      {pretty === null && <p className="empty">This is not JSON that can be read; here it is as it stands.</p>}
      <pre className="whole-text" tabIndex={0} aria-label="Content of the file">{pretty ?? text}</pre>
    </>
  );
}

interface CsvRow { cells: string[]; number: number }

function CsvTable({ text, tabs, cut }: { text: string; tabs: boolean; cut: boolean }) {
  const [head = [], ...body] = useMemo(() => parseCsv(text, tabs ? "\t" : ",", cut), [text, tabs, cut]);
  const rows = useMemo(() => body.map((cells, at): CsvRow => ({ cells, number: at + 1 })), [body]);
  const numeric = head.map((_, at) => rows.slice(0, 50).every((row) => row.cells[at] === "" || !Number.isNaN(Number(row.cells[at]))));
  const columns: GridColumn<CsvRow>[] = [
    { id: "#", head: "#", width: 64, cell: (row) => count(row.number) },
    ...head.map((name, at): GridColumn<CsvRow> => ({
      id: `${at}`, head: name || `column ${at + 1}`, width: 150, ...(numeric[at] ? { numeric: true } : {}),
      cell: (row) => <bdi title={row.cells[at]?.slice(0, 500)}>{row.cells[at]?.slice(0, 200)}</bdi>,
    })),
  ];
  if (head.length === 0) return <p className="muted">The file is empty.</p>;
  return <VirtualTable label="Rows of the file" rows={rows} columns={columns} keyOf={(row) => String(row.number)} rowHeight={30} quietKeys foot={`${count(rows.length)} rows${cut ? " so far" : ""}, ${count(head.length)} columns`} />;
}

function Model({ text }: { text: string }) {
  const flavors = flavorsOf(text);
  const inputs = columnsOf(signaturePart(text, "inputs"));
  const outputs = columnsOf(signaturePart(text, "outputs"));
  const id = /^model_id: (\S+)/m.exec(text)?.[1];
  return (
    <>
      <p>{flavors.map((flavor) => <span key={flavor} className="chip">{flavor}</span>)} {id && <code>{id}</code>}</p>
      {inputs.length === 0 && outputs.length === 0 && <p className="muted">The model was logged without a signature.</p>}
      <SignatureTable title="Takes" columns={inputs} />
      <SignatureTable title="Gives" columns={outputs} />
      <details className="fold"><summary>MLmodel</summary><pre className="whole-text" tabIndex={0}>{text}</pre></details>
    </>
  );
}
