import { useEffect } from "react";

/** The tab's title while a page is there. */
export function useTitle(title: string | undefined) {
  useEffect(() => { document.title = title ? `${title} · Quern` : "Quern"; }, [title]);
}
