// Who the reader is in the records of orders: as declared, kept in this browser, until there are accounts.
import { useMemo, useSyncExternalStore } from "react";
import type { Orderer } from "../../parts/OrderDialog";

const KEY = "quern.name";
const listeners = new Set<() => void>();

function kept(): string {
  try {
    return window.localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}
let name = kept();

function tell() {
  for (const listener of listeners) listener();
}

export function setOrderer(next: string) {
  name = next.trim();
  try {
    if (name === "") window.localStorage.removeItem(KEY);
    else window.localStorage.setItem(KEY, name);
  } catch {
    // Without storage the name lasts as long as the tab.
  }
  tell();
}

// Another tab of this browser is the same reader.
window.addEventListener("storage", (event) => {
  if (event.key !== KEY) return;
  name = event.newValue ?? "";
  tell();
});

/** The name for `actor` of an order that is sent now; undefined if the reader gave none. */
export const ordererName = (): string | undefined => name || undefined;

/** The same for a dialog: shown, and changeable. */
export function useOrderer(): Orderer {
  const now = useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => { listeners.delete(listener); };
  }, () => name);
  return useMemo(() => ({ name: now, rename: setOrderer }), [now]);
}
