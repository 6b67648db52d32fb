// Spans as rows.
//
//   trace_hi trace_lo span parent    ids, as 64-bit numbers; parent 0 for a root
//   start duration                   nanoseconds
//   kind status flags                as in OTLP
//   name attributes more             texts: attribute-text.ts, span-more.ts
//   origin                           resource and scope: origin-text.ts
//
// A window's file is sorted by trace: a trace is found by looking into one row group, its spans lie together, and ids that
// stand next to their like pack to a few bytes (24 bytes a span of the shop, against 37 sorted by service with an index).

import type { WireReader } from "@flx/model";
import { AttributeBytes, storedUtf8 } from "../records/attribute-bytes.ts";
import type { OriginNumbers, RecordTable, WrittenRows } from "../records/record-table.ts";
import type { Column, Rows } from "../records/row-writer.ts";
import { attributesOf, utf8, walkRequest } from "../records/walk-request.ts";
import { idText, traceIdText } from "../records/ids.ts";
import { type SpanMore, spanMoreText } from "./span-more.ts";
import type { SpanEvent, SpanLink } from "./span-store.ts";

const COLUMNS = [
  { name: "trace_hi", type: "UBIGINT" },
  { name: "trace_lo", type: "UBIGINT" },
  { name: "span", type: "UBIGINT" },
  { name: "parent", type: "UBIGINT" },
  { name: "start", type: "UBIGINT" },
  { name: "duration", type: "UBIGINT" },
  { name: "kind", type: "UTINYINT" },
  { name: "status", type: "UTINYINT" },
  { name: "flags", type: "UINTEGER" },
  { name: "name", type: "VARCHAR" },
  { name: "attributes", type: "VARCHAR" },
  { name: "more", type: "VARCHAR" },
] as const satisfies readonly Column[];

const [
  TRACE_HI,
  TRACE_LO,
  SPAN,
  PARENT,
  START,
  DURATION,
  KIND,
  STATUS,
  FLAGS,
  NAME,
  ATTRIBUTES,
  MORE,
] = COLUMNS.keys();
const ORIGIN = COLUMNS.length;
const EMPTY = new Uint8Array(0);

/** Spans. */
export const spanTable: RecordTable = {
  name: "spans",
  columns: COLUMNS,
  timeColumn: "start",
  order: "trace_hi, trace_lo, start",
  write: (request, rows, origins) => new SpanWriter(rows).write(request, origins),
};

/** Writes the spans of a request. */
class SpanWriter {
  readonly #rows: Rows;
  readonly #attributes = new AttributeBytes();
  #count = 0;
  #minTimeMs = Infinity;
  #maxTimeMs = -Infinity;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  write(request: Uint8Array, origins: OriginNumbers): WrittenRows {
    walkRequest(request, origins, (reader, end, origin) => this.#span(reader, end, origin));
    return { rows: this.#count, minTimeMs: this.#minTimeMs, maxTimeMs: this.#maxTimeMs };
  }

  #span(reader: WireReader, end: number, origin: number): void {
    const rows = this.#rows;
    const from = reader.at;
    rows.next();
    this.#count++;
    this.#defaults(origin);
    let [startLow, startHigh, endLow, endHigh] = [0, 0, 0, 0];
    let [hasName, hasMore] = [false, false];
    while (reader.at < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case 0x0a:
          this.#id(reader, end, 16, TRACE_HI!);
          break;
        case 0x12:
          this.#id(reader, end, 8, SPAN!);
          break;
        case 0x22:
          this.#id(reader, end, 8, PARENT!);
          break;
        case 0x2a:
          this.#name(reader, end);
          hasName = true;
          break;
        case 0x30:
          rows.uint8(KIND!, Math.min(255, reader.uint32(end)));
          break;
        case 0x39:
          reader.fixed(end);
          [startLow, startHigh] = [reader.low, reader.high];
          break;
        case 0x41:
          reader.fixed(end);
          [endLow, endHigh] = [reader.low, reader.high];
          break;
        case 0x4a:
          this.#attributes.add(reader, end);
          break;
        case 0x7a:
          if (this.#status(reader, end)) hasMore = true;
          break;
        case 0x85:
          rows.uint32(FLAGS!, fixed32(reader, end));
          break;
        default:
          // Trace state, what was dropped, events, links.
          if (tag === 0x1a || (tag >= 0x50 && tag <= 0x70)) hasMore = true;
          reader.skip(tag, end, 0);
      }
    }
    this.#times(startLow, startHigh, endLow, endHigh);
    // Only now: a text is written into the database at once, and twice is twice the work.
    if (!hasName) rows.utf8(NAME!, EMPTY);
    rows.utf8(ATTRIBUTES!, this.#attributes.bytes);
    if (hasMore) {
      const startNs = (BigInt(startHigh) << 32n) | BigInt(startLow);
      rows.text(MORE!, spanMoreText(moreOf(reader, from, end), startNs));
    } else rows.utf8(MORE!, EMPTY);
    reader.at = end;
  }

  #defaults(origin: number): void {
    const rows = this.#rows;
    rows.words(TRACE_HI!, 0, 0);
    rows.words(TRACE_LO!, 0, 0);
    rows.words(SPAN!, 0, 0);
    rows.words(PARENT!, 0, 0);
    rows.uint8(KIND!, 0);
    rows.uint8(STATUS!, 0);
    rows.uint32(FLAGS!, 0);
    rows.uint32(ORIGIN, origin);
    this.#attributes.clear();
  }

  /** An id of 8 bytes into a column, of 16 into two; of another length it is none. */
  #id(reader: WireReader, outer: number, length: number, column: number): void {
    const end = reader.length(outer);
    const { view, at } = reader;
    if (end - at === length) {
      this.#rows.words(column, view.getUint32(at + 4), view.getUint32(at));
      if (length === 16) {
        this.#rows.words(column + 1, view.getUint32(at + 12), view.getUint32(at + 8));
      }
    }
    reader.at = end;
  }

  #name(reader: WireReader, outer: number): void {
    const end = reader.length(outer);
    const name = storedUtf8(reader.bytes, reader.at, end);
    if (typeof name === "string") this.#rows.text(NAME!, name);
    else this.#rows.utf8(NAME!, name);
    reader.at = end;
  }

  /** True when there is a message. */
  #status(reader: WireReader, outer: number): boolean {
    const end = reader.length(outer);
    let hasMessage = false;
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x18) this.#rows.uint8(STATUS!, Math.min(255, reader.uint32(end)));
      else {
        hasMessage ||= tag === 0x12;
        reader.skip(tag, end, 0);
      }
    }
    return hasMessage;
  }

  #times(startLow: number, startHigh: number, endLow: number, endHigh: number): void {
    const rows = this.#rows;
    rows.words(START!, startLow, startHigh);
    const isBackward = endHigh < startHigh || (endHigh === startHigh && endLow < startLow);
    if (isBackward) rows.words(DURATION!, 0, 0);
    else {
      const borrow = endLow < startLow ? 1 : 0;
      rows.words(DURATION!, endLow - startLow, endHigh - startHigh - borrow);
    }
    const startMs = (startHigh * 4_294_967_296 + startLow) / 1e6;
    if (startMs < this.#minTimeMs) this.#minTimeMs = startMs;
    if (startMs > this.#maxTimeMs) this.#maxTimeMs = startMs;
  }
}

function fixed32(reader: WireReader, end: number): number {
  const { at } = reader;
  reader.skip(0x05, end, 0);
  return reader.view.getUint32(at, true);
}

/** What few spans have, as objects. */
function moreOf(reader: WireReader, from: number, end: number): SpanMore {
  const events: SpanEvent[] = [];
  const links: SpanLink[] = [];
  let [traceState, statusMessage] = ["", ""];
  let [droppedAttributes, droppedEvents, droppedLinks] = [0, 0, 0];
  reader.at = from;
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag === 0x1a) traceState = reader.text(end);
    else if (tag === 0x50) droppedAttributes = reader.uint32(end);
    else if (tag === 0x60) droppedEvents = reader.uint32(end);
    else if (tag === 0x70) droppedLinks = reader.uint32(end);
    else if (tag === 0x5a) events.push(eventOf(reader, reader.length(end)));
    else if (tag === 0x6a) links.push(linkOf(reader, reader.length(end)));
    else if (tag === 0x7a) statusMessage = messageOf(reader, reader.length(end));
    else reader.skip(tag, end, 0);
  }
  return {
    traceState,
    statusMessage,
    droppedAttributes,
    droppedEvents,
    droppedLinks,
    events,
    links,
  };
}

function messageOf(reader: WireReader, end: number): string {
  let message = "";
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag === 0x12) message = reader.text(end);
    else reader.skip(tag, end, 0);
  }
  return message;
}

function eventOf(reader: WireReader, end: number): SpanEvent {
  const start = reader.at;
  let [timeNs, name, droppedAttributes] = [0n, "", 0];
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag === 0x09) {
      reader.fixed(end);
      timeNs = (BigInt(reader.high) << 32n) | BigInt(reader.low);
    } else if (tag === 0x12) name = reader.text(end);
    else if (tag === 0x20) droppedAttributes = reader.uint32(end);
    else reader.skip(tag, end, 0);
  }
  const attributes = attributesOf(reader.bytes, { start, end }, 0x1a);
  return { timeNs, name, attributes, droppedAttributes };
}

function linkOf(reader: WireReader, end: number): SpanLink {
  const start = reader.at;
  let [traceId, spanId, traceState] = ["", "", ""];
  let [flags, droppedAttributes] = [0, 0];
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) traceId = idOf(reader, reader.length(end), 16);
    else if (tag === 0x12) spanId = idOf(reader, reader.length(end), 8);
    else if (tag === 0x1a) traceState = utf8(reader.bytes, ...take(reader, end));
    else if (tag === 0x28) droppedAttributes = reader.uint32(end);
    else if (tag === 0x35) flags = fixed32(reader, end);
    else reader.skip(tag, end, 0);
  }
  const attributes = attributesOf(reader.bytes, { start, end }, 0x22);
  return { traceId, spanId, traceState, flags, attributes, droppedAttributes };
}

function take(reader: WireReader, outer: number): [start: number, end: number] {
  const end = reader.length(outer);
  const start = reader.at;
  reader.at = end;
  return [start, end];
}

function idOf(reader: WireReader, end: number, length: number): string {
  const { view, at } = reader;
  reader.at = end;
  if (end - at !== length) return "";
  if (length === 8) return idText(view.getBigUint64(at));
  return traceIdText(view.getBigUint64(at), view.getBigUint64(at + 8));
}
