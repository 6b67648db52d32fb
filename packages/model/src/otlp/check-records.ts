// Whether a request of traces or logs is one, before its bytes are kept as they are.
//
//   request { resource_x { resource, scope_x { scope, record ... } } }
//
// Everything in it is passed over once by the schema: lengths, kinds of fields, texts that must be UTF-8, depth. What is
// broken is refused as a whole, because what comes behind it cannot be told. A record that is well formed and still none,
// a span without ids, is left out: the request is written anew without it.
//
// Unknown fields are passed over and kept.

import { FlxError } from "../errors.ts";
import { checkDepth, WireReader } from "../wire/wire-reader.ts";
import { type JsonMessage, keyValue, logsRequest, tracesRequest } from "./json-schema.ts";
import { MessageWriter } from "./message-writer.ts";
import { checkKeyValue } from "./read-value.ts";

/** What was found. */
export interface CheckedRecords {
  /** The request, without what was left out. */
  readonly request: Uint8Array;
  /** How many spans or log records are in it. */
  readonly records: number;
  /** How many were left out, and why the first one was. */
  readonly rejected: number;
  readonly reason: string;
}

/** Bounds of a request. */
export interface RecordLimits {
  /** Spans or log records of one request. */
  readonly maxRecords: number;
}

interface WireField {
  readonly wire: number;
  readonly isText: boolean;
  readonly isAttribute: boolean;
  readonly message: WireMessage | undefined;
}

/** A message's fields by number. */
type WireMessage = readonly (WireField | undefined)[];

/** The tags that lead down: from the request to its resources, and from these to scopes, and to records. */
const GROUP = 0x0a;
const DOWN = 0x12;

/** Of a span. */
const TRACE_ID = 0x0a;
const SPAN_ID = 0x12;

const known = new Map<JsonMessage, (WireField | undefined)[]>();

/** The wire's side of a message of the schema. */
function wireMessage(message: JsonMessage): WireMessage {
  const found = known.get(message);
  if (found !== undefined) return found;
  const fields: (WireField | undefined)[] = [];
  known.set(message, fields);
  for (const { number, kind } of message.values()) {
    if (typeof kind === "function") {
      const below = kind();
      const isAttribute = below === keyValue;
      fields[number] = { wire: 2, isText: false, isAttribute, message: wireMessage(below) };
    } else {
      const isText = kind === "text";
      fields[number] = { wire: wireOf(kind), isText, isAttribute: false, message: undefined };
    }
  }
  return fields;
}

function wireOf(kind: string): number {
  switch (kind) {
    case "text":
    case "base64":
    case "hex":
      return 2;
    case "double":
    case "fixed64":
    case "sfixed64":
      return 1;
    case "fixed32":
      return 5;
    default:
      return 0;
  }
}

/** The messages of a signal that hold records: of the request, of a resource, of a scope, of a record. */
interface Levels {
  readonly group: WireMessage;
  readonly scoped: WireMessage;
  readonly record: WireMessage;
  /** A record must have both ids, as spans have them. */
  readonly hasIds: boolean;
}

function levelsOf(request: JsonMessage, hasIds: boolean): Levels {
  const group = wireMessage(request)[1]!.message!;
  const scoped = group[2]!.message!;
  return { group, scoped, record: scoped[2]!.message!, hasIds };
}

const levels: Readonly<Record<"traces" | "logs", Levels>> = {
  traces: levelsOf(tracesRequest, true),
  logs: levelsOf(logsRequest, false),
};

/**
 * Checks a request.
 *
 * @throws {FlxError} `FLX_WIRE_MALFORMED`, `FLX_WIRE_DEPTH` when it is broken; `FLX_OTLP_LIMIT` when it has too many records
 */
export function checkRecords(
  signal: "traces" | "logs",
  request: Uint8Array,
  limits: Partial<RecordLimits> = {},
): CheckedRecords {
  const checker = new Checker(levels[signal], request, limits.maxRecords ?? 1_000_000);
  checker.run();
  const { records, rejected, reason } = checker;
  const kept = rejected.size === 0 ? request : without(request, rejected);
  return { request: kept, records, rejected: rejected.size, reason };
}

class Checker {
  records = 0;
  /** Where the records begin that are left out. */
  readonly rejected: Set<number> = new Set();
  reason = "";
  readonly #levels: Levels;
  readonly #reader: WireReader;
  readonly #maxRecords: number;

  constructor(at: Levels, request: Uint8Array, maxRecords: number) {
    this.#levels = at;
    this.#reader = new WireReader(request);
    this.#maxRecords = maxRecords;
  }

  run(): void {
    const reader = this.#reader;
    const { group, scoped } = this.#levels;
    reader.blocks(reader.bytes.length, (tag, groupEnd) => {
      if (tag !== GROUP) return;
      this.#level(group, groupEnd, (scopedEnd) => {
        this.#level(scoped, scopedEnd, (end) => this.#record(end));
      });
    });
  }

  /** A message of which one field leads further down; its other fields are checked here. */
  #level(message: WireMessage, end: number, onDown: (end: number) => void): void {
    const reader = this.#reader;
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === DOWN) {
        const stop = reader.length(end);
        onDown(stop);
        reader.at = stop;
      } else this.#field(message, tag, end, 3);
    }
  }

  #record(end: number): void {
    const reader = this.#reader;
    const start = reader.at;
    let problem: string | undefined;
    if (this.#levels.hasIds) problem = this.#span(end);
    else this.#message(this.#levels.record, end, 4);
    if (problem === undefined) {
      this.records++;
      if (this.records > this.#maxRecords) {
        const message = `more than maxRecords = ${this.#maxRecords} records in one request`;
        throw new FlxError("FLX_OTLP_LIMIT", message);
      }
      return;
    }
    this.rejected.add(start);
    if (this.reason === "") this.reason = problem;
  }

  /** Checks a span; what is wrong with one that is well formed. */
  #span(end: number): string | undefined {
    const reader = this.#reader;
    const { record } = this.#levels;
    let [hasTrace, hasSpan] = [false, false];
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === TRACE_ID) hasTrace = isId(reader, reader.length(end), 16);
      else if (tag === SPAN_ID) hasSpan = isId(reader, reader.length(end), 8);
      else this.#field(record, tag, end, 4);
    }
    if (!hasTrace) return "a span whose trace_id is not 16 bytes, not all zero";
    return hasSpan ? undefined : "a span whose span_id is not 8 bytes, not all zero";
  }

  #message(message: WireMessage, end: number, depth: number): void {
    checkDepth(depth);
    while (this.#reader.at < end) this.#field(message, this.#reader.tag(end), end, depth);
  }

  #field(message: WireMessage, tag: number, end: number, depth: number): void {
    const reader = this.#reader;
    const field = message[tag >>> 3];
    if (field === undefined || field.wire !== (tag & 7)) reader.skip(tag, end, depth);
    else if (field.isAttribute) checkKeyValue(reader, end, depth + 1);
    else if (field.message !== undefined) {
      const stop = reader.length(end);
      this.#message(field.message, stop, depth + 1);
      reader.at = stop;
    } else if (field.isText) reader.checkText(end);
    else reader.skip(tag, end, depth);
  }
}

function isId(reader: WireReader, end: number, length: number): boolean {
  const { bytes, at } = reader;
  reader.at = end;
  if (end - at !== length) return false;
  for (let i = at; i < end; i++) if (bytes[i] !== 0) return true;
  return false;
}

/** The request without the records that begin at some places. */
function without(request: Uint8Array, rejected: ReadonlySet<number>): Uint8Array {
  const reader = new WireReader(request);
  const out = new MessageWriter(request.length);
  const copy = (end: number, depth: number): void => {
    while (reader.at < end) {
      const from = reader.at;
      const tag = reader.tag(end);
      const down = depth === 0 ? GROUP : DOWN;
      if (tag !== down) {
        reader.skip(tag, end, 0);
        out.raw(request.subarray(from, reader.at));
        continue;
      }
      const stop = reader.length(end);
      if (depth < 2) {
        const started = out.begin(tag);
        copy(stop, depth + 1);
        out.end(started);
      } else if (!rejected.has(reader.at)) out.raw(request.subarray(from, stop));
      reader.at = stop;
    }
  };
  copy(request.length, 0);
  return out.take();
}
