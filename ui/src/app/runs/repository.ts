// Where a repository shows a commit. Only addresses of the web are made: what stands in a tag is never followed as it is.

export interface RepositoryLinks { page: string; commit: (id: string) => string; branch: (name: string) => string }

/** Of "https://host/team/repo.git", "git@host:team/repo.git" or "ssh://git@host/team/repo"; null: it is none of these. */
export function linksOf(url: string | undefined): RepositoryLinks | null {
  const found = /^(?:https?:\/\/|ssh:\/\/)(?:[^@/]*@)?([\w.-]+)(:\d+)?\/(.+)$/.exec(url ?? "") ?? /^[\w.-]+@([\w.-]+)(:)(?!\/)(.+)$/.exec(url ?? "");
  if (!found) return null;
  const [, host = "", port = "", rest = ""] = found;
  const path = rest.replace(/[?#].*$/, "").replace(/\/+$/, "").replace(/\.git$/, "").split("/").filter((part) => part !== "" && part !== "..").map((part) => encodeURIComponent(decoded(part))).join("/");
  if (path === "") return null;
  // A port of ssh says nothing about the web.
  const web = /^https?:/.test(url ?? "") ? port : "";
  const page = `${url?.startsWith("http://") ? "http" : "https"}://${host}${web}/${path}`;
  const [commit, branch] = /gitlab/i.test(host) ? ["-/commit", "-/tree"] : /bitbucket/i.test(host) ? ["commits", "src"] : ["commit", "tree"];
  const part = (text: string) => text.split("/").map(encodeURIComponent).join("/");
  return { page, commit: (id) => `${page}/${commit}/${part(id)}`, branch: (name) => `${page}/${branch}/${part(name)}` };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
