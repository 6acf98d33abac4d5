import { useEffect, useId, useRef, useState, type ReactNode } from "react";

/** A button with a box below it. Escape and a click elsewhere close the box. */
export function Popover(props: {
  button: ReactNode; label?: string; right?: boolean; className?: string; disabled?: boolean; children: (close: () => void) => ReactNode;
}) {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLSpanElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event: PointerEvent) => { if (!anchor.current?.contains(event.target as Node)) setOpen(false); };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);
  const close = () => {
    setOpen(false);
    anchor.current?.querySelector("button")?.focus();
  };
  return (
    <span className="popover-anchor" ref={anchor}
      onKeyDown={(event) => { if (event.key === "Escape" && open) { event.stopPropagation(); close(); } }}>
      <button type="button" className={props.className ?? "button"} aria-expanded={open} aria-controls={open ? id : undefined} aria-label={props.label}
        disabled={props.disabled} onClick={() => setOpen(!open)}>
        {props.button}
      </button>
      {open && <div id={id} className={props.right ? "popover is-right" : "popover"}>{props.children(close)}</div>}
    </span>
  );
}
