import { Link, type ErrorComponentProps } from "@tanstack/react-router";
import { Failed } from "../../parts/States";
import { PageHead } from "./PageHead";

/** An address that no page has. */
export function NotThere() {
  return (
    <>
      <PageHead title="There is nothing here" />
      <p className="lead">No page has the address <code>{window.location.pathname}</code>.</p>
      <p><Link to="/">To the beginning</Link></p>
    </>
  );
}

/** A page that could not be loaded or drawn. */
export function Broken({ error, reset }: ErrorComponentProps) {
  return (
    <>
      <PageHead title="This page could not be shown" />
      <Failed error={error} retry={reset} />
    </>
  );
}
