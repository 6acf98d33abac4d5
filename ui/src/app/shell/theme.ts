// Light or dark: as the system has it unless the reader chose.
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
const KEY = "quern.theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function chosen(): Theme {
  try {
    const kept = window.localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system";
  }
}
let theme = chosen();

function apply() {
  document.documentElement.dataset.theme = theme === "system" ? (system.matches ? "dark" : "light") : theme;
  for (const listener of listeners) listener();
}

export function followTheme() {
  apply();
  system.addEventListener("change", apply);
}

export function setTheme(next: Theme) {
  theme = next;
  try {
    if (next === "system") window.localStorage.removeItem(KEY);
    else window.localStorage.setItem(KEY, next);
  } catch {
    // Without storage the choice lasts as long as the tab.
  }
  apply();
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => { listeners.delete(listener); };
  }, () => theme);
}
