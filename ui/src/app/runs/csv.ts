/** Rows of a CSV text (RFC 4180: quotes, doubled inside) whose fields are kept apart by `separator`. A last row that
 *  the text breaks off in is left out if `cut`. */
export function parseCsv(text: string, separator: string, cut: boolean): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let quoted = false;
  const endRow = () => {
    row.push(field);
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
    field = "";
  };
  for (let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; at < text.length; at += 1) {
    const c = text[at];
    if (quoted) {
      if (c !== '"') field += c;
      else if (text[at + 1] === '"') { field += '"'; at += 1; } else quoted = false;
    } else if (c === '"' && field === "") quoted = true;
    else if (c === separator) { row.push(field); field = ""; } else if (c === "\n") endRow();
    else if (c !== "\r") field += c;
  }
  if (!cut) endRow();
  return rows;
}
