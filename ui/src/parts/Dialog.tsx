import { useEffect, useId, useRef, type ReactNode } from "react";
import { Icon } from "./Icon";

/** A modal box. Escape, the cross and a click beside it close it; focus goes back to where it was. */
export function Dialog({ title, close, wide = false, children }: { title: string; close: () => void; wide?: boolean; children: ReactNode }) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = box.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={box} className={wide ? "dialog is-wide" : "dialog"} aria-labelledby={id} onCancel={(event) => { event.preventDefault(); close(); }}
      onClick={(event) => { if (event.target === box.current) close(); }}>
      <div className="dialog-body">
        <header>
          <h2 id={id} dir="auto">{title}</h2>
          <button type="button" className="icon-button" onClick={close} aria-label="Close"><Icon name="cross" /></button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
