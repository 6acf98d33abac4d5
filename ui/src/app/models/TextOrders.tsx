import { useState } from "react";
import { Icon } from "../../parts/Icon";
import { LongText } from "../../parts/LongText";
import { Markdown } from "../../parts/Markdown";
import { OrderDialog } from "../../parts/OrderDialog";
import { useOrderer } from "../api/orderer";
import { deleteTag, describe, setTag, type Thing } from "./orders";

const called = (of: Thing) => (of.version === undefined ? of.name : `version ${of.version} of ${of.name}`);

/** What people wrote of a model or a version, and a pen to write it anew. */
export function Description({ of, text }: { of: Thing; text: string }) {
  const [open, setOpen] = useState(false);
  return (
    <div className="description">
      {text && <div className="lead"><Markdown text={text} /></div>}
      <button type="button" className="quiet" onClick={() => setOpen(true)}><Icon name="pen" /> {text ? "Edit the description" : "Describe it"}</button>
      {open && <DescribeDialog of={of} text={text} close={() => setOpen(false)} />}
    </div>
  );
}

function DescribeDialog({ of, text, close }: { of: Thing; text: string; close: () => void }) {
  const [draft, setDraft] = useState(text);
  const orderer = useOrderer();
  return (
    <OrderDialog title="Description" says={`This text replaces the description of ${called(of)}; the log keeps both.`} does="Save" orderer={orderer} close={close}
      order={() => describe(of, draft)}>
      <label className="labelled">Description, in Markdown
        <textarea className="field" rows={8} dir="auto" value={draft} onChange={(event) => setDraft(event.target.value)} />
      </label>
    </OrderDialog>
  );
}

/** All tags, each to be changed or taken away, and a new one. */
export function Tags({ of, tags }: { of: Thing; tags: Record<string, string> }) {
  const [asking, setAsking] = useState<{ kind: "set" | "remove"; key: string } | null>(null);
  const keys = Object.keys(tags).sort();
  const close = () => setAsking(null);
  return (
    <>
      {keys.length === 0 ? <p className="muted">No tags.</p> : (
        <dl className="facts">{keys.map((key) => {
          const value = tags[key] ?? "";
          return (
            <div key={key}>
              <dt><bdi>{key}</bdi></dt>
              <dd><LongText text={value} />{" "}
                <button type="button" className="icon-button is-small" aria-label={`Change the tag ${key}`} onClick={() => setAsking({ kind: "set", key })}><Icon name="pen" /></button>
                <button type="button" className="icon-button is-small" aria-label={`Take the tag ${key} away`} onClick={() => setAsking({ kind: "remove", key })}><Icon name="cross" /></button>
              </dd>
            </div>
          );
        })}</dl>
      )}
      <button type="button" className="button" onClick={() => setAsking({ kind: "set", key: "" })}><Icon name="tag" /> Add a tag</button>
      {asking?.kind === "set" && <TagDialog of={of} name={asking.key} value={tags[asking.key] ?? ""} close={close} />}
      {asking?.kind === "remove" && <RemoveDialog of={of} name={asking.key} close={close} />}
    </>
  );
}

function TagDialog({ of, name, value, close }: { of: Thing; name: string; value: string; close: () => void }) {
  const [key, setKey] = useState(name);
  const [draft, setDraft] = useState(value);
  const orderer = useOrderer();
  return (
    <OrderDialog title={name ? `Tag ${name}` : "New tag"} says={`The tag is set on ${called(of)}; a value that it had is replaced, and stays in the log.`} does="Set the tag" orderer={orderer}
      ready={key.trim() !== ""} close={close} order={() => setTag(of, key.trim(), draft)}>
      {name === "" && <label className="labelled">Key<input className="field" dir="auto" required value={key} onChange={(event) => setKey(event.target.value)} /></label>}
      <label className="labelled">Value<textarea className="field" rows={3} dir="auto" value={draft} onChange={(event) => setDraft(event.target.value)} /></label>
    </OrderDialog>
  );
}

function RemoveDialog({ of, name, close }: { of: Thing; name: string; close: () => void }) {
  const orderer = useOrderer();
  return (
    <OrderDialog title={`Take the tag ${name} away`} says={`${called(of)} loses the tag; its value stays in the log.`} does="Take it away" grave orderer={orderer} close={close}
      order={() => deleteTag(of, name)} />
  );
}
