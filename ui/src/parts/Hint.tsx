import { useId, useState, type ReactNode } from "react";

/** A word with an explanation behind it: on hover, focus or tap on a screen, written out in print. */
export function Hint({ label, children }: { label: ReactNode; children: ReactNode }) {
  const id = useId();
  const [open, setOpen] = useState(false);
  if (!children) return <>{label}</>;
  return (
    <span className={open ? "hint is-open" : "hint"} onKeyDown={(e) => e.key === "Escape" && setOpen(false)}>
      <button type="button" aria-expanded={open} aria-describedby={id} onClick={() => setOpen(!open)}
        onBlur={() => setOpen(false)}>
        {label}
      </button>
      <span className="hint-body" role="tooltip" id={id}>{children}</span>
    </span>
  );
}
