// The records of an OTLP request where they lie: traces and logs have the same three levels.
//
//   request { 1: resource_x { 1: resource  2: scope_x { 1: scope  2: record ...  3: schema }  3: schema } }
//
// The request was checked by the receiver's reader before it came into the log; here its bytes go straight into rows. A
// resource or scope that stands behind its records is found all the same: a message is looked over before it is read.

import { decodeAttributes, WireReader } from "@flx/model";
import type { Attributes, RecordResource, RecordScope } from "../stored-record.ts";
import type { Origin, OriginNumbers } from "./record-table.ts";
import { originText } from "./origin-text.ts";

/** Bytes from `start` to before `end`; both 0 for none. */
interface Part {
  start: number;
  end: number;
}

/** Calls back for each record with the cursor at its first byte. */
export function walkRequest(
  request: Uint8Array,
  origins: OriginNumbers,
  onRecord: (reader: WireReader, end: number, origin: number) => void,
): void {
  walkScopes(request, origins, (reader, places, origin) => {
    for (let i = 0; i < places.length; i += 2) {
      reader.at = places[i]!;
      onRecord(reader, places[i + 1]!, origin);
    }
  });
}

/**
 * Calls back for each scope that has records, with where they are.
 *
 * @param onScope `places` has pairs, a record's first byte and the one behind it, and is good until it returns
 */
export function walkScopes(
  request: Uint8Array,
  origins: OriginNumbers,
  onScope: (reader: WireReader, places: readonly number[], origin: number) => void,
): void {
  const reader = new WireReader(request);
  reader.blocks(request.length, (tag, end) => {
    if (tag === 0x0a) resourceScopes(reader, end, origins, onScope);
  });
}

function resourceScopes(
  reader: WireReader,
  end: number,
  origins: OriginNumbers,
  onScope: (reader: WireReader, places: readonly number[], origin: number) => void,
): void {
  const start = reader.at;
  const resources: Part[] = [];
  let schemaUrl = "";
  reader.blocks(end, (tag, stop) => {
    if (tag === 0x0a) resources.push({ start: reader.at, end: stop });
    else if (tag === 0x1a) schemaUrl = utf8(reader.bytes, reader.at, stop);
  });
  const key = resources.map((part) => latin1(reader.bytes, part)).join("\u0000") + schemaUrl;
  reader.at = start;
  reader.blocks(end, (tag, stop) => {
    if (tag !== 0x12) return;
    const found = findRecords(reader, stop);
    if (found.places.length === 0) return;
    const origin = origins.number(`${key}\u0001${found.key}`, () =>
      originOf(
        resourceOf(reader.bytes, resources, schemaUrl),
        scopeOf(reader.bytes, found.scopes, found.schemaUrl),
      ),
    );
    onScope(reader, found.places, origin);
  });
}

/** Where the records of a scope are, and the parts of the scope itself. */
interface FoundRecords {
  readonly places: readonly number[];
  readonly scopes: readonly Part[];
  readonly schemaUrl: string;
  /** Bytes of the scope's parts, and its schema: a text that tells it from others. */
  readonly key: string;
}

function findRecords(reader: WireReader, end: number): FoundRecords {
  const places: number[] = [];
  const scopes: Part[] = [];
  let schemaUrl = "";
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag === 0x12) {
      const stop = reader.length(end);
      places.push(reader.at, stop);
      reader.at = stop;
    } else if (tag === 0x0a) {
      const stop = reader.length(end);
      scopes.push({ start: reader.at, end: stop });
      reader.at = stop;
    } else if (tag === 0x1a) {
      const stop = reader.length(end);
      schemaUrl = utf8(reader.bytes, reader.at, stop);
      reader.at = stop;
    } else reader.skip(tag, end, 0);
  }
  const key = scopes.map((part) => latin1(reader.bytes, part)).join("\u0000");
  return { places, scopes, schemaUrl, key: `${key}\u0001${schemaUrl}` };
}

function originOf(resource: RecordResource, scope: RecordScope): Origin {
  const found = resource.attributes.find(([key]) => key === "service.name")?.[1];
  return {
    service: typeof found === "string" ? found : "",
    text: originText(resource, scope),
  };
}

function resourceOf(bytes: Uint8Array, parts: readonly Part[], schemaUrl: string): RecordResource {
  return { attributes: parts.flatMap((part) => attributesOf(bytes, part, 0x0a)), schemaUrl };
}

function scopeOf(bytes: Uint8Array, parts: readonly Part[], schemaUrl: string): RecordScope {
  let [name, version] = ["", ""];
  const reader = new WireReader(bytes);
  for (const { start, end } of parts) {
    reader.at = start;
    reader.blocks(end, (tag, stop) => {
      if (tag === 0x0a) name = utf8(bytes, reader.at, stop);
      else if (tag === 0x12) version = utf8(bytes, reader.at, stop);
    });
  }
  const attributes = parts.flatMap((part) => attributesOf(bytes, part, 0x1a));
  return { name, version, schemaUrl, attributes };
}

/** The attributes of a message under one tag. */
export function attributesOf(
  bytes: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
  attributeTag: number,
): Attributes {
  const reader = new WireReader(bytes);
  reader.at = start;
  const ranges: number[] = [];
  while (reader.at < end) {
    const tag = reader.tag(end);
    const from = reader.at;
    reader.skip(tag, end, 0);
    if (tag === attributeTag) ranges.push(from, reader.at);
  }
  return decodeAttributes(bytes, ranges);
}

/** The text of bytes. */
export function utf8(bytes: Uint8Array, start: number, end: number): string {
  return textBuffer(bytes).utf8Slice(start, end);
}

function latin1(bytes: Uint8Array, { start, end }: Part): string {
  return textBuffer(bytes).latin1Slice(start, end);
}

/** Buffer's quick readers of text, which its types do not tell of. */
export interface TextBuffer extends Buffer {
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
  hexSlice(start: number, end: number): string;
}

/** The same bytes, to read texts from. */
export function textBuffer(bytes: Uint8Array): TextBuffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as TextBuffer;
}
