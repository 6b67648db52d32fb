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
import { addAttribute, addShortAttributes, readText } from "../records/attribute-bytes.ts";
import type { OriginNumbers, RecordTable, WrittenRows } from "../records/record-table.ts";
import type { Column, RowColumns, TextColumn } from "../records/row-columns.ts";
import { attributesOf, utf8, walkScopes } from "../records/walk-request.ts";
import { idText, readId, readTraceId, setWords, traceIdText } from "../records/ids.ts";
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

/** A trace by id takes 8 ms then; with half of it 4 ms, but a search for a service's spans half as long again. */
const GROUP_TEXT_BYTES = 8 * 1024 * 1024;

/** Spans. */
export const spanTable: RecordTable = {
  name: "spans",
  columns: COLUMNS,
  timeColumn: "start",
  order: "trace_hi, trace_lo, start",
  groupTextBytes: GROUP_TEXT_BYTES,
  write: (request, rows, origins) => new SpanWriter(rows).write(request, origins),
};

/** Writes the spans of a request. */
class SpanWriter {
  readonly #rows: RowColumns;
  readonly #traceHi: Uint32Array;
  readonly #traceLo: Uint32Array;
  readonly #ids: Uint32Array;
  readonly #parents: Uint32Array;
  readonly #starts: Uint32Array;
  readonly #durations: Uint32Array;
  readonly #kinds: Uint8Array;
  readonly #statuses: Uint8Array;
  readonly #flags: Uint32Array;
  readonly #names: TextColumn;
  readonly #attributes: TextColumn;
  readonly #more: TextColumn;
  readonly #origins: Uint32Array;
  #count = 0;
  #minNs = Infinity;
  #maxNs = -Infinity;
  // Of the span that is being read.
  #row = 0;
  #startLow = 0;
  #startHigh = 0;
  #endLow = 0;
  #endHigh = 0;
  #hasMore = false;

  constructor(rows: RowColumns) {
    this.#rows = rows;
    this.#traceHi = rows.words(TRACE_HI!);
    this.#traceLo = rows.words(TRACE_LO!);
    this.#ids = rows.words(SPAN!);
    this.#parents = rows.words(PARENT!);
    this.#starts = rows.words(START!);
    this.#durations = rows.words(DURATION!);
    this.#kinds = rows.bytes(KIND!);
    this.#statuses = rows.bytes(STATUS!);
    this.#flags = rows.words(FLAGS!);
    this.#names = rows.text(NAME!);
    this.#attributes = rows.text(ATTRIBUTES!);
    this.#more = rows.text(MORE!);
    this.#origins = rows.words(ORIGIN);
  }

  write(request: Uint8Array, origins: OriginNumbers): WrittenRows {
    walkScopes(request, origins, (reader, places, origin) => {
      for (let i = 0; i < places.length; i += 2) {
        reader.at = places[i]!;
        this.#span(reader, places[i + 1]!, origin);
      }
    });
    return { rows: this.#count, minTimeMs: this.#minNs / 1e6, maxTimeMs: this.#maxNs / 1e6 };
  }

  #span(reader: WireReader, end: number, origin: number): void {
    const from = reader.at;
    this.#begin(origin);
    this.#fields(reader, end);
    this.#attributes.end(this.#row);
    this.#times();
    if (!this.#hasMore) this.#more.empty(this.#row);
    else {
      const startNs = (BigInt(this.#startHigh) << 32n) | BigInt(this.#startLow);
      this.#more.put(this.#row, spanMoreText(moreOf(reader, from, end), startNs));
    }
    reader.at = end;
  }

  #begin(origin: number): void {
    const row = this.#rows.next();
    this.#row = row;
    this.#count++;
    setWords(this.#parents, row, 0, 0);
    this.#kinds[row] = 0;
    this.#statuses[row] = 0;
    this.#flags[row] = 0;
    this.#origins[row] = origin;
    this.#startLow = this.#startHigh = this.#endLow = this.#endHigh = 0;
    this.#hasMore = false;
    this.#names.empty(row);
    this.#attributes.begin();
  }

  /** The forms that fields nearly always have, at once; any other one with the reader. */
  #fields(reader: WireReader, end: number): void {
    const { bytes, view } = reader;
    const row = this.#row;
    let { at } = reader;
    while (at + 2 <= end) {
      const size = bytes[at + 1]!;
      switch (bytes[at]!) {
        case 0x0a:
          if (size !== 16 || at + 18 > end) break;
          setWords(this.#traceHi, row, view.getUint32(at + 6), view.getUint32(at + 2));
          setWords(this.#traceLo, row, view.getUint32(at + 14), view.getUint32(at + 10));
          at += 18;
          continue;
        case 0x12:
          if (size !== 8 || at + 10 > end) break;
          setWords(this.#ids, row, view.getUint32(at + 6), view.getUint32(at + 2));
          at += 10;
          continue;
        case 0x22:
          if (size !== 8 || at + 10 > end) break;
          setWords(this.#parents, row, view.getUint32(at + 6), view.getUint32(at + 2));
          at += 10;
          continue;
        case 0x2a:
          if (size > 127 || at + 2 + size > end) break;
          if (!this.#names.take(row, reader, at + 2, at + 2 + size)) break;
          at += 2 + size;
          continue;
        case 0x30:
          if (size > 127) break;
          this.#kinds[row] = size;
          at += 2;
          continue;
        case 0x39:
          if (at + 9 > end) break;
          this.#startLow = view.getUint32(at + 1, true);
          this.#startHigh = view.getUint32(at + 5, true);
          at += 9;
          continue;
        case 0x41:
          if (at + 9 > end) break;
          this.#endLow = view.getUint32(at + 1, true);
          this.#endHigh = view.getUint32(at + 5, true);
          at += 9;
          continue;
        case 0x4a: {
          const next = addShortAttributes(this.#attributes, reader, at, end);
          if (next === at) break;
          at = next;
          continue;
        }
        case 0x85:
          if (size !== 1 || at + 6 > end) break;
          this.#flags[row] = view.getUint32(at + 2, true);
          at += 6;
          continue;
        default:
      }
      reader.at = at;
      this.#field(reader, end);
      at = reader.at;
    }
    reader.at = at;
    while (reader.at < end) this.#field(reader, end);
  }

  #field(reader: WireReader, end: number): void {
    const tag = reader.tag(end);
    switch (tag) {
      case 0x0a:
        readTraceId(reader, end, this.#traceHi, this.#traceLo, this.#row);
        return;
      case 0x12:
        readId(reader, end, this.#ids, this.#row);
        return;
      case 0x22:
        readId(reader, end, this.#parents, this.#row);
        return;
      case 0x2a:
        readText(this.#names, this.#row, reader, end);
        return;
      case 0x30:
        this.#kinds[this.#row] = Math.min(255, reader.uint32(end));
        return;
      case 0x39:
        reader.fixed(end);
        this.#startLow = reader.low;
        this.#startHigh = reader.high;
        return;
      case 0x41:
        reader.fixed(end);
        this.#endLow = reader.low;
        this.#endHigh = reader.high;
        return;
      case 0x4a:
        addAttribute(this.#attributes, reader, end);
        return;
      case 0x7a:
        if (this.#status(reader, end)) this.#hasMore = true;
        return;
      case 0x85:
        this.#flags[this.#row] = reader.fixed32(end);
        return;
      default:
        // Trace state, what was dropped, events, links.
        if (tag === 0x1a || (tag >= 0x50 && tag <= 0x70)) this.#hasMore = true;
        reader.skip(tag, end, 0);
    }
  }

  /** True when there is a message. */
  #status(reader: WireReader, outer: number): boolean {
    const end = reader.length(outer);
    let hasMessage = false;
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x18) this.#statuses[this.#row] = Math.min(255, reader.uint32(end));
      else {
        hasMessage ||= tag === 0x12;
        reader.skip(tag, end, 0);
      }
    }
    return hasMessage;
  }

  #times(): void {
    const row = this.#row;
    const [startLow, startHigh] = [this.#startLow, this.#startHigh];
    const [endLow, endHigh] = [this.#endLow, this.#endHigh];
    setWords(this.#starts, row, startLow, startHigh);
    const isBackward = endHigh < startHigh || (endHigh === startHigh && endLow < startLow);
    if (isBackward) setWords(this.#durations, row, 0, 0);
    else {
      const borrow = endLow < startLow ? 1 : 0;
      setWords(this.#durations, row, endLow - startLow, endHigh - startHigh - borrow);
    }
    const startNs = startHigh * 4_294_967_296 + startLow;
    if (startNs < this.#minNs) this.#minNs = startNs;
    if (startNs > this.#maxNs) this.#maxNs = startNs;
  }
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
    else if (tag === 0x35) flags = reader.fixed32(end);
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
