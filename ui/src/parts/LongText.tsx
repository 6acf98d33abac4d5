import { useState } from "react";

const SHOWN = 300;

/** A text of somebody's: a long one is cut until the reader asks for the rest. */
export function LongText({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  if (text.length <= SHOWN || whole) return <span dir="auto">{text}</span>;
  return <span dir="auto">{text.slice(0, SHOWN)}… <button type="button" className="quiet" onClick={() => setWhole(true)}>show all of it</button></span>;
}
