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

/** Attributes that are looked for, by key: each has a slot for its value. */
export class WantedAttributes {
  readonly #slots: ReadonlyMap<string, number>;
  /** 1 for each length and two bytes that a key may have: other keys are not even made texts of. */
  readonly #maybe: Uint8Array = new Uint8Array(128 * 256);

  constructor(slots: ReadonlyMap<string, number>) {
    this.#slots = slots;
    for (const key of slots.keys()) {
      this.#maybe[place(key.length, key.charCodeAt(0), key.charCodeAt(key.length - 1))] = 1;
    }
  }

  /** The slot of a key that lies in bytes; undefined for another. */
  slot(bytes: TextBuffer, from: number, length: number): number | undefined {
    if (length === 0 || length > 127) return undefined;
    const at = place(length, bytes[from]!, bytes[from + length - 1]!);
    if (this.#maybe[at] === 0) return undefined;
    return this.#slots.get(bytes.latin1Slice(from, from + length));
  }

  /** The slot of a key. */
  named(key: string): number | undefined {
    return this.#slots.get(key);
  }
}

function place(length: number, first: number, last: number): number {
  return length * 256 + ((first ^ (last << 2)) & 255);
}

/** What is said, slot by slot. */
export type SaidValues = OtlpValue[];

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
  take(reader: WireReader, end: number, service: string): void {
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
  get ownKey(): number {
    return keyOf(this.#bytes, this.#traceAt, this.#spanAt);
  }

  /** Its trace and its parent, as a key. */
  get parentKey(): number {
    return keyOf(this.#bytes, this.#traceAt, this.#parentAt);
  }

  /** The keys of spans that it links to, at most so many. */
  linkKeys(most: number): number[] {
    const keys: number[] = [];
    for (let i = 0; i < this.#links.length && keys.length < most; i += 2) {
      const key = linkKey(this.#bytes, this.#links[i]!, this.#links[i + 1]!);
      if (key !== undefined) keys.push(key);
    }
    return keys;
  }

  /** Its ids and end, for an exemplar that may be wanted when the span is gone. */
  get seen(): SeenSpan {
    return new SeenSpan(this.#bytes, this.#traceAt, this.#spanAt, this.endMs);
  }

  /** Puts the value of each attribute that is wanted into its slot; whether there was any. */
  said(wanted: WantedAttributes, into: SaidValues): boolean {
    const bytes = this.#bytes;
    let hasAny = false;
    for (let i = 0; i < this.#attributes.length; i += 2) {
      const [from, to] = [this.#attributes[i]!, this.#attributes[i + 1]!];
      const at = afterLength(bytes, from);
      const length = bytes[at + 1]!;
      // Its key first, as nearly all have it.
      if (bytes[at] !== 0x0a || length > 127 || at + 2 + length > to) continue;
      const slot = wanted.slot(bytes, at + 2, length);
      if (slot === undefined) continue;
      hasAny = true;
      const text = plainText(bytes, at + 2 + length, to);
      if (text !== undefined) into[slot] = text;
      else {
        for (const [key, value] of decodeAttributes(bytes, [from, to])) {
          // A key that comes twice in the message is the last one.
          if (wanted.named(key) === slot) into[slot] = value;
        }
      }
    }
    return hasAny;
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

/** Where a message begins whose length stands here. */
function afterLength(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at]! > 127) at++;
  return at + 1;
}

/** The value of a KeyValue that is one short text and nothing else. */
function plainText(bytes: TextBuffer, at: number, to: number): string | undefined {
  const length = bytes[at + 1]!;
  const isPlain =
    bytes[at] === 0x12 &&
    length < 128 &&
    at + 2 + length === to &&
    bytes[at + 2] === 0x0a &&
    bytes[at + 3] === length - 2;
  return isPlain ? bytes.utf8Slice(at + 4, to) : undefined;
}

/** Trace and span of a link; undefined when it has none. */
function linkKey(bytes: TextBuffer, from: number, to: number): number | undefined {
  let at = afterLength(bytes, from);
  let [trace, span] = [NONE, NONE];
  // Both ids come first in whatever writes links; what is written otherwise is not followed.
  while (at + 1 < to && (bytes[at] === 0x0a || bytes[at] === 0x12)) {
    const [tag, length] = [bytes[at], bytes[at + 1]!];
    if (at + 2 + length > to) return undefined;
    if (tag === 0x0a && length === TRACE_ID) trace = at + 2;
    if (tag === 0x12 && length === SPAN_ID) span = at + 2;
    at += 2 + length;
  }
  return trace === NONE || span === NONE ? undefined : keyOf(bytes, trace, span);
}

/**
 * A trace and a span of it as one number of 53 bits: ids are random, and so two that are different have different keys, but for
 * one in a hundred thousand billion.
 */
function keyOf(bytes: TextBuffer, trace: number, span: number): number {
  let a = bytes.readInt32LE(span) ^ bytes.readInt32LE(trace);
  let b = bytes.readInt32LE(span + 4) ^ bytes.readInt32LE(trace + 4);
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ bytes.readInt32LE(trace + 8);
  b = Math.imul(b ^ (b >>> 15), 0xc2b2ae35) ^ bytes.readInt32LE(trace + 12) ^ a;
  a = Math.imul(a ^ (b >>> 13), 0x9e3779b1);
  b ^= a >>> 16;
  return (a & 0x1f_ffff) * 4_294_967_296 + (b >>> 0);
}

/** The ids of a span that is gone: texts only when somebody wants them. */
export class SeenSpan {
  readonly endMs: number;
  readonly #ids: Int32Array = new Int32Array(IDS);

  constructor(bytes: TextBuffer, trace: number, span: number, endMs: number) {
    this.endMs = endMs;
    for (let i = 0; i < 4; i++) this.#ids[i] = bytes.readInt32BE(trace + 4 * i);
    this.#ids[4] = bytes.readInt32BE(span);
    this.#ids[5] = bytes.readInt32BE(span + 4);
  }

  /** In hex. */
  get traceId(): string {
    return this.#hex(0, 4);
  }

  /** In hex. */
  get spanId(): string {
    return this.#hex(4, IDS);
  }

  #hex(from: number, to: number): string {
    let text = "";
    for (let i = from; i < to; i++) {
      text += (this.#ids[i]! >>> 0).toString(16).padStart(8, "0");
    }
    return text;
  }
}

/** Words of a trace's and a span's id. */
const IDS = 6;
