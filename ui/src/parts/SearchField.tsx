import { useEffect, useRef, useState } from "react";

/** A field that searches while one types. The caller's value comes back late (an address is drawn in a transition),
 *  so that while one types the field keeps its own text: no quick letter is lost. */
export function SearchField({ label, hint, value, apply, className }: {
  label: string; hint?: string; value: string; apply: (text: string | undefined) => void; className?: string;
}) {
  const [text, setText] = useState(value);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => { if (document.activeElement !== field.current) setText(value); }, [value]);
  return (
    <input ref={field} className={className ? `field ${className}` : "field"} type="search" data-search aria-label={label} placeholder={hint ?? label} value={text}
      onBlur={() => setText(value)} onChange={(event) => { setText(event.target.value); apply(event.target.value || undefined); }} />
  );
}
