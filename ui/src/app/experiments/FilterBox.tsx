import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { ApiError } from "../api/client";
import type { Keys } from "./columns";
import { complete, type Completion, type Word } from "./filterWords";

const NONE: Completion = { from: 0, to: 0, words: [] };

/** The filter's line: words that fit are offered while one types, Enter applies it, and what the server cannot read
 *  is shown at its place. */
export function FilterBox(props: { value: string; apply: (filter: string) => void; keys: Keys; error: unknown; shift: number; hint: string }) {
  const [text, setText] = useState(props.value);
  const [offered, setOffered] = useState<Completion>(NONE);
  const [at, setAt] = useState(-1);
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  useEffect(() => { setText(props.value); }, [props.value]);
  useEffect(() => { list.current?.children[at]?.scrollIntoView({ block: "nearest" }); }, [at]);

  const offer = (value: string, caret: number | null) => {
    setOffered(complete(value, caret ?? value.length, props.keys));
    setAt(-1);
  };
  const take = (word: Word) => {
    const after = text.slice(offered.to);
    const space = after.startsWith(" ") ? "" : " ";
    const next = `${text.slice(0, offered.from)}${word.text}${space}${after}`;
    const caret = offered.from + word.text.length + 1;
    setText(next);
    offer(next, caret);
    requestAnimationFrame(() => { field.current?.focus(); field.current?.setSelectionRange(caret, caret); });
  };
  const apply = () => {
    setOffered(NONE);
    props.apply(text.trim());
  };
  const onKey = (event: KeyboardEvent) => {
    const open = offered.words.length > 0;
    if (event.key === "ArrowDown" && !open) offer(text, field.current?.selectionStart ?? null);
    else if (event.key === "ArrowDown") setAt((at + 1) % offered.words.length);
    else if (event.key === "ArrowUp" && open) setAt(at <= 0 ? offered.words.length - 1 : at - 1);
    else if (event.key === "Tab" && at >= 0 && offered.words[at]) take(offered.words[at]);
    else if (event.key === "Enter") { if (at >= 0 && offered.words[at]) take(offered.words[at]); else apply(); }
    else if (event.key === "Escape") { if (open) setOffered(NONE); else field.current?.blur(); }
    else return;
    event.preventDefault();
  };
  return (
    <div className="filter" onBlur={(event) => { if (!event.currentTarget.contains(event.relatedTarget)) setOffered(NONE); }}>
      <input ref={field} className="field" data-search role="combobox" aria-label="Filter runs" aria-expanded={offered.words.length > 0} aria-controls={id}
        aria-autocomplete="list" aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined} aria-invalid={props.error ? true : undefined} aria-describedby={`${id}-error`}
        placeholder={props.hint} spellCheck={false} autoCapitalize="off" autoComplete="off" value={text}
        onChange={(event) => { setText(event.target.value); offer(event.target.value, event.target.selectionStart); }}
        onFocus={() => offer(text, field.current?.selectionStart ?? null)} onKeyDown={onKey} />
      {text.trim() !== props.value && <button type="button" className="button is-main" onClick={apply}>Apply</button>}
      {props.value && text.trim() === props.value && <button type="button" className="button" onClick={() => { setText(""); props.apply(""); }}>Clear</button>}
      {offered.words.length > 0 && (
        <ul id={id} ref={list} className="popover words" role="listbox" aria-label="Words that fit">
          {offered.words.map((word, index) => (
            <li key={word.text} id={`${id}-${index}`} role="option" aria-selected={index === at} className={index === at ? "item is-at" : "item"}
              onPointerDown={(event) => { event.preventDefault(); take(word); }}>
              <code><bdi>{word.text}</bdi></code><small>{word.note}</small>
            </li>
          ))}
        </ul>
      )}
      <div id={`${id}-error`}>{props.error ? <FilterError filter={props.value} error={props.error} shift={props.shift} /> : null}</div>
    </div>
  );
}

/** The server's words, with the place that they mean; the page put `shift` characters before the filter. */
function FilterError({ filter, error, shift }: { filter: string; error: unknown; shift: number }) {
  const column = error instanceof ApiError && error.column !== null ? error.column - shift : null;
  // The server counts bytes from 1.
  const bytes = new TextEncoder().encode(filter);
  const place = column !== null && column > 0 && column <= bytes.length + 1 ? new TextDecoder().decode(bytes.slice(0, column - 1)).length : null;
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div className="filter-error" role="alert">
      {place !== null && (
        <pre aria-hidden="true">{filter.slice(0, place)}<mark>{filter.slice(place, place + 1) || " "}</mark>{filter.slice(place + 1)}</pre>
      )}
      <p>{column === null ? message : message.replace(/at column \d+/, `at column ${column}`)}</p>
    </div>
  );
}
