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
import { knownText } from "./known-texts.ts";

/** The kinds by their numbers in OTLP. */
export const KIND = { server: 2, client: 3, producer: 4, consumer: 5 } as const;

/** The status "error" by its number in OTLP. */
export const STATUS_ERROR = 2;

const KINDS = 6;
const STATUSES = 3;
const TRACE_ID = 16;
const SPAN_ID = 8;
const NONE = -1;

interface WantedKey {
  readonly bytes: Uint8Array;
  readonly slot: number;
  /** 1 + the next of those with the same length and bytes; 0 for none. */
  next: number;
}

/** Attributes that are looked for, by key: each has a slot for its value. */
export class WantedAttributes {
  readonly #slots: ReadonlyMap<string, number>;
  /** By length and two bytes of a key: 1 + the first of `#keys` that has them; most other keys have a 0. */
  readonly #first: Uint8Array = new Uint8Array(128 * 256);
  readonly #keys: WantedKey[];

  /** @param slots keys in ASCII, 255 at most */
  constructor(slots: ReadonlyMap<string, number>) {
    this.#slots = slots;
    this.#keys = Array.from(slots, ([key, slot]) => ({ bytes: Buffer.from(key), slot, next: 0 }));
    for (const [i, key] of this.#keys.entries()) {
      const at = place(key.bytes.length, key.bytes[0]!, key.bytes.at(-1)!);
      key.next = this.#first[at]!;
      this.#first[at] = i + 1;
    }
  }

  /** The slot of a key that lies in bytes; undefined for another. */
  slot(bytes: TextBuffer, from: number, length: number): number | undefined {
    if (length === 0 || length > 127) return undefined;
    let number = this.#first[place(length, bytes[from]!, bytes[from + length - 1]!)]!;
    while (number > 0) {
      const key = this.#keys[number - 1]!;
      if (startsAt(bytes, from, key.bytes)) return key.slot;
      number = key.next;
    }
    return undefined;
  }

  /** The slot of a key. */
  named(key: string): number | undefined {
    return this.#slots.get(key);
  }
}

function startsAt(bytes: Uint8Array, from: number, key: Uint8Array): boolean {
  for (let i = 0; i < key.length; i++) if (bytes[from + i] !== key[i]) return false;
  return true;
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
  #source: Uint8Array = new Uint8Array(0);
  #bytes: TextBuffer = textBuffer(this.#source);
  #view: DataView = new DataView(this.#source.buffer);
  #traceAt = NONE;
  #spanAt = NONE;
  #parentAt = NONE;
  /** Pairs: where each KeyValue's length stands, and the byte after it. Used again, so their lengths are beside them. */
  readonly #attributes: number[] = [];
  #attributesEnd = 0;
  readonly #links: number[] = [];
  #linksEnd = 0;
  #startLow = 0;
  #startHigh = 0;
  #endLow = 0;
  #endHigh = 0;

  /** Reads the span at the cursor. */
  take(reader: WireReader, end: number, service: string): void {
    this.#clear(reader, service);
    while (reader.at < end) this.#field(reader, reader.tag(end), end);
    this.#times();
  }

  #clear({ bytes, view }: WireReader, service: string): void {
    if (bytes !== this.#source) {
      this.#source = bytes;
      this.#bytes = textBuffer(bytes);
      this.#view = view;
    }
    this.service = service;
    this.name = "";
    this.kind = 0;
    this.status = 0;
    this.#traceAt = this.#spanAt = this.#parentAt = NONE;
    this.#attributesEnd = this.#linksEnd = 0;
    this.#startLow = this.#startHigh = this.#endLow = this.#endHigh = 0;
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
        this.name = knownText(this.#bytes, reader.at, stop);
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
        this.#startLow = reader.low;
        this.#startHigh = reader.high;
        return;
      case 0x41:
        reader.fixed(end);
        this.#endLow = reader.low;
        this.#endHigh = reader.high;
        return;
      case 0x4a:
        this.#attributesEnd = range(reader, end, this.#attributes, this.#attributesEnd);
        return;
      case 0x6a:
        this.#linksEnd = range(reader, end, this.#links, this.#linksEnd);
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
    this.startMs = (this.#startHigh * 4_294_967_296 + this.#startLow) / 1e6;
    this.endMs = (this.#endHigh * 4_294_967_296 + this.#endLow) / 1e6;
    // The difference first: nanoseconds since 1970 are no numbers that JavaScript can hold.
    const nanoseconds =
      (this.#endHigh - this.#startHigh) * 4_294_967_296 + (this.#endLow - this.#startLow);
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
    return keyOf(this.#view, this.#traceAt, this.#spanAt);
  }

  /** Its trace and its parent, as a key. */
  get parentKey(): number {
    return keyOf(this.#view, this.#traceAt, this.#parentAt);
  }

  /** The keys of spans that it links to, at most so many. */
  linkKeys(most: number): number[] {
    const keys: number[] = [];
    for (let i = 0; i < this.#linksEnd && keys.length < most; i += 2) {
      const key = linkKey(this.#view, this.#links[i]!, this.#links[i + 1]!);
      if (key !== undefined) keys.push(key);
    }
    return keys;
  }

  /** Its ids and end, for an exemplar that may be wanted when the span is gone. */
  get seen(): SeenSpan {
    return new SeenSpan(this.#view, this.#traceAt, this.#spanAt, this.endMs);
  }

  /** Puts the value of each attribute that is wanted into its slot; whether there was any. */
  said(wanted: WantedAttributes, into: SaidValues): boolean {
    const bytes = this.#bytes;
    let hasAny = false;
    for (let i = 0; i < this.#attributesEnd; i += 2) {
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
    const view = this.#view;
    into[0] = 0x9e3779b9 ^ this.kind;
    into[1] = 0x85ebca6b ^ this.status;
    for (let i = 0; i < TRACE_ID; i += 4) mix(into, view.getInt32(this.#traceAt + i, true));
    for (let i = 0; i < SPAN_ID; i += 4) mix(into, view.getInt32(this.#spanAt + i, true));
    mix(into, this.#startLow);
    mix(into, this.#startHigh);
    mix(into, this.#endLow);
    mix(into, this.#endHigh);
  }
}

function mix(into: Uint32Array, word: number): void {
  let a = Math.imul(into[0]! ^ word, 0xcc9e2d51);
  a ^= a >>> 15;
  const b = Math.imul(into[1]! + word, 0x1b873593) ^ a;
  into[0] = a;
  into[1] = b ^ (b >>> 13);
}

/** Where an id of this length begins; -1 for another. The cursor goes behind it. */
function idAt(reader: WireReader, outer: number, length: number): number {
  const end = reader.length(outer);
  const { at } = reader;
  reader.at = end;
  return end - at === length ? at : NONE;
}

/** Where the list ends then. */
function range(reader: WireReader, end: number, into: number[], at: number): number {
  into[at] = reader.at;
  reader.at = reader.length(end);
  into[at + 1] = reader.at;
  return at + 2;
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
  return isPlain ? knownText(bytes, at + 4, to) : undefined;
}

/** Trace and span of a link; undefined when it has none. */
function linkKey(view: DataView, from: number, to: number): number | undefined {
  let at = from;
  while (view.getUint8(at) > 127) at++;
  at++;
  let [trace, span] = [NONE, NONE];
  // Both ids come first in whatever writes links; what is written otherwise is not followed.
  while (at + 1 < to) {
    const tag = view.getUint8(at);
    if (tag !== 0x0a && tag !== 0x12) break;
    const length = view.getUint8(at + 1);
    if (at + 2 + length > to) return undefined;
    if (tag === 0x0a && length === TRACE_ID) trace = at + 2;
    if (tag === 0x12 && length === SPAN_ID) span = at + 2;
    at += 2 + length;
  }
  return trace === NONE || span === NONE ? undefined : keyOf(view, trace, span);
}

/**
 * A trace and a span of it as one number of 53 bits: ids are random, and so two that are different have different keys, but for
 * one in a hundred thousand billion.
 */
function keyOf(view: DataView, trace: number, span: number): number {
  let a = view.getInt32(span, true) ^ view.getInt32(trace, true);
  let b = view.getInt32(span + 4, true) ^ view.getInt32(trace + 4, true);
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ view.getInt32(trace + 8, true);
  b = Math.imul(b ^ (b >>> 15), 0xc2b2ae35) ^ view.getInt32(trace + 12, true) ^ a;
  a = Math.imul(a ^ (b >>> 13), 0x9e3779b1);
  b ^= a >>> 16;
  return (a & 0x1f_ffff) * 4_294_967_296 + (b >>> 0);
}

/** The ids of a span that is gone: texts only when somebody wants them. */
export class SeenSpan {
  readonly endMs: number;
  readonly #ids: Int32Array = new Int32Array(IDS);

  constructor(view: DataView, trace: number, span: number, endMs: number) {
    this.endMs = endMs;
    for (let i = 0; i < 4; i++) this.#ids[i] = view.getInt32(trace + 4 * i);
    this.#ids[4] = view.getInt32(span);
    this.#ids[5] = view.getInt32(span + 4);
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
