// Fills a real Prometheus with samples: a remote write 1.0 request, encoded by hand.
//
//   WriteRequest   1 timeseries*
//   TimeSeries     1 labels* (1 name, 2 value)   2 samples* (1 value, 2 timestamp)   4 histograms*
//
// What scraping cannot bring in this way: chosen timestamps, staleness markers (their bits are kept), and native
// histograms whose buckets are what the test says. The body is framed as snappy with literals only, so nothing is
// compressed and no compressor is needed.
//
// Source: https://prometheus.io/docs/specs/prw/remote_write_spec/ and the snappy format description.

import { TestkitError } from "./errors.ts";

/** A native histogram as remote write carries it; counts are floats. */
export interface RemoteHistogram {
  readonly timestampMs: number;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  /** Populated buckets in ascending order of their indexes. */
  readonly positive: readonly { readonly index: number; readonly count: number }[];
  readonly negative: readonly { readonly index: number; readonly count: number }[];
}

/** A series with samples in time order. */
export interface RemoteSeries {
  /** Flat `[name, value, ...]`, sorted by name. */
  readonly labels: readonly string[];
  readonly timestamps: ArrayLike<number>;
  /** Bits are kept, so a staleness marker stays one. */
  readonly values: Float64Array;
  readonly histograms?: readonly RemoteHistogram[];
}

/**
 * Sends series to a Prometheus that takes remote write.
 *
 * @param url the server's base URL
 * @throws {TestkitError} `TESTKIT_REMOTE_WRITE` with the server's answer when it refuses
 */
export async function remoteWrite(url: string, series: readonly RemoteSeries[]): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: "POST",
    body: encodeRemoteWrite(series),
    headers: {
      "content-encoding": "snappy",
      "content-type": "application/x-protobuf",
      "x-prometheus-remote-write-version": "0.1.0",
    },
  });
  const answer = await response.text();
  if (!response.ok) {
    throw new TestkitError(
      "TESTKIT_REMOTE_WRITE",
      `remote write answered ${response.status}: ${answer.trim()}`,
    );
  }
}

/** The body of a remote write request. */
export function encodeRemoteWrite(series: readonly RemoteSeries[]): Uint8Array<ArrayBuffer> {
  const request = new Message();
  for (const each of series) request.message(1, encodeSeries(each));
  return snappyLiterals(request.bytes());
}

function encodeSeries(series: RemoteSeries): Message {
  const message = new Message();
  for (let i = 0; i < series.labels.length; i += 2) {
    const label = new Message();
    label.text(1, series.labels[i]!);
    label.text(2, series.labels[i + 1]!);
    message.message(1, label);
  }
  const raw = new Uint8Array(
    series.values.buffer,
    series.values.byteOffset,
    series.values.byteLength,
  );
  for (let i = 0; i < series.timestamps.length; i++) {
    const sample = new Message();
    sample.double(1, raw.subarray(8 * i, 8 * i + 8));
    sample.varint(2, series.timestamps[i]!);
    message.message(2, sample);
  }
  for (const histogram of series.histograms ?? []) message.message(4, encodeHistogram(histogram));
  return message;
}

type Buckets = RemoteHistogram["positive"];

function encodeHistogram(histogram: RemoteHistogram): Message {
  const message = new Message();
  message.number(2, histogram.count);
  message.number(3, histogram.sum);
  message.signed(4, histogram.schema);
  message.number(5, histogram.zeroThreshold);
  message.number(7, histogram.zeroCount);
  encodeBuckets(message, 8, 10, histogram.negative);
  encodeBuckets(message, 11, 13, histogram.positive);
  message.varint(15, histogram.timestampMs);
  return message;
}

function encodeBuckets(message: Message, spans: number, counts: number, buckets: Buckets): void {
  let next = 0;
  for (let i = 0; i < buckets.length;) {
    const first = buckets[i]!.index;
    let length = 1;
    while (buckets[i + length]?.index === first + length) length++;
    const span = new Message();
    span.signed(1, first - next);
    span.varint(2, length);
    message.message(spans, span);
    next = first + length;
    i += length;
  }
  if (buckets.length > 0) {
    const packed = Float64Array.from(buckets, ({ count }) => count);
    message.block(counts, new Uint8Array(packed.buffer));
  }
}

const encoder = new TextEncoder();

/** A protobuf message that grows. */
class Message {
  #bytes = new Uint8Array(64);
  #length = 0;

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  varint(field: number, value: number): void {
    this.#put(field * 8);
    this.#put(value);
  }

  /** Zigzag. */
  signed(field: number, value: number): void {
    this.varint(field, value < 0 ? -2 * value - 1 : 2 * value);
  }

  number(field: number, value: number): void {
    this.double(field, new Uint8Array(Float64Array.of(value).buffer));
  }

  /** The eight bytes of a double, little endian. */
  double(field: number, bytes: Uint8Array): void {
    this.#put(field * 8 + 1);
    this.#append(bytes);
  }

  text(field: number, value: string): void {
    this.block(field, encoder.encode(value));
  }

  message(field: number, message: Message): void {
    this.block(field, message.bytes());
  }

  block(field: number, bytes: Uint8Array): void {
    this.#put(field * 8 + 2);
    this.#put(bytes.length);
    this.#append(bytes);
  }

  /** Base 128; by division, since times do not fit 32 bits. */
  #put(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

const MAX_LITERAL = 65_536;

/** A snappy block that only quotes: its length, then literals of at most 64 KiB. */
function snappyLiterals(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const parts: number[] = [];
  let rest = bytes.length;
  while (rest >= 128) {
    parts.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  parts.push(rest);
  const literals = Math.ceil(bytes.length / MAX_LITERAL);
  const framed = new Uint8Array(parts.length + 3 * literals + bytes.length);
  framed.set(parts);
  let at = parts.length;
  for (let from = 0; from < bytes.length; from += MAX_LITERAL) {
    const literal = bytes.subarray(from, from + MAX_LITERAL);
    const length = literal.length - 1;
    framed[at++] = 61 * 4; // a literal whose length is in the next two bytes
    framed[at++] = length & 0xff;
    framed[at++] = length >> 8;
    framed.set(literal, at);
    at += literal.length;
  }
  return framed;
}
