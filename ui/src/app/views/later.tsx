import { useEffect, useState, type ComponentType } from "react";
import { Skeleton } from "../../parts/States";

/** A component whose code is loaded apart. Unlike lazy() within Suspense, which shows what has come only 300 ms after the page's last
 *  placeholder, it is there at once. That its code cannot be had is an error of the page. */
export function later<Props extends object>(load: () => Promise<{ default: ComponentType<Props> }>, label: string, lines = 8) {
  let known: ComponentType<Props> | undefined;
  return function Later(props: Props) {
    const [Loaded, setLoaded] = useState<ComponentType<Props> | undefined>(() => known);
    const [error, setError] = useState<unknown>();
    useEffect(() => {
      if (Loaded) return undefined;
      let gone = false;
      load().then(
        (code) => { known = code.default; if (!gone) setLoaded(() => code.default); },
        (problem: unknown) => { if (!gone) setError(problem); },
      );
      return () => { gone = true; };
    }, [Loaded]);
    if (error !== undefined) throw error;
    return Loaded ? <Loaded {...props} /> : <Skeleton lines={lines} label={label} />;
  };
}
