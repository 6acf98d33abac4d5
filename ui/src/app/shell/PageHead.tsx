import type { ReactNode } from "react";
import { useTitle } from "./title";

/** What stands first on a page: where one is, its name, what can be done with it. */
export function PageHead(props: { title: string; name?: ReactNode; above?: ReactNode; tools?: ReactNode; children?: ReactNode }) {
  useTitle(props.title);
  return (
    <header className="page-head">
      {props.above && <nav className="above" aria-label="Where this page is">{props.above}</nav>}
      <div className="page-title">
        <h1 dir="auto">{props.name ?? props.title}</h1>
        {props.tools && <div className="tools">{props.tools}</div>}
      </div>
      {props.children}
    </header>
  );
}
