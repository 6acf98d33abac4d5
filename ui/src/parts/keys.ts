/** Whether a key typed at `target` belongs to a field. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && (target as HTMLInputElement).type !== "checkbox");
}

/** Whether a key is for the page: not while a field is typed into, a dialog is open, or Ctrl, Alt or Meta is held. */
export function isForPage(event: KeyboardEvent): boolean {
  return !event.ctrlKey && !event.altKey && !event.metaKey && !event.defaultPrevented && !isTyping(event.target) && !document.querySelector("dialog[open]");
}
