import type { RefObject } from "react";
import { Icon } from "../../parts/Icon";
import { Popover } from "../../parts/Popover";
import { downloadPicture } from "./exportChart";

/** A chart as a picture, and what it is made of. */
export function Downloads({ title, host, data }: { title: string; host: RefObject<HTMLElement | null>; data: () => void }) {
  return (
    <Popover right className="icon-button is-small" label={`Download ${title}`} button={<Icon name="save" />}>
      {(close) => (
        <>
          <button type="button" className="item" onClick={() => { downloadPicture(title, host.current); close(); }}>Picture (SVG)</button>
          <button type="button" className="item" onClick={() => { data(); close(); }}>Data (CSV)</button>
        </>
      )}
    </Popover>
  );
}
