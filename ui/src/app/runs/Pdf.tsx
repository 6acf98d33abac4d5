import { getDocument, GlobalWorkerOptions, type PDFDocumentProxy, type PDFPageProxy } from "pdfjs-dist";
import worker from "pdfjs-dist/build/pdf.worker.min.mjs?url";
import { useEffect, useRef, useState } from "react";
import { Icon } from "../../parts/Icon";
import { Skeleton } from "../../parts/States";

// A file of its own at the server: the page's policy lets nothing else run.
GlobalWorkerOptions.workerSrc = worker;

const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];
/** A page may say that it is as wide as a house; so many pixels are drawn of it. */
const MOST_PIXELS = 16_000_000;

/** A PDF, page by page. Its scripts and forms are not run, its links not followed; of a long file only the parts that are looked at
 *  are fetched. */
export default function Pdf({ address, name }: { address: string; name: string }) {
  const [document, setDocument] = useState<PDFDocumentProxy | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [number, setNumber] = useState(1);
  const [zoom, setZoom] = useState(1);
  useEffect(() => {
    let gone = false;
    const task = getDocument({
      url: address, isEvalSupported: false, enableXfa: false, useWasm: false, disableAutoFetch: true, disableStream: true, verbosity: 0,
    });
    // Never asked: a password that is typed into a page of files would be one that is known.
    task.onPassword = () => { setProblem("The file is locked with a password. Download it to open it."); void task.destroy(); };
    task.promise.then((found) => { if (!gone) setDocument(found); }, (error: unknown) => { if (!gone) setProblem((before) => before ?? said(error)); });
    return () => { gone = true; void task.destroy(); };
  }, [address]);
  if (problem) return <p className="empty" role="alert">{problem}</p>;
  if (!document) return <Skeleton lines={10} label="Loading the PDF" />;
  const pages = document.numPages;
  const at = ZOOMS.indexOf(zoom);
  const go = (to: number) => setNumber(Math.max(1, Math.min(pages, to)));
  return (
    <>
      <div className="toolbar pdf-bar">
        <button type="button" className="icon-button" aria-label="Previous page" disabled={number <= 1} onClick={() => go(number - 1)}><span className="turned"><Icon name="right" /></span></button>
        <label className="tick-label">Page <input className="field step" inputMode="numeric" aria-label="Page" key={number} defaultValue={number}
          onBlur={(event) => go(Number.parseInt(event.target.value, 10) || number)} onKeyDown={(event) => { if (event.key === "Enter") go(Number.parseInt(event.currentTarget.value, 10) || number); }} /> of {pages}</label>
        <button type="button" className="icon-button" aria-label="Next page" disabled={number >= pages} onClick={() => go(number + 1)}><Icon name="right" /></button>
        <button type="button" className="button" aria-label="Smaller" disabled={at <= 0} onClick={() => setZoom(ZOOMS[at - 1] ?? 1)}>−</button>
        <output>{Math.round(zoom * 100)} %</output>
        <button type="button" className="button" aria-label="Larger" disabled={at >= ZOOMS.length - 1} onClick={() => setZoom(ZOOMS[at + 1] ?? 1)}>+</button>
      </div>
      <PdfPage key={number} document={document} number={number} zoom={zoom} name={name} />
    </>
  );
}

/** What pdf.js says, in words for people. */
function said(error: unknown): string {
  const kind = error instanceof Error ? error.name : "";
  if (kind === "InvalidPDFException") return "This is not a PDF that can be read: it is broken, or not what its name says. It can be downloaded all the same.";
  if (kind === "ResponseException" || kind === "MissingPDFException") return "The server did not give the file.";
  return `The PDF cannot be shown: ${error instanceof Error ? error.message.slice(0, 200) : "unknown error"}`;
}

function PdfPage({ document, number, zoom, name }: { document: PDFDocumentProxy; number: number; zoom: number; name: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [page, setPage] = useState<PDFPageProxy | null>(null);
  const [text, setText] = useState("");
  const [drawn, setDrawn] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let gone = false;
    document.getPage(number).then(async (found) => {
      if (gone) return;
      setPage(found);
      const content = await found.getTextContent();
      if (!gone) setText(content.items.map((item) => ("str" in item ? item.str + (item.hasEOL ? "\n" : "") : "")).join(""));
    }).catch((error: unknown) => { if (!gone) setProblem(said(error)); });
    return () => { gone = true; };
  }, [document, number]);
  useEffect(() => {
    const [target, host] = [canvas.current, frame.current];
    if (!page || !target || !host) return undefined;
    // At 100 % a page is as wide as its place.
    const whole = page.getViewport({ scale: 1 });
    const wide = (host.clientWidth / whole.width) * zoom;
    const dense = Math.min(window.devicePixelRatio || 1, Math.sqrt(MOST_PIXELS / (whole.width * wide * whole.height * wide)));
    const viewport = page.getViewport({ scale: wide * dense });
    target.width = Math.max(1, Math.floor(viewport.width));
    target.height = Math.max(1, Math.floor(viewport.height));
    target.style.width = `${whole.width * wide}px`;
    setDrawn(false);
    const task = page.render({ canvas: target, viewport });
    task.promise.then(() => setDrawn(true), (error: unknown) => {
      if (!(error instanceof Error && error.name === "RenderingCancelledException")) setProblem(said(error));
    });
    return () => task.cancel();
  }, [page, zoom]);
  if (problem) return <p className="empty" role="alert">{problem}</p>;
  return (
    <>
      <div className="pdf-page" ref={frame} tabIndex={0} role="region" aria-label={`Page ${number}`}>
        <canvas ref={canvas} role="img" aria-label={`Page ${number} of ${document.numPages} of ${name}`} data-drawn={drawn || undefined} />
      </div>
      {text.trim() && <details className="fold"><summary>Text of this page</summary><pre className="whole-text" dir="auto" tabIndex={0}>{text}</pre></details>}
    </>
  );
}
