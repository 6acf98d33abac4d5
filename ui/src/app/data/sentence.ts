/** "chol is between 80 and 700" of what a check said; how many failed stands beside it. */
export function sentence(text: string): string {
  const colon = text.indexOf(": ");
  return colon > 0 ? text.slice(0, colon) : text;
}
