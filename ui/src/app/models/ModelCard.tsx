import { useState } from "react";
import { cardAddress } from "../api/native";

const FORMATS = [["html", "HTML"], ["md", "Markdown"], ["json", "JSON"]] as const;

/** The card as the server writes it, in a frame without scripts, and as files. */
export function ModelCard({ name, version }: { name: string; version: number }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <p>What it is for, what it learned from, how it does and where its limits are, from what the store knows. Download it as{" "}
        {FORMATS.map(([format, word], at) => (
          <span key={format}>{at > 0 && (at === FORMATS.length - 1 ? " or " : ", ")}
            <a href={cardAddress(name, version, format)} download={`${name}-${version}-card.${format}`}>{word}</a></span>
        ))}.</p>
      <details className="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Read it here</summary>
        {open && <iframe className="card-view" title={`Model card of ${name}, version ${version}`} src={cardAddress(name, version, "html")} sandbox="" referrerPolicy="no-referrer" />}
      </details>
    </>
  );
}
