// What the three signals share: attributes as ranges of bytes, resources, scopes, and the limits of a request.
//
//   ResourceX { resource = 1 { attributes = 1 }   scope_x = 2 [ { scope = 1 { name 1 version 2 attributes 3 }  records = 2 } ] }
//
// A range is two offsets, from the first byte of a KeyValue's length to the byte after it. It is checked when it is
// found, so decoding it later cannot fail.

import { FlxError } from "../errors.ts";
import { checkDepth, WireReader } from "../wire/wire-reader.ts";
import { checkKeyValue, type OtlpValue, readKeyValue } from "./read-value.ts";

/** What one request may hold. */
export interface OtlpReadLimits {
  /** Points, spans or log records. Default 1,000,000. */
  readonly maxRecords: number;
  /** Attributes of one resource, scope, point, span, event, link or record. Default 1,024. */
  readonly maxAttributes: number;
  /** Resources and scopes and metrics, together. Default 200,000. */
  readonly maxGroups: number;
}

/** The limits where nothing else is said. */
export const DEFAULT_OTLP_READ_LIMITS: OtlpReadLimits = {
  maxRecords: 1_000_000,
  maxAttributes: 1_024,
  maxGroups: 200_000,
};

/** Throws when a count goes over its limit. */
export function checkLimit(
  limits: OtlpReadLimits,
  limit: keyof OtlpReadLimits,
  count: number,
): void {
  if (count <= limits[limit]) return;
  throw new FlxError("FLX_OTLP_LIMIT", `more than ${limit} = ${limits[limit]}`);
}

/** Attributes as they lie in the request: start and end of each KeyValue, its length included. */
export type AttributeRanges = readonly number[];

/** A resource. Messages that come in parts are merged. */
export interface OtlpResource {
  readonly attributes: number[];
  droppedAttributes: number;
  schemaUrl: string;
}

/** An instrumentation scope. */
export interface OtlpScopeColumns {
  /** The resource it stands under, by position. */
  readonly resource: number;
  name: string;
  version: string;
  schemaUrl: string;
  readonly attributes: number[];
  droppedAttributes: number;
}

/** The attributes of ranges, decoded. */
export function decodeAttributes(
  bytes: Uint8Array,
  ranges: AttributeRanges,
): [key: string, value: OtlpValue][] {
  const reader = new WireReader(bytes);
  const pairs: [string, OtlpValue][] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    reader.at = ranges[i]!;
    readKeyValue(reader, ranges[i + 1]!, (key, value) => pairs.push([key, value]));
  }
  return pairs;
}

/** Checks the KeyValue after a tag and adds its range. */
export function attributeRange(
  reader: WireReader,
  end: number,
  depth: number,
  ranges: number[],
  limits: OtlpReadLimits,
): void {
  const start = reader.at;
  checkKeyValue(reader, end, depth);
  ranges.push(start, reader.at);
  checkLimit(limits, "maxAttributes", ranges.length / 2);
}

/** Reads a Resource after its tag into one that may have parts already. */
export function readResource(
  reader: WireReader,
  end: number,
  depth: number,
  resource: OtlpResource,
  limits: OtlpReadLimits,
): void {
  checkDepth(depth);
  const stop = reader.length(end);
  while (reader.at < stop) {
    const tag = reader.tag(stop);
    if (tag === 0x0a) attributeRange(reader, stop, depth + 1, resource.attributes, limits);
    else if (tag === 0x10) resource.droppedAttributes = reader.uint32(stop);
    else reader.skip(tag, stop, depth);
  }
}

/** Reads an InstrumentationScope after its tag. */
export function readScope(
  reader: WireReader,
  end: number,
  depth: number,
  scope: OtlpScopeColumns,
  limits: OtlpReadLimits,
): void {
  checkDepth(depth);
  const stop = reader.length(end);
  while (reader.at < stop) {
    const tag = reader.tag(stop);
    if (tag === 0x0a) scope.name = reader.text(stop);
    else if (tag === 0x12) scope.version = reader.text(stop);
    else if (tag === 0x1a) attributeRange(reader, stop, depth + 1, scope.attributes, limits);
    else if (tag === 0x20) scope.droppedAttributes = reader.uint32(stop);
    else reader.skip(tag, stop, depth);
  }
}
