import { useEffect, useRef } from "react";

/** What a run prints, the newest line in sight for as long as the reader has not scrolled away from it. */
export function RunLog({ text, live }: { text: string; live: boolean }) {
  const box = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    if (box.current && follows.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  return (
    <pre ref={box} className="run-log" role="log" aria-label="What the run printed" tabIndex={0} dir="auto"
      onScroll={(event) => {
        const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
        follows.current = scrollTop + clientHeight >= scrollHeight - 8;
      }}>{text || (live ? "Nothing was printed yet." : "It printed nothing.")}</pre>
  );
}
