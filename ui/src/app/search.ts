// What a page is set to stands in its address, so that it can be sent, kept and gone back to.
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

/** The address's settings and a change of some of them; undefined takes one away. `replace` leaves no step to go
 *  back to, as for what is typed. */
export function useSettings<T extends object>(): [Partial<T>, (change: Partial<T>, how?: { replace?: boolean }) => void] {
  const settings: Partial<T> = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = useCallback((part: Partial<T>, how: { replace?: boolean } = {}) => {
    void navigate({
      to: ".", replace: how.replace ?? false, resetScroll: false,
      search: ((before: Record<string, unknown>) => ({ ...before, ...part })) as never,
    });
  }, [navigate]);
  return [settings, change];
}

/** A setting as text: an address may have been written by hand, with a number where a text belongs. */
export function asText(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

export function asList(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string" || typeof one === "number").map(String) : [];
}
