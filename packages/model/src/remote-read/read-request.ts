// A remote read request (prometheus.ReadRequest): which series are asked for, from when to when, and which answers are taken.
//
//   queries                 1 { start 1  end 2  matchers 3 { type 1 name 2 value 3 }  hints 4 { step 1 func 2 ... range 7 } }
//   accepted_response_types 2   0 samples, 1 streamed XOR chunks; the first that a server has is what it gives
//
// Source: prompb/remote.proto of Prometheus

import { FlxError } from "../errors.ts";
import { WireReader } from "../wire/wire-reader.ts";

/** A condition on a label. */
export interface RemoteReadMatcher {
  readonly op: "=" | "!=" | "=~" | "!~";
  readonly name: string;
  readonly value: string;
}

/** What the samples are for. */
export interface RemoteReadHints {
  readonly stepMs: number;
  readonly func: string;
  readonly grouping: readonly string[];
  readonly by: boolean;
  readonly rangeMs: number;
}

/** One query; both ends belong to it. */
export interface RemoteReadQuery {
  readonly startMs: number;
  readonly endMs: number;
  readonly matchers: readonly RemoteReadMatcher[];
  readonly hints: RemoteReadHints;
}

export interface RemoteReadRequest {
  readonly queries: readonly RemoteReadQuery[];
  /** Numbers of response types, as they are asked for. */
  readonly accepted: readonly number[];
}

const OPS = ["=", "!=", "=~", "!~"] as const;
const MAX_QUERIES = 1_000;
const MAX_MATCHERS = 1_000;

function limit(what: string, count: number, max: number): void {
  if (count <= max) return;
  throw new FlxError("FLX_REMOTE_READ_LIMIT", `more than ${max} ${what}`);
}

/**
 * Reads a request, after decompression.
 *
 * @throws {FlxError} `FLX_WIRE_MALFORMED`, `FLX_REMOTE_READ_LIMIT`
 */
export function readReadRequest(bytes: Uint8Array): RemoteReadRequest {
  const reader = new WireReader(bytes);
  const end = bytes.length;
  const queries: RemoteReadQuery[] = [];
  const accepted: number[] = [];
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) {
      queries.push(readQuery(reader, end));
      limit("queries", queries.length, MAX_QUERIES);
    } else if (tag === 0x10) accepted.push(reader.uint32(end));
    else if (tag === 0x12) {
      const stop = reader.length(end);
      while (reader.at < stop) accepted.push(reader.uint32(stop));
    } else reader.skip(tag, end, 0);
    limit("response types", accepted.length, MAX_QUERIES);
  }
  return { queries, accepted };
}

function readQuery(reader: WireReader, outer: number): RemoteReadQuery {
  const end = reader.length(outer);
  let startMs = 0;
  let endMs = 0;
  const matchers: RemoteReadMatcher[] = [];
  let hints: RemoteReadHints = { stepMs: 0, func: "", grouping: [], by: false, rangeMs: 0 };
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag === 0x08) startMs = reader.int(end);
    else if (tag === 0x10) endMs = reader.int(end);
    else if (tag === 0x1a) {
      matchers.push(readMatcher(reader, end));
      limit("matchers", matchers.length, MAX_MATCHERS);
    } else if (tag === 0x22) hints = readHints(reader, end);
    else reader.skip(tag, end, 1);
  }
  return { startMs, endMs, matchers, hints };
}

function readMatcher(reader: WireReader, outer: number): RemoteReadMatcher {
  const end = reader.length(outer);
  let type = 0;
  let name = "";
  let value = "";
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag === 0x08) type = reader.uint32(end);
    else if (tag === 0x12) name = reader.text(end);
    else if (tag === 0x1a) value = reader.text(end);
    else reader.skip(tag, end, 2);
  }
  const op = OPS[type];
  if (op === undefined) throw new FlxError("FLX_WIRE_MALFORMED", `matchers of type ${type}`);
  return { op, name, value };
}

function readHints(reader: WireReader, outer: number): RemoteReadHints {
  const end = reader.length(outer);
  let stepMs = 0;
  let func = "";
  let by = false;
  let rangeMs = 0;
  const grouping: string[] = [];
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag === 0x08) stepMs = reader.int(end);
    else if (tag === 0x12) func = reader.text(end);
    else if (tag === 0x2a) {
      grouping.push(reader.text(end));
      limit("labels of a grouping", grouping.length, MAX_MATCHERS);
    } else if (tag === 0x30) by = reader.uint32(end) !== 0;
    else if (tag === 0x38) rangeMs = reader.int(end);
    else reader.skip(tag, end, 2);
  }
  return { stepMs, func, grouping, by, rangeMs };
}
