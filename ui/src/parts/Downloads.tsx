import type { RefObject } from "react";
import { Icon } from "./Icon";
import { Popover } from "./Popover";
import { savePicture, saveTable, type SavedTable } from "./save";

/** A chart as a picture, and what it is made of. `host` holds the drawing; without one there is none to be had. */
export function Downloads({ title, host, data }: { title: string; host?: RefObject<HTMLElement | null>; data: () => SavedTable }) {
  return (
    <Popover right className="icon-button is-small" label={`Download ${title}`} button={<Icon name="save" />}>
      {(close) => (
        <>
          {host && <button type="button" className="item" onClick={() => { savePicture(title, host.current?.querySelector<SVGSVGElement>("svg:not(.icon)")); close(); }}>Picture (SVG)</button>}
          <button type="button" className="item" onClick={() => { saveTable(title, data()); close(); }}>Data (CSV)</button>
        </>
      )}
    </Popover>
  );
}
