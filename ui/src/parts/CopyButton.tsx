import { useEffect, useState } from "react";
import { Icon } from "./Icon";

/** Puts a text on the clipboard and says so. */
export function CopyButton({ text, label = "Copy" }: { text: string | (() => string | Promise<string>); label?: string }) {
  const [done, setDone] = useState<"" | "copied" | "failed">("");
  useEffect(() => {
    if (!done) return undefined;
    const timer = window.setTimeout(() => setDone(""), 1500);
    return () => window.clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "string" ? text : await text());
      setDone("copied");
    } catch {
      setDone("failed");
    }
  };
  return (
    <button type="button" className="icon-button" onClick={() => { void copy(); }} aria-label={label} title={label}>
      <Icon name={done === "copied" ? "check" : "copy"} />
      <span role="status" className="unseen">{done}</span>
    </button>
  );
}
