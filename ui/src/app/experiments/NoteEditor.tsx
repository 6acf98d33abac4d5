import { useState } from "react";
import { Dialog } from "../../parts/Dialog";
import { Markdown } from "../../parts/Markdown";
import { Failed } from "../../parts/States";

/** Notes as Markdown, with how they will look. */
export function NoteEditor({ title, text, error, close, save }: { title: string; text: string; error: unknown; close: () => void; save: (text: string) => void }) {
  const [draft, setDraft] = useState(text);
  const [shown, setShown] = useState(false);
  return (
    <Dialog title={title} close={close}>
      {error ? <Failed error={error} /> : null}
      <div className="segments" role="group" aria-label="What is shown">
        <button type="button" aria-pressed={!shown} onClick={() => setShown(false)}>Write</button>
        <button type="button" aria-pressed={shown} onClick={() => setShown(true)}>Read</button>
      </div>
      {shown
        ? <div className="note-preview"><Markdown text={draft} /></div>
        : <textarea className="field note-field" rows={12} dir="auto" autoFocus aria-label="Notes, in Markdown" value={draft} onChange={(event) => setDraft(event.target.value)} />}
      <div className="actions is-end">
        <button type="button" className="button" onClick={close}>Cancel</button>
        <button type="button" className="button is-main" onClick={() => save(draft)}>Save</button>
      </div>
    </Dialog>
  );
}
