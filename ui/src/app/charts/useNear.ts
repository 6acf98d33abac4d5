// What is far out of sight is neither asked for nor drawn.
import { useEffect, useState, type RefObject } from "react";

const MARGIN = 300;
/** Milliseconds by which what is only near comes after what is in sight. */
const LATER_MS = 200;

/** Whether an element is in sight or near it; stays true once it was. What is in sight goes first. */
export function useNear(host: RefObject<Element | null>): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    const element = host.current;
    if (!element || near) return undefined;
    let later: number | undefined;
    const observer = new IntersectionObserver((entries) => {
      const last = entries.at(-1);
      if (!last?.isIntersecting) return;
      const { top, bottom } = last.boundingClientRect;
      if (top < window.innerHeight && bottom > 0) setNear(true);
      else later ??= window.setTimeout(() => setNear(true), LATER_MS);
    }, { rootMargin: `${MARGIN}px` });
    observer.observe(element);
    return () => {
      observer.disconnect();
      window.clearTimeout(later);
    };
  }, [host, near]);
  return near;
}
