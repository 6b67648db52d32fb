// Remote read: another Prometheus asks for series with their samples, and evaluates for itself.
//
//   POST /api/v1/read     snappy(ReadRequest)
//     ──► SAMPLES               snappy(ReadResponse), whole
//     ──► STREAMED_XOR_CHUNKS   frames with chunks of at most 120 samples, one series after the other
//
// The first response type of the request that there is is given, SAMPLES when it names none. Chunks are of floats (XOR) or
// of native histograms (of whole counts, or of floats), as the samples of the series follow each other. Series get the
// external labels of this station, and matchers that ask for one of them do not ask the store.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/

import {
  encodeSeriesLabels,
  FlxError,
  HistogramChunkWriter,
  type Labels,
  readReadRequest,
  type RemoteReadMatcher,
  type RemoteReadQuery,
  type StreamedChunk,
  writeChunkFrame,
  writeReadResponse,
  WriteRequestWriter,
  writeSnappy,
  XOR_CHUNK_SAMPLES,
  XorChunkWriter,
} from "@flx/model";
import { Matcher, type Queryable, type SeriesData } from "@flx/promql";
import { unpack } from "../../ingest/body.ts";
import type { Gate } from "../../query/gate.ts";
import type { Answer } from "../http/answer.ts";
import { Refusal } from "../http/refusal.ts";
import type { ApiRequest } from "../http/request.ts";
import type { Route } from "../http/route.ts";
import { asQuery } from "./envelope.ts";

/** What the route needs. */
export interface ReadParts {
  readonly queryable: Queryable;
  /** How many are answered at the same time. */
  readonly gate: Gate;
  readonly maxSamples: number;
  readonly timeoutMs: number;
  /** Labels of this station, for series that do not have them. */
  readonly externalLabels: () => ReadonlyMap<string, string>;
}

const SAMPLES = 0;
const STREAMED = 1;
const MAX_REQUEST_BYTES = 16 * 1024 * 1024;
/** A frame is sent when its chunks have so many bytes: what a Prometheus does by default. */
const FRAME_BYTES = 1024 * 1024;
/** Of a chunk besides its data. */
const CHUNK_HEAD = 24;

/** The series of one query, labelled and in the order of their labels. */
type Found = readonly SeriesData[];

/** The route of remote read. */
export function readRoute(parts: ReadParts): Route {
  return {
    method: "POST",
    path: "/api/v1/read",
    role: "read",
    answer: (request) => asQuery("query", () => read(parts, request)),
  };
}

async function read(parts: ReadParts, request: ApiRequest): Promise<Answer> {
  const { queries, accepted } = readReadRequest(await plainBody(request));
  const wanted = accepted.length === 0 ? [SAMPLES] : accepted;
  const type = wanted.find((each) => each === SAMPLES || each === STREAMED);
  if (type === undefined) {
    throw new Refusal(
      "bad_data",
      `server does not support any of the requested response types: ${wanted.slice(0, 10).join(", ")}`,
    );
  }
  const deadline = AbortSignal.timeout(parts.timeoutMs);
  const signal = AbortSignal.any([request.signal, deadline]);
  const found = await parts.gate
    .run(() => select(parts, queries, signal), signal)
    .catch((error: unknown) => {
      if (!deadline.aborted) throw error;
      throw new Refusal("timeout", `remote read took longer than ${parts.timeoutMs / 1_000} s`, {
        cause: error,
      });
    });
  return type === SAMPLES ? samplesAnswer(found) : streamedAnswer(found);
}

async function plainBody(request: ApiRequest): Promise<Uint8Array> {
  const body = await request.encodedBody();
  try {
    return await unpack(body, request.headers["content-encoding"] ?? "snappy", MAX_REQUEST_BYTES);
  } catch (error) {
    if (!(error instanceof FlxError)) throw error;
    throw new Refusal("bad_data", error.message, { cause: error });
  }
}

async function select(
  { queryable, maxSamples, externalLabels }: ReadParts,
  queries: readonly RemoteReadQuery[],
  signal: AbortSignal,
): Promise<readonly Found[]> {
  const external = externalLabels();
  const all: Found[] = [];
  let samples = 0;
  for (const { startMs, endMs, matchers, hints } of queries) {
    const asked = matchers.filter((matcher) => !isOfStation(matcher, external)).map(matcherOf);
    const series = await queryable.select(asked, { startMs, endMs }, hints, signal);
    for (const { timestamps } of series) samples += timestamps.length;
    if (samples > maxSamples) {
      throw new Refusal("bad_data", `exceeded sample limit (${maxSamples})`);
    }
    const labelled = series.map(({ labels, timestamps, values, histograms }) => ({
      labels: withExternal(labels, external),
      timestamps,
      values,
      histograms,
    }));
    all.push(labelled.toSorted((a, b) => a.labels.compare(b.labels)));
  }
  return all;
}

function matcherOf({ op, name, value }: RemoteReadMatcher): Matcher {
  const matcher = new Matcher(op, name, value);
  if (matcher.isRegex) matcher.compile();
  return matcher;
}

function isOfStation(
  { op, name, value }: RemoteReadMatcher,
  external: ReadonlyMap<string, string>,
) {
  return op === "=" && external.get(name) === value;
}

function withExternal(labels: Labels, external: ReadonlyMap<string, string>): Labels {
  let all = labels;
  for (const [name, value] of external) if (!all.has(name)) all = all.with(name, value);
  return all;
}

function samplesAnswer(found: readonly Found[]): Answer {
  const writer = new WriteRequestWriter();
  const results = found.map((all) => {
    for (const { labels, timestamps, values, histograms } of all) {
      writer.beginSeries(encodeSeriesLabels(labels));
      const words = wordsOf(values);
      for (let i = 0; i < timestamps.length; i++) {
        const histogram = histograms?.[i];
        if (histogram === undefined) {
          writer.sample(timestamps[i]!, words[2 * i]!, words[2 * i + 1]!);
        } else writer.histogram(timestamps[i]!, histogram);
      }
      writer.endSeries();
    }
    return writer.take();
  });
  return {
    status: 200,
    headers: { "content-type": "application/x-protobuf", "content-encoding": "snappy" },
    body: writeSnappy(writeReadResponse(results)),
  };
}

function streamedAnswer(found: readonly Found[]): Answer {
  return {
    status: 200,
    headers: {
      "content-type": "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse",
    },
    body: frames(found),
  };
}

async function* frames(found: readonly Found[]): AsyncGenerator<Uint8Array> {
  for (const [query, all] of found.entries()) {
    for (const series of all) {
      const encoded = encodeSeriesLabels(series.labels);
      let chunks: StreamedChunk[] = [];
      let bytes = encoded.length;
      for (const chunk of chunksOf(series)) {
        chunks.push(chunk);
        bytes += CHUNK_HEAD + chunk.data.length;
        if (bytes < FRAME_BYTES) continue;
        yield writeChunkFrame(query, encoded, chunks);
        chunks = [];
        bytes = encoded.length;
      }
      if (chunks.length > 0) yield writeChunkFrame(query, encoded, chunks);
    }
    // Others have their turn between two queries, and whenever the client does not take what is written.
    await new Promise(setImmediate);
  }
}

function* chunksOf({ timestamps, values, histograms }: SeriesData): Generator<StreamedChunk> {
  const floats = new XorChunkWriter();
  const natives = new HistogramChunkWriter();
  const words = wordsOf(values);
  let minMs = 0;
  let maxMs = 0;
  const taken = (): StreamedChunk =>
    floats.count > 0
      ? { minMs, maxMs, encoding: "xor", data: floats.take() }
      : { minMs, maxMs, encoding: natives.encoding, data: natives.take() };
  for (let i = 0; i < timestamps.length; i++) {
    const histogram = histograms?.[i];
    const isFull =
      histogram === undefined
        ? natives.count > 0 || floats.count === XOR_CHUNK_SAMPLES
        : floats.count > 0 || !natives.fits(histogram);
    if (isFull) yield taken();
    const timeMs = timestamps[i]!;
    if (floats.count + natives.count === 0) minMs = timeMs;
    maxMs = timeMs;
    if (histogram === undefined) floats.append(timeMs, words[2 * i]!, words[2 * i + 1]!);
    else natives.append(timeMs, histogram);
  }
  if (floats.count + natives.count > 0) yield taken();
}

/** Two words for each value: bits of a NaN are kept. */
function wordsOf({ buffer, byteOffset, length }: Float64Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, 2 * length);
}
