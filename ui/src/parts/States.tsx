// What stands where there is nothing yet, nothing at all, or something went wrong.
import type { ReactNode } from "react";
import { CopyButton } from "./CopyButton";

/** Grey bars in the shape of what is coming. */
export function Skeleton({ lines = 6, label = "Loading" }: { lines?: number; label?: string }) {
  return (
    <div className="skeleton" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, at) => <span key={at} className={`bar bar-${at % 3}`} />)}
    </div>
  );
}

export function PageSkeleton() {
  return <Skeleton lines={9} label="Loading the page" />;
}

/** What was asked for failed: what the server said, and a way to ask again. */
export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <div className="failed" role="alert">
      <p>{error instanceof Error ? error.message : String(error)}</p>
      {retry && <button type="button" className="button" onClick={retry}>Try again</button>}
    </div>
  );
}

/** Nothing is there: why, and what would change it. */
export function Nothing({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="nothing">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Commands to be copied; they work as they stand. */
export function Command({ text }: { text: string }) {
  return (
    <div className="command">
      <pre tabIndex={0}>{text}</pre>
      <CopyButton text={text} label="Copy the commands" />
    </div>
  );
}
