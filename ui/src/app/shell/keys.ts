import { useEffect, useRef } from "react";

/** Whether a key typed at `target` belongs to a field. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && (target as HTMLInputElement).type !== "checkbox");
}

/** Keys of a page; not while a field is typed into, a dialog is open, or Ctrl, Alt or Meta is held. */
export function useKeys(keys: Readonly<Record<string, (event: KeyboardEvent) => void>>) {
  const now = useRef(keys);
  useEffect(() => { now.current = keys; });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || isTyping(event.target)) return;
      if (document.querySelector("dialog[open]")) return;
      const act = now.current[event.key];
      if (!act) return;
      event.preventDefault();
      act(event);
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}

/** `/`: the first field that searches. */
export function focusSearch() {
  const field = document.querySelector<HTMLInputElement>("[data-search]");
  field?.focus();
  field?.select();
}
