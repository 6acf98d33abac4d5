// A table of any number of rows: only those in sight are drawn.
import { columnResizingFeature, columnSizingFeature, tableFeatures, useTable, type ColumnDef, type ColumnSizingState } from "@tanstack/react-table";
import { useVirtualizer, type Range } from "@tanstack/react-virtual";
import { memo, useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { isForPage } from "./keys";
import type { SavedTable } from "./save";
import { SaveTable } from "./SaveTable";

export interface GridColumn<Row> {
  id: string;
  head: ReactNode;
  /** Said of the head in full, where it is cut. */
  title?: string;
  cell: (row: Row) => ReactNode;
  /** Pixels, until the reader draws it otherwise. */
  width: number;
  numeric?: boolean;
  /** How rows are ordered by it now; absent: they cannot be. */
  order?: "ascending" | "descending" | "none";
  onOrder?: () => void;
}

const features = tableFeatures({ columnSizingFeature, columnResizingFeature });
type Features = typeof features;

export interface VirtualTableProps<Row> {
  label: string;
  rows: readonly Row[];
  /** All rows that there are, if more can be fetched. */
  total?: number | undefined;
  columns: readonly GridColumn<Row>[];
  keyOf: (row: Row) => string;
  rowHeight?: number;
  /** The end of `rows` is near. */
  onEnd?: (() => void) | undefined;
  /** What stands below the last row. */
  foot?: ReactNode;
  /** All rows, for a file; absent where a file is offered elsewhere. */
  save?: () => SavedTable | Promise<SavedTable>;
  onOpen?: (row: Row) => void;
  /** Other keys that do something to the row that j and k went to. */
  keys?: Readonly<Record<string, (row: Row) => void>>;
  classOf?: (row: Row) => string | undefined;
  /** Several tables share the page: j and k are for the one that has the focus. */
  quietKeys?: boolean;
  widths?: Readonly<Record<string, number>> | undefined;
  onWidths?: (widths: Record<string, number>) => void;
}

const NEAR_END = 30;
/** Rows that are drawn beyond those in sight, and by how many at once those that are drawn change: in most frames of a scroll
 *  nothing is drawn at all. */
const OVERSCAN = 8;
const STEP = 4;

/** The rows that are drawn, as a range that begins and ends at a multiple of STEP. */
function drawnOf({ startIndex, endIndex, overscan, count }: Range): number[] {
  const first = Math.max(0, Math.floor((startIndex - overscan) / STEP) * STEP);
  const end = Math.min(count, Math.ceil((endIndex + 1 + overscan) / STEP) * STEP);
  return Array.from({ length: Math.max(0, end - first) }, (_, at) => first + at);
}

export function VirtualTable<Row extends object>(props: VirtualTableProps<Row>) {
  const { rows, columns, keyOf, onEnd, rowHeight = 36 } = props;
  const frame = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState(-1);
  // Beside the state, as the next key may come before the row that it starts from is drawn.
  const at = useRef(-1);
  const go = useCallback((index: number) => { at.current = index; setShown(index); }, []);
  const virtual = useVirtualizer({
    count: rows.length, getScrollElement: () => frame.current, estimateSize: () => rowHeight, overscan: OVERSCAN, rangeExtractor: drawnOf,
    useScrollendEvent: true,
    // Until the frame is measured: so that the first picture has rows.
    initialRect: { width: 0, height: window.innerHeight / 2 },
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? -1;

  useEffect(() => { if (onEnd && last >= rows.length - NEAR_END) onEnd(); }, [last, rows.length, onEnd]);
  useEffect(() => { virtual.measure(); }, [rowHeight, virtual]);
  useStuckColumn(frame);
  const move = useRowKeys({ ...props, at, go, scrollTo: (index) => virtual.scrollToIndex(index), frame });

  const [own, setOwn] = useState<ColumnSizingState>({});
  const widths = props.widths ?? own;
  const width = columns.reduce((sum, column) => sum + widthOf(column, widths), 0);
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);

  return (
    <div className="vtable" ref={frame} role="region" aria-label={props.label} tabIndex={0} onKeyDown={move}>
      <table style={{ width }} aria-rowcount={(props.total ?? rows.length) + 1}>
        <colgroup>{columns.map((column) => <col key={column.id} style={{ width: widthOf(column, widths) }} />)}</colgroup>
        <Head columns={columns as readonly GridColumn<never>[]} widths={widths} onWidths={props.onWidths ?? setOwn} />
        <tbody>
          {above > 0 && <tr className="gap" aria-hidden="true"><td colSpan={columns.length} style={{ height: above }} /></tr>}
          {rows.slice(first, last + 1).map((row, offset) => {
            const index = first + offset;
            return <DrawnRow key={keyOf(row)} row={row} index={index} columns={columns as readonly GridColumn<object>[]} isAt={index === shown} height={rowHeight}
              className={props.classOf?.(row)} onFocus={go} />;
          })}
          {below > 0 && <tr className="gap" aria-hidden="true"><td colSpan={columns.length} style={{ height: below }} /></tr>}
        </tbody>
      </table>
      {(props.foot || props.save) && <div className="vtable-foot"><span>{props.foot}</span>{props.save && <SaveTable name={props.label} table={props.save} />}</div>}
    </div>
  );
}

/** The first column stays in sight while one scrolls aside, and only then: each of its cells would be a layer of its own in every
 *  frame. */
function useStuckColumn(frame: React.RefObject<HTMLDivElement | null>) {
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const look = () => { element.toggleAttribute("data-aside", element.scrollLeft > 0); };
    // Before the rows are drawn anew: to ask for a place after that would lay the table out at once.
    element.addEventListener("scroll", look, { passive: true, capture: true });
    return () => element.removeEventListener("scroll", look, { capture: true });
  }, [frame]);
}

/** A row is drawn again only when something of it changed: while one scrolls, those that stay are left alone. */
const DrawnRow = memo(function DrawnRow({ row, index, columns, isAt, height, className, onFocus }: {
  row: object; index: number; columns: readonly GridColumn<object>[]; isAt: boolean; height: number; className: string | undefined; onFocus: (index: number) => void;
}) {
  return (
    <tr aria-rowindex={index + 2} data-row={index} tabIndex={isAt ? 0 : -1} style={{ height }} className={`${isAt ? "is-at " : ""}${className ?? ""}`} onFocus={() => onFocus(index)}>
      {columns.map((column, place) => (place === 0 ? <th key={column.id} scope="row">{column.cell(row)}</th>
        : <td key={column.id} className={column.numeric ? "num" : undefined}>{column.cell(row)}</td>))}
    </tr>
  );
});

const widthOf = (column: { id: string; width: number }, widths: Readonly<Record<string, number>>) => widths[column.id] ?? column.width;
const NO_DATA: object[] = [];

/** The heads: order by a click, width by dragging an edge. The model of the columns knows of no rows: it would make an
 *  object for each of 100,000. */
const Head = memo(function Head({ columns, widths, onWidths }: {
  columns: readonly GridColumn<never>[]; widths: Readonly<Record<string, number>>; onWidths: (widths: Record<string, number>) => void;
}) {
  const defs = useMemo(() => columns.map((column): ColumnDef<Features, object> => ({
    id: column.id, size: column.width, minSize: 48, maxSize: 1200,
  })), [columns]);
  const table = useTable({
    features, columns: defs, data: NO_DATA, columnResizeMode: "onChange",
    state: { columnSizing: widths },
    onColumnSizingChange: (update) => onWidths(typeof update === "function" ? update(widths) : update),
  });
  const heads = new Map(table.getHeaderGroups()[0]?.headers.map((header) => [header.id, header]) ?? []);
  return (
    <thead>
      <tr aria-rowindex={1}>
        {columns.map((column) => {
          const header = heads.get(column.id);
          return (
            <th key={column.id} scope="col" className={column.numeric ? "num" : undefined} aria-sort={column.order === "none" ? undefined : column.order} title={column.title}>
              {column.onOrder
                ? <button type="button" className="order" onClick={column.onOrder}>
                  <bdi>{column.head}</bdi><span aria-hidden="true">{column.order === "ascending" ? "↑" : column.order === "descending" ? "↓" : ""}</span>
                </button>
                : <bdi>{column.head}</bdi>}
              {header && <span className={header.column.getIsResizing() ? "resizer is-held" : "resizer"} aria-hidden="true"
                onMouseDown={header.getResizeHandler()} onTouchStart={header.getResizeHandler()} onDoubleClick={() => header.column.resetSize()} />}
            </th>
          );
        })}
      </tr>
    </thead>
  );
});

/** j, k, arrows, Home, End, Enter and the caller's own keys; j and k from anywhere on the page. */
function useRowKeys<Row extends object>(table: VirtualTableProps<Row> & {
  at: React.RefObject<number>; go: (index: number) => void; scrollTo: (index: number) => void; frame: React.RefObject<HTMLDivElement | null>;
}) {
  const now = useRef(table);
  useEffect(() => { now.current = table; });
  const act = (key: string): boolean => {
    const { at, go, rows, keys, onOpen, frame } = now.current;
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[key];
    const to = step !== undefined ? at.current + step : key === "Home" ? 0 : key === "End" ? rows.length - 1 : null;
    if (to !== null) {
      const index = Math.max(0, Math.min(rows.length - 1, to));
      go(index);
      now.current.scrollTo(index);
      // The row is drawn first, then it takes the focus, unless another key went on from it.
      requestAnimationFrame(() => requestAnimationFrame(() => {
        if (at.current === index) frame.current?.querySelector<HTMLElement>(`[data-row="${index}"]`)?.focus({ preventScroll: true });
      }));
      return true;
    }
    const row = rows[at.current];
    if (!row) return false;
    if (key === "Enter" && onOpen) onOpen(row);
    else if (keys?.[key]) keys[key](row);
    else return false;
    return true;
  };
  useEffect(() => {
    const listen = (event: globalThis.KeyboardEvent) => {
      if (!isForPage(event)) return;
      if (now.current.quietKeys && !now.current.frame.current?.contains(event.target as Node)) return;
      const rowKey = event.key === "j" || event.key === "k" || (event.key !== "Enter" && now.current.keys?.[event.key] !== undefined);
      if (rowKey && act(event.key)) event.preventDefault();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
  return (event: KeyboardEvent) => {
    const onControl = event.target instanceof HTMLElement && event.target.closest("a, button, input, select, textarea");
    if (event.ctrlKey || event.altKey || event.metaKey || (onControl && event.key === "Enter")) return;
    if (["ArrowDown", "ArrowUp", "Home", "End", "Enter"].includes(event.key) && act(event.key)) event.preventDefault();
  };
}
