// Answers to a remote read: whole samples, or chunks in frames.
//
//   SAMPLES                ReadResponse { results 1 { timeseries 1 { labels 1  samples 2  histograms 4 } } }      snappy
//   STREAMED_XOR_CHUNKS    frame frame ...     each: varint size, CRC-32C u32 big endian, ChunkedReadResponse
//                          ChunkedReadResponse { series 1 { labels 1  chunks 2 { min 1  max 2  type 3  data 4 } }  query 2 }
//
// Chunks of floats are of the encoding XOR (xor-chunk.ts), those of native histograms of HISTOGRAM or FLOAT_HISTOGRAM
// (histogram-chunk.ts); a series may have all of them, in order of time.
//
// Source: prompb/remote.proto and types.proto of Prometheus; storage/remote/chunked.go

import { MessageWriter } from "../otlp/message-writer.ts";
import { crc32c } from "./crc32c.ts";

/** A chunk of samples of one series. */
export interface StreamedChunk {
  readonly minMs: number;
  readonly maxMs: number;
  readonly encoding: ChunkEncoding;
  readonly data: Uint8Array;
}

/** What a chunk is written as. */
export type ChunkEncoding = keyof typeof ENCODINGS;

const ENCODINGS = { xor: 1, histogram: 2, "float-histogram": 3 } as const;

/** A ReadResponse; each result is a list of time series as `WriteRequestWriter` writes them. */
export function writeReadResponse(results: readonly Uint8Array[]): Uint8Array {
  const out = new MessageWriter();
  for (const result of results) out.field(0x0a, result);
  return out.take();
}

/**
 * One frame with chunks of one series.
 *
 * @param labels as `encodeSeriesLabels` gives them
 */
export function writeChunkFrame(
  query: number,
  labels: Uint8Array,
  chunks: readonly StreamedChunk[],
): Uint8Array {
  const out = new MessageWriter();
  const series = out.begin(0x0a);
  out.raw(labels);
  for (const { minMs, maxMs, encoding, data } of chunks) {
    const chunk = out.begin(0x12);
    out.int(0x08, minMs);
    out.int(0x10, maxMs);
    out.uint(0x18, ENCODINGS[encoding]);
    out.field(0x22, data);
    out.end(chunk);
  }
  out.end(series);
  if (query > 0) out.uint(0x10, query);
  const message = out.take();
  out.varint(message.length);
  const sum = crc32c(message);
  out.raw(Uint8Array.of(sum >>> 24, (sum >>> 16) & 255, (sum >>> 8) & 255, sum & 255));
  out.raw(message);
  return out.take();
}
