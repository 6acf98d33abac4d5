// What a model takes and gives, as MLflow writes it.
export interface SignatureColumn { name: string; type: string; required: boolean }

/** Of the JSON in a signature: columns, or one tensor. What is not understood gives none. */
export function columnsOf(text: string | null): SignatureColumn[] {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(value) ? value.map((one, at) => column(one as Record<string, unknown>, at)) : [];
  } catch {
    return [];
  }
}

function column(one: Record<string, unknown>, at: number): SignatureColumn {
  const tensor = one["tensor-spec"] as { dtype?: string; shape?: number[] } | undefined;
  const type = tensor ? `tensor ${tensor.dtype ?? ""} [${(tensor.shape ?? []).join(", ")}]` : typeof one.type === "string" ? one.type : JSON.stringify(one.type ?? "");
  return { name: typeof one.name === "string" ? one.name : `${at}`, type, required: one.required !== false };
}

/** Of an MLmodel file the text of one part of its signature. Python folds long lines, so it may go over several. */
export function signaturePart(mlmodel: string, part: "inputs" | "outputs" | "params"): string | null {
  const found = new RegExp(`^ {2}${part}: '((?:[^']|'')*)'`, "m").exec(mlmodel);
  return found?.[1]?.replace(/\n\s*/g, " ").replaceAll("''", "'") ?? null;
}

/** The flavours that an MLmodel file lists. */
export function flavorsOf(mlmodel: string): string[] {
  const block = /^flavors:\n((?: {2,}.*\n?)+)/m.exec(mlmodel)?.[1] ?? "";
  return [...block.matchAll(/^ {2}([\w.]+):/gm)].flatMap((match) => (match[1] ? [match[1]] : []));
}
