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
import { AttributeBytes, storedUtf8 } from "../records/attribute-bytes.ts";
import { typedValue } from "../records/attribute-text.ts";
import type { OriginNumbers, RecordTable, WrittenRows } from "../records/record-table.ts";
import type { Column, Rows } from "../records/row-writer.ts";
import { walkRequest } from "../records/walk-request.ts";

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
const EMPTY = new Uint8Array(0);
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
  readonly #rows: Rows;
  readonly #first: number;
  readonly #attributes = new AttributeBytes();
  #count = 0;
  #minTimeMs = Infinity;
  #maxTimeMs = -Infinity;

  constructor(rows: Rows, first: number) {
    this.#rows = rows;
    this.#first = first;
  }

  write(request: Uint8Array, origins: OriginNumbers): WrittenRows {
    walkRequest(request, origins, (reader, end, origin) => this.#record(reader, end, origin));
    return { rows: this.#count, minTimeMs: this.#minTimeMs, maxTimeMs: this.#maxTimeMs };
  }

  #record(reader: WireReader, end: number, origin: number): void {
    const rows = this.#rows;
    rows.next();
    this.#defaults(origin);
    let [timeLow, timeHigh, seenLow, seenHigh] = [0, 0, 0, 0];
    let [hasSeverityText, hasBody, hasEvent] = [false, false, false];
    while (reader.at < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case 0x09:
          reader.fixed(end);
          [timeLow, timeHigh] = [reader.low, reader.high];
          break;
        case 0x59:
          reader.fixed(end);
          [seenLow, seenHigh] = [reader.low, reader.high];
          break;
        case 0x10:
          rows.uint8(SEVERITY!, Math.min(255, reader.uint32(end)));
          break;
        case 0x1a:
          this.#text(reader, end, SEVERITY_TEXT!);
          hasSeverityText = true;
          break;
        case 0x2a:
          this.#body(reader, end);
          hasBody = true;
          break;
        case 0x32:
          this.#attributes.add(reader, end);
          break;
        case 0x38:
          rows.uint32(DROPPED!, reader.uint32(end));
          break;
        case 0x45: {
          const { at } = reader;
          reader.skip(tag, end, 0);
          rows.uint32(FLAGS!, reader.view.getUint32(at, true));
          break;
        }
        case 0x4a:
          this.#id(reader, end, 16, TRACE_HI!);
          break;
        case 0x52:
          this.#id(reader, end, 8, SPAN!);
          break;
        case 0x62:
          this.#text(reader, end, EVENT!);
          hasEvent = true;
          break;
        default:
          reader.skip(tag, end, 0);
      }
    }
    if ((timeLow | timeHigh) === 0) [timeLow, timeHigh] = [seenLow, seenHigh];
    if ((seenLow | seenHigh) === 0) [seenLow, seenHigh] = [timeLow, timeHigh];
    this.#times(timeLow, timeHigh, seenLow, seenHigh);
    // Only now: a text is written into the database at once, and twice is twice the work.
    if (!hasSeverityText) rows.utf8(SEVERITY_TEXT!, EMPTY);
    if (!hasBody) rows.utf8(BODY!, EMPTY);
    if (!hasEvent) rows.utf8(EVENT!, EMPTY);
    rows.utf8(ATTRIBUTES!, this.#attributes.bytes);
  }

  #defaults(origin: number): void {
    const rows = this.#rows;
    const position = this.#first + this.#count++;
    rows.words(POSITION!, position >>> 0, Math.floor(position / 4_294_967_296));
    rows.words(TRACE_HI!, 0, 0);
    rows.words(TRACE_LO!, 0, 0);
    rows.words(SPAN!, 0, 0);
    rows.uint8(SEVERITY!, 0);
    rows.uint8(BODY_TYPE!, EMPTY_TYPE);
    rows.uint32(FLAGS!, 0);
    rows.uint32(DROPPED!, 0);
    rows.uint32(ORIGIN, origin);
    this.#attributes.clear();
  }

  #times(timeLow: number, timeHigh: number, seenLow: number, seenHigh: number): void {
    const rows = this.#rows;
    rows.words(TIME!, timeLow, timeHigh);
    // Two's complement, as the words are.
    const borrow = seenLow < timeLow ? 1 : 0;
    rows.words(OBSERVED!, seenLow - timeLow, seenHigh - timeHigh - borrow);
    const timeMs = (timeHigh * 4_294_967_296 + timeLow) / 1e6;
    if (timeMs < this.#minTimeMs) this.#minTimeMs = timeMs;
    if (timeMs > this.#maxTimeMs) this.#maxTimeMs = timeMs;
  }

  #text(reader: WireReader, outer: number, column: number): void {
    const end = reader.length(outer);
    this.#utf8(column, storedUtf8(reader.bytes, reader.at, end));
    reader.at = end;
  }

  #utf8(column: number, text: Uint8Array | string): void {
    if (typeof text === "string") this.#rows.text(column, text);
    else this.#rows.utf8(column, text);
  }

  /** A body that is one text is copied; any other is decoded. */
  #body(reader: WireReader, outer: number): void {
    const from = reader.at;
    const end = reader.length(outer);
    if (reader.at < end && reader.tag(end) === 0x0a && reader.length(end) === end) {
      this.#utf8(BODY!, storedUtf8(reader.bytes, reader.at, end));
      this.#rows.uint8(BODY_TYPE!, TEXT_TYPE);
    } else {
      reader.at = from;
      const [text, type] = typedValue(readAnyValue(reader, outer));
      this.#rows.text(BODY!, text);
      this.#rows.uint8(BODY_TYPE!, type);
    }
    reader.at = end;
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
}
