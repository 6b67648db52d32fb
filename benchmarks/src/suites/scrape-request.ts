// A remote write request with one sample of each of its series, made once and filled with times and values again and again:
// encoding 10,000 series anew takes longer than any server needs to read them.
//
//   WriteRequest   0a LENGTH TimeSeries*
//   TimeSeries     0a LENGTH Label*   12 10 Sample
//   Sample         09 value f64   10 time, 6 bytes from 2004 to 3084
//
// Source: https://prometheus.io/docs/specs/prw/remote_write_spec/

import { writeSnappy } from "@flx/model";

const SAMPLE_BYTES = 16;
const TIME_BYTES = 6;

/** The request of some series. */
export class ScrapeRequest {
  readonly #body: Uint8Array;
  readonly #view: DataView;
  /** Where the samples are. */
  readonly #samples: readonly number[];

  /** @param series the labels of each, flat `[name, value, ...]` */
  constructor(series: readonly (readonly string[])[]) {
    const samples: number[] = [];
    const parts: Buffer[] = [];
    let at = 0;
    for (const labels of series) {
      const encoded = Buffer.concat([...labelsOf(labels), Buffer.from([0x12, SAMPLE_BYTES])]);
      const head = Buffer.from([0x0a, ...varint(encoded.length + SAMPLE_BYTES)]);
      parts.push(head, encoded, Buffer.alloc(SAMPLE_BYTES));
      at += head.length + encoded.length + SAMPLE_BYTES;
      samples.push(at - SAMPLE_BYTES);
    }
    this.#body = Buffer.concat(parts);
    this.#view = new DataView(this.#body.buffer, this.#body.byteOffset);
    this.#samples = samples;
  }

  /** The request, compressed, with a value for each series. */
  at(timeMs: number, value: (series: number) => number): Uint8Array<ArrayBuffer> {
    const time = varint(timeMs);
    if (time.length !== TIME_BYTES) throw new RangeError(`${timeMs} ms takes ${time.length} bytes`);
    for (const [i, at] of this.#samples.entries()) {
      this.#body[at] = 0x09;
      this.#view.setFloat64(at + 1, value(i), true);
      this.#body[at + 9] = 0x10;
      this.#body.set(time, at + 10);
    }
    return new Uint8Array(writeSnappy(this.#body));
  }
}

function* labelsOf(labels: readonly string[]): Generator<Buffer> {
  for (let i = 0; i < labels.length; i += 2) {
    const name = Buffer.from(labels[i]!);
    const value = Buffer.from(labels[i + 1]!);
    const inner = [0x0a, ...varint(name.length), ...name, 0x12, ...varint(value.length), ...value];
    yield Buffer.from([0x0a, ...varint(inner.length), ...inner]);
  }
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  bytes.push(value);
  return bytes;
}
