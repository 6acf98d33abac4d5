import { useEffect, useRef } from "react";
import { isForPage } from "../../parts/keys";

/** Keys of a page. */
export function useKeys(keys: Readonly<Record<string, (event: KeyboardEvent) => void>>) {
  const now = useRef(keys);
  useEffect(() => { now.current = keys; });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const act = isForPage(event) ? now.current[event.key] : undefined;
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
