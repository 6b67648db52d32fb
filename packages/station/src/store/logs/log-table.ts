// Log records as rows.
//
//   position                         in the order in which they came
//   time observed                    nanoseconds; `observed` is how much later it was seen
//   severity severity_text event     as in OTLP
//   trace_hi trace_lo span flags     0 when it belongs to none
//   body body_type                   its text, and what it was (attribute-text.ts)
//   attributes dropped               attribute-text.ts
//   origin                           resource and scope: origin-text.ts
//
// A record without a time has the one at which it was seen.

import { readAnyValue, type WireReader } from "@flx/model";
import {
  addAttribute,
  addShortAttributes,
  readText,
  storeText,
} from "../records/attribute-bytes.ts";
import { typedValue } from "../records/attribute-text.ts";
import type { OriginNumbers, RecordTable, WrittenRows } from "../records/record-table.ts";
import { readId, readTraceId, setWords } from "../records/ids.ts";
import type { Column, RowColumns, TextColumn } from "../records/row-columns.ts";
import { walkScopes } from "../records/walk-request.ts";

const COLUMNS = [
  { name: "position", type: "UBIGINT" },
  { name: "time", type: "UBIGINT" },
  { name: "observed", type: "BIGINT" },
  { name: "severity", type: "UTINYINT" },
  { name: "severity_text", type: "VARCHAR" },
  { name: "event", type: "VARCHAR" },
  { name: "trace_hi", type: "UBIGINT" },
  { name: "trace_lo", type: "UBIGINT" },
  { name: "span", type: "UBIGINT" },
  { name: "flags", type: "UINTEGER" },
  { name: "body_type", type: "UTINYINT" },
  { name: "body", type: "VARCHAR" },
  { name: "attributes", type: "VARCHAR" },
  { name: "dropped", type: "UINTEGER" },
] as const satisfies readonly Column[];

const [
  POSITION,
  TIME,
  OBSERVED,
  SEVERITY,
  SEVERITY_TEXT,
  EVENT,
  TRACE_HI,
  TRACE_LO,
  SPAN,
  FLAGS,
  BODY_TYPE,
  BODY,
  ATTRIBUTES,
  DROPPED,
] = COLUMNS.keys();
const ORIGIN = COLUMNS.length;
const TEXT_TYPE = 0x73;
const EMPTY_TYPE = 0x65;

/** Log records. */
export const logTable: RecordTable = {
  name: "logs",
  columns: COLUMNS,
  timeColumn: "time",
  order: "service, time, position",
  write: (request, rows, origins, first) => new LogWriter(rows, first).write(request, origins),
};

/** Writes the log records of a request. */
class LogWriter {
  readonly #rows: RowColumns;
  readonly #first: number;
  readonly #positions: Uint32Array;
  readonly #timesNs: Uint32Array;
  readonly #observed: Uint32Array;
  readonly #severities: Uint8Array;
  readonly #severityTexts: TextColumn;
  readonly #events: TextColumn;
  readonly #traceHi: Uint32Array;
  readonly #traceLo: Uint32Array;
  readonly #spans: Uint32Array;
  readonly #flags: Uint32Array;
  readonly #bodyTypes: Uint8Array;
  readonly #bodies: TextColumn;
  readonly #attributes: TextColumn;
  readonly #dropped: Uint32Array;
  readonly #origins: Uint32Array;
  #count = 0;
  #minNs = Infinity;
  #maxNs = -Infinity;
  // Of the record that is being read.
  #row = 0;
  #timeLow = 0;
  #timeHigh = 0;
  #seenLow = 0;
  #seenHigh = 0;

  constructor(rows: RowColumns, first: number) {
    this.#rows = rows;
    this.#first = first;
    this.#positions = rows.words(POSITION!);
    this.#timesNs = rows.words(TIME!);
    this.#observed = rows.words(OBSERVED!);
    this.#severities = rows.bytes(SEVERITY!);
    this.#severityTexts = rows.text(SEVERITY_TEXT!);
    this.#events = rows.text(EVENT!);
    this.#traceHi = rows.words(TRACE_HI!);
    this.#traceLo = rows.words(TRACE_LO!);
    this.#spans = rows.words(SPAN!);
    this.#flags = rows.words(FLAGS!);
    this.#bodyTypes = rows.bytes(BODY_TYPE!);
    this.#bodies = rows.text(BODY!);
    this.#attributes = rows.text(ATTRIBUTES!);
    this.#dropped = rows.words(DROPPED!);
    this.#origins = rows.words(ORIGIN);
  }

  write(request: Uint8Array, origins: OriginNumbers): WrittenRows {
    walkScopes(request, origins, (reader, places, origin) => {
      for (let i = 0; i < places.length; i += 2) {
        reader.at = places[i]!;
        this.#record(reader, places[i + 1]!, origin);
      }
    });
    return { rows: this.#count, minTimeMs: this.#minNs / 1e6, maxTimeMs: this.#maxNs / 1e6 };
  }

  #record(reader: WireReader, end: number, origin: number): void {
    this.#begin(origin);
    this.#fields(reader, end);
    this.#attributes.end(this.#row);
    this.#times();
  }

  #begin(origin: number): void {
    const row = this.#rows.next();
    this.#row = row;
    const position = this.#first + this.#count++;
    setWords(this.#positions, row, position >>> 0, Math.floor(position / 4_294_967_296));
    setWords(this.#traceHi, row, 0, 0);
    setWords(this.#traceLo, row, 0, 0);
    setWords(this.#spans, row, 0, 0);
    this.#severities[row] = 0;
    this.#bodyTypes[row] = EMPTY_TYPE;
    this.#flags[row] = 0;
    this.#dropped[row] = 0;
    this.#origins[row] = origin;
    this.#severityTexts.empty(row);
    this.#events.empty(row);
    this.#bodies.empty(row);
    this.#attributes.begin();
    this.#timeLow = this.#timeHigh = this.#seenLow = this.#seenHigh = 0;
  }

  /** The forms that fields nearly always have, at once; any other one with the reader. */
  #fields(reader: WireReader, end: number): void {
    const { bytes, view } = reader;
    const row = this.#row;
    let { at } = reader;
    while (at + 2 <= end) {
      const size = bytes[at + 1]!;
      switch (bytes[at]!) {
        case 0x09:
          if (at + 9 > end) break;
          this.#timeLow = view.getUint32(at + 1, true);
          this.#timeHigh = view.getUint32(at + 5, true);
          at += 9;
          continue;
        case 0x59:
          if (at + 9 > end) break;
          this.#seenLow = view.getUint32(at + 1, true);
          this.#seenHigh = view.getUint32(at + 5, true);
          at += 9;
          continue;
        case 0x10:
          if (size > 127) break;
          this.#severities[row] = size;
          at += 2;
          continue;
        case 0x1a:
          if (size > 127 || at + 2 + size > end) break;
          if (!this.#severityTexts.take(row, reader, at + 2, at + 2 + size)) break;
          at += 2 + size;
          continue;
        case 0x2a:
          // A body that is one short text.
          if (size > 127 || at + 2 + size > end || size < 2) break;
          if (bytes[at + 2] !== 0x0a || bytes[at + 3] !== size - 2) break;
          if (!this.#bodies.take(row, reader, at + 4, at + 2 + size)) break;
          this.#bodyTypes[row] = TEXT_TYPE;
          at += 2 + size;
          continue;
        case 0x32: {
          const next = addShortAttributes(this.#attributes, reader, at, end);
          if (next === at) break;
          at = next;
          continue;
        }
        case 0x45:
          if (at + 5 > end) break;
          this.#flags[row] = view.getUint32(at + 1, true);
          at += 5;
          continue;
        case 0x4a:
          if (size !== 16 || at + 18 > end) break;
          setWords(this.#traceHi, row, view.getUint32(at + 6), view.getUint32(at + 2));
          setWords(this.#traceLo, row, view.getUint32(at + 14), view.getUint32(at + 10));
          at += 18;
          continue;
        case 0x52:
          if (size !== 8 || at + 10 > end) break;
          setWords(this.#spans, row, view.getUint32(at + 6), view.getUint32(at + 2));
          at += 10;
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
    const row = this.#row;
    const tag = reader.tag(end);
    switch (tag) {
      case 0x09:
        reader.fixed(end);
        this.#timeLow = reader.low;
        this.#timeHigh = reader.high;
        return;
      case 0x59:
        reader.fixed(end);
        this.#seenLow = reader.low;
        this.#seenHigh = reader.high;
        return;
      case 0x10:
        this.#severities[row] = Math.min(255, reader.uint32(end));
        return;
      case 0x1a:
        readText(this.#severityTexts, row, reader, end);
        return;
      case 0x2a:
        this.#body(reader, end);
        return;
      case 0x32:
        addAttribute(this.#attributes, reader, end);
        return;
      case 0x38:
        this.#dropped[row] = reader.uint32(end);
        return;
      case 0x45:
        this.#flags[row] = reader.fixed32(end);
        return;
      case 0x4a:
        readTraceId(reader, end, this.#traceHi, this.#traceLo, row);
        return;
      case 0x52:
        readId(reader, end, this.#spans, row);
        return;
      case 0x62:
        readText(this.#events, row, reader, end);
        return;
      default:
        reader.skip(tag, end, 0);
    }
  }

  #times(): void {
    let [timeLow, timeHigh] = [this.#timeLow, this.#timeHigh];
    let [seenLow, seenHigh] = [this.#seenLow, this.#seenHigh];
    if ((timeLow | timeHigh) === 0) [timeLow, timeHigh] = [seenLow, seenHigh];
    if ((seenLow | seenHigh) === 0) [seenLow, seenHigh] = [timeLow, timeHigh];
    setWords(this.#timesNs, this.#row, timeLow, timeHigh);
    // Two's complement, as the words are.
    const borrow = seenLow < timeLow ? 1 : 0;
    setWords(this.#observed, this.#row, seenLow - timeLow, seenHigh - timeHigh - borrow);
    const timeNs = timeHigh * 4_294_967_296 + timeLow;
    if (timeNs < this.#minNs) this.#minNs = timeNs;
    if (timeNs > this.#maxNs) this.#maxNs = timeNs;
  }

  /** A body that is one text is copied; any other is decoded. */
  #body(reader: WireReader, outer: number): void {
    const from = reader.at;
    const end = reader.length(outer);
    if (reader.at < end && reader.tag(end) === 0x0a && reader.length(end) === end) {
      storeText(this.#bodies, this.#row, reader, reader.at, end);
      this.#bodyTypes[this.#row] = TEXT_TYPE;
    } else {
      reader.at = from;
      const [text, type] = typedValue(readAnyValue(reader, outer));
      this.#bodies.put(this.#row, text);
      this.#bodyTypes[this.#row] = type;
    }
    reader.at = end;
  }
}
