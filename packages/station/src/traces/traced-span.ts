// One span of an OTLP request as span metrics and service graph see it: read where it lies, into one object used again.
//
//   Span { trace_id 1  span_id 2  parent 4  name 5  kind 6  start 7  end 8  attributes 9  links 13  status 15 }
//
// Attributes are found and not read: most spans need none of theirs. The request was checked before it was kept. Where a
// field is twice in a message the last one counts, and an id of a wrong length is none, as in the store.
//
// Hot path, mutable on purpose: a station reads a hundred thousand of these a second.

import { decodeAttributes, type OtlpValue, type WireReader } from "@flx/model";
import { type TextBuffer, textBuffer } from "../store/records/walk-request.ts";

/** The kinds by their numbers in OTLP. */
export const KIND = { server: 2, client: 3, producer: 4, consumer: 5 } as const;

/** The status "error" by its number in OTLP. */
export const STATUS_ERROR = 2;

const KINDS = 6;
const STATUSES = 3;
const TRACE_ID = 16;
const SPAN_ID = 8;
const NONE = -1;

/** Attributes that are looked for, by key. */
export class WantedAttributes<Name> {
  readonly names: ReadonlyMap<string, Name>;
  /** 1 where a key has that many bytes: others are not even read. */
  readonly lengths: Uint8Array = new Uint8Array(128);

  constructor(names: ReadonlyMap<string, Name>) {
    this.names = names;
    for (const name of names.keys()) this.lengths[name.length] = 1;
  }
}

/** A span while it is looked at; good until the next one is read. */
export class TracedSpan {
  /** `service.name`; "unknown_service" when the resource has none, as OpenTelemetry calls it. */
  service = "";
  name = "";
  /** 0 to 5; unknown ones are 0. */
  kind = 0;
  /** 0 to 2; unknown ones are 0. */
  status = 0;
  /** Unix milliseconds. */
  startMs = 0;
  endMs = 0;
  /** Never negative: a span that ends before it starts took no time, as in the store. */
  seconds = 0;
  #bytes: TextBuffer = textBuffer(new Uint8Array(0));
  #traceAt = NONE;
  #spanAt = NONE;
  #parentAt = NONE;
  /** Pairs: where each KeyValue's length stands, and the byte after it. */
  readonly #attributes: number[] = [];
  readonly #links: number[] = [];
  readonly #start = new Uint32Array(2);
  readonly #end = new Uint32Array(2);

  /** Reads the span at the cursor. */
  read(reader: WireReader, end: number, service: string): void {
    this.#clear(reader, service);
    while (reader.at < end) this.#field(reader, reader.tag(end), end);
    this.#times();
  }

  #clear({ bytes }: WireReader, service: string): void {
    const known = this.#bytes;
    const isSame =
      known.buffer === bytes.buffer &&
      known.byteOffset === bytes.byteOffset &&
      known.length === bytes.length;
    if (!isSame) this.#bytes = textBuffer(bytes);
    this.service = service;
    this.name = "";
    this.kind = 0;
    this.status = 0;
    this.#traceAt = this.#spanAt = this.#parentAt = NONE;
    this.#attributes.length = 0;
    this.#links.length = 0;
    this.#start.fill(0);
    this.#end.fill(0);
  }

  #field(reader: WireReader, tag: number, end: number): void {
    switch (tag) {
      case 0x0a:
        this.#traceAt = idAt(reader, end, TRACE_ID);
        return;
      case 0x12:
        this.#spanAt = idAt(reader, end, SPAN_ID);
        return;
      case 0x22:
        this.#parentAt = idAt(reader, end, SPAN_ID);
        return;
      case 0x2a: {
        const stop = reader.length(end);
        this.name = this.#bytes.utf8Slice(reader.at, stop);
        reader.at = stop;
        return;
      }
      case 0x30: {
        const kind = reader.uint32(end);
        this.kind = kind < KINDS ? kind : 0;
        return;
      }
      case 0x39:
        reader.fixed(end);
        this.#start[0] = reader.low;
        this.#start[1] = reader.high;
        return;
      case 0x41:
        reader.fixed(end);
        this.#end[0] = reader.low;
        this.#end[1] = reader.high;
        return;
      case 0x4a:
        range(reader, end, this.#attributes);
        return;
      case 0x6a:
        range(reader, end, this.#links);
        return;
      case 0x7a:
        this.#status(reader, reader.length(end));
        return;
      default:
        reader.skip(tag, end, 0);
    }
  }

  #status(reader: WireReader, end: number): void {
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x18) {
        const status = reader.uint32(end);
        this.status = status < STATUSES ? status : 0;
      } else reader.skip(tag, end, 0);
    }
  }

  #times(): void {
    const [startLow, startHigh] = [this.#start[0]!, this.#start[1]!];
    const [endLow, endHigh] = [this.#end[0]!, this.#end[1]!];
    this.startMs = (startHigh * 4_294_967_296 + startLow) / 1e6;
    this.endMs = (endHigh * 4_294_967_296 + endLow) / 1e6;
    // The difference first: nanoseconds since 1970 are no numbers that JavaScript can hold.
    const nanoseconds = (endHigh - startHigh) * 4_294_967_296 + (endLow - startLow);
    this.seconds = nanoseconds > 0 ? nanoseconds / 1e9 : 0;
  }

  /** Whether it has no parent: the beginning of a trace. */
  get isRoot(): boolean {
    return this.#parentAt === NONE || isZero(this.#bytes, this.#parentAt);
  }

  /** In hex. */
  get traceId(): string {
    return this.#bytes.hexSlice(this.#traceAt, this.#traceAt + TRACE_ID);
  }

  /** In hex. */
  get spanId(): string {
    return this.#bytes.hexSlice(this.#spanAt, this.#spanAt + SPAN_ID);
  }

  /** Its trace and itself, as a key. */
  get ownKey(): string {
    return this.#key(this.#spanAt);
  }

  /** Its trace and its parent, as a key. */
  get parentKey(): string {
    return this.#key(this.#parentAt);
  }

  #key(at: number): string {
    const bytes = this.#bytes;
    return (
      bytes.latin1Slice(this.#traceAt, this.#traceAt + TRACE_ID) +
      bytes.latin1Slice(at, at + SPAN_ID)
    );
  }

  /** The keys of spans that it links to, at most so many. */
  linkKeys(most: number): string[] {
    const keys: string[] = [];
    for (let i = 0; i < this.#links.length && keys.length < most; i += 2) {
      const key = linkKey(this.#bytes, this.#links[i]!, this.#links[i + 1]!);
      if (key !== "") keys.push(key);
    }
    return keys;
  }

  /** The value of each attribute that is wanted. */
  wanted<Name>({ names, lengths }: WantedAttributes<Name>): Map<Name, OtlpValue> {
    const found = new Map<Name, OtlpValue>();
    const bytes = this.#bytes;
    for (let i = 0; i < this.#attributes.length; i += 2) {
      const [from, to] = [this.#attributes[i]!, this.#attributes[i + 1]!];
      const name = names.get(quickKey(bytes, from, to, lengths));
      if (name === undefined) continue;
      for (const [key, value] of decodeAttributes(bytes, [from, to])) {
        // The key as it was told quickly may be another one than the last in the message.
        if (names.get(key) === name) found.set(name, value);
      }
    }
    return found;
  }

  /** Two words that tell this span from any other. */
  fingerprint(into: Uint32Array): void {
    const bytes = this.#bytes;
    let a = 0x9e3779b9 ^ this.kind;
    let b = 0x85ebca6b ^ this.status;
    const mix = (word: number): void => {
      a = Math.imul(a ^ word, 0xcc9e2d51);
      a ^= a >>> 15;
      b = Math.imul(b + word, 0x1b873593) ^ a;
      b ^= b >>> 13;
    };
    for (let i = 0; i < TRACE_ID; i += 4) mix(bytes.readInt32LE(this.#traceAt + i));
    for (let i = 0; i < SPAN_ID; i += 4) mix(bytes.readInt32LE(this.#spanAt + i));
    for (const word of this.#start) mix(word);
    for (const word of this.#end) mix(word);
    into[0] = a;
    into[1] = b;
  }
}

/** Where an id of this length begins; -1 for another. The cursor goes behind it. */
function idAt(reader: WireReader, outer: number, length: number): number {
  const end = reader.length(outer);
  const { at } = reader;
  reader.at = end;
  return end - at === length ? at : NONE;
}

function range(reader: WireReader, end: number, into: number[]): void {
  const from = reader.at;
  reader.at = reader.length(end);
  into.push(from, reader.at);
}

function isZero(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < at + SPAN_ID; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** The key of a KeyValue whose first field is its key, as nearly all are; "" otherwise, and when no such length is wanted. */
function quickKey(bytes: TextBuffer, from: number, to: number, lengths: Uint8Array): string {
  let at = from;
  while (bytes[at]! > 127) at++;
  at++;
  const length = bytes[at + 1]!;
  if (bytes[at] !== 0x0a || length > 127 || lengths[length] === 0 || at + 2 + length > to)
    return "";
  return bytes.latin1Slice(at + 2, at + 2 + length);
}

/** Trace and span of a link; "" when it has none. */
function linkKey(bytes: TextBuffer, from: number, to: number): string {
  let at = from;
  while (bytes[at]! > 127) at++;
  at++;
  let [trace, span] = ["", ""];
  // Both ids come first in whatever writes links; what is written otherwise is not followed.
  while (at + 1 < to && (bytes[at] === 0x0a || bytes[at] === 0x12)) {
    const [tag, length] = [bytes[at], bytes[at + 1]!];
    if (at + 2 + length > to) return "";
    if (tag === 0x0a && length === TRACE_ID) trace = bytes.latin1Slice(at + 2, at + 2 + length);
    if (tag === 0x12 && length === SPAN_ID) span = bytes.latin1Slice(at + 2, at + 2 + length);
    at += 2 + length;
  }
  return trace !== "" && span !== "" ? trace + span : "";
}
