import { useServer } from "../api/server";

/** Says that the server is away, until it is back; and that it has a newer page than this tab. */
export function ServerBanner() {
  const { there, stale } = useServer();
  return (
    <div aria-live="polite" className="banners">
      {!there && (
        <p className="banner tone-bad">
          <b>The server has gone away.</b> What you see is what it said last. It is asked again every two seconds.
        </p>
      )}
      {there && stale && (
        <p className="banner tone-new">
          <b>The server was upgraded.</b> This tab still shows the page of before.{" "}
          <button type="button" className="quiet" onClick={() => window.location.reload()}>Load it again</button>
        </p>
      )}
    </div>
  );
}
