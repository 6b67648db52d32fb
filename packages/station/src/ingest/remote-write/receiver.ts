// Remote write, versions 1.0 and 2.0: POST /api/v1/write.
//
//   Content-Type  application/x-protobuf                                 1.0
//                 application/x-protobuf;proto=io.prometheus.write.v2.Request   2.0, answered with what was written
//
//   204   everything is durable
//   400   some samples were refused for good (out of order, duplicate with another value, invalid labels): the others
//         are durable. Senders must not send them again, and do not.
//   413 415 429 503   as their names say; 429 and 503 with Retry-After
//
// When the store has no room for new series, those it knows are taken and the answer is 429: the sender may try. After two
// minutes without room it is 400, as for a sender that is over its own limit: trying again would not help it, and hold up
// the rest of what it has (no-room.ts). A Prometheus tries again after 429 when it has queue_config.retry_on_http_429.
//
// A sample that is there already with the same value is no fault: senders repeat what they got no answer for. That,
// and answering 400 while keeping what is good, is what Prometheus does.
//
// Source: https://prometheus.io/docs/specs/prw/remote_write_spec/ and .../remote_write_spec_2_0/

import type { IncomingMessage, ServerResponse } from "node:http";
import {
  FlxError,
  type Labels,
  readWriteRequest,
  readWriteRequestV2,
  type RemoteWriteBatch,
  type RemoteWriteLimits,
} from "@flx/model";
import { clientNetwork } from "../../base/access/client-network.ts";
import { endEarly } from "../../base/end-early.ts";
import type { Admission } from "../admission.ts";
import { readBody, RequestRefusal, unpack } from "../body.ts";
import type { IngestMetrics } from "../ingest-metrics.ts";
import { comeAgain, isOverLimit, isWithoutRoom } from "../no-room.ts";
import { refused } from "../refused.ts";
import { refusedHeaders } from "../write-refused.ts";
import { KnownSeries } from "./known-series.ts";
import {
  type MetricSink,
  SampleBatch,
  type SeriesRef,
  SinkRefusal,
} from "../../store/metric-sink.ts";

/** What is taken. */
export interface RemoteWriteSettings {
  /** Before and after decompression. Default 64 MiB. */
  readonly maxBodyBytes?: number;
  readonly limits?: Partial<RemoteWriteLimits>;
}

/** What the receiver stands on. */
export interface RemoteWriteParts {
  readonly sink: MetricSink;
  readonly metrics: IngestMetrics;
  readonly admission: Admission;
}

const RECEIVER = "remote-write";
/** In place of references: the series is refused; it has no room, but may come again; there are too many, for good. */
const REFUSED = -1;
const LEFT = -2;
const OVER = -3;
const V2 = "io.prometheus.write.v2.request";
const V1 = "prometheus.writerequest";

/** The receiver; mount `handle` at /api/v1/write. */
export class RemoteWriteReceiver {
  readonly #parts: RemoteWriteParts;
  readonly #maxBytes: number;
  readonly #limits: Partial<RemoteWriteLimits>;
  /** By version: the same bytes are other labels in the other one. */
  readonly #known: Readonly<Record<1 | 2, KnownSeries>> = {
    1: new KnownSeries(),
    2: new KnownSeries(),
  };
  #generation: number;

  constructor(settings: RemoteWriteSettings, parts: RemoteWriteParts) {
    this.#parts = parts;
    this.#maxBytes = settings.maxBodyBytes ?? 64 * 1024 * 1024;
    this.#limits = settings.limits ?? {};
    this.#generation = parts.sink.generation;
  }

  /** Answers one request. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (request.method !== "POST") {
        response.setHeader("Allow", "POST");
        throw new RequestRefusal("FLX_INGEST_METHOD", 405, "only POST is taken here");
      }
      const version = versionOf(request.headers["content-type"]);
      const encoding = request.headers["content-encoding"] ?? "snappy";
      const address = request.socket.remoteAddress ?? "";
      using admitted = this.#parts.admission.open(clientNetwork(address));
      const body = await readBody(request, this.#maxBytes, admitted);
      const plain = await unpack(body, encoding, this.#maxBytes, admitted);
      const { bytes } = this.#parts.metrics;
      bytes.inc({ receiver: RECEIVER, form: "wire" }, body.length);
      bytes.inc({ receiver: RECEIVER, form: "plain" }, plain.length);
      const read = version === 2 ? readWriteRequestV2 : readWriteRequest;
      const source = `remote-write ${request.socket.remoteAddress ?? "?"}`;
      await this.#write(read(plain, this.#limits), version, source, response);
    } catch (error) {
      this.#refuse(request, response, error);
    }
  }

  async #write(
    read: RemoteWriteBatch,
    version: 1 | 2,
    source: string,
    response: ServerResponse,
  ): Promise<void> {
    const { batch, rejected, over, left, reason, full } = this.#batchOf(read, version, source);
    const outcome =
      batch.samples === 0 && batch.metadata.length === 0
        ? { rejected: [] }
        : await this.#parts.sink.append(batch);
    const { metrics } = this.#parts;
    const refusedHistograms = outcome.rejected.filter(({ index }) => index >= batch.count).length;
    const refusedFloats = outcome.rejected.length - refusedHistograms;
    metrics.samples.inc({ receiver: RECEIVER }, batch.samples - outcome.rejected.length);
    if (rejected > 0) metrics.rejected.inc({ receiver: RECEIVER, reason: "invalid" }, rejected);
    if (left + over > 0) {
      metrics.rejected.inc({ receiver: RECEIVER, reason: "limit" }, left + over);
    }
    for (const { kind } of outcome.rejected)
      metrics.rejected.inc({ receiver: RECEIVER, reason: kind });
    if (version === 2) {
      response.setHeader("X-Prometheus-Remote-Write-Samples-Written", batch.count - refusedFloats);
      response.setHeader(
        "X-Prometheus-Remote-Write-Histograms-Written",
        batch.histograms.length - refusedHistograms,
      );
      response.setHeader("X-Prometheus-Remote-Write-Exemplars-Written", batch.exemplars.length);
    }
    // After the others are durable: repeated, they are what is there already.
    if (full !== undefined) throw full;
    const first = reason ?? outcome.rejected[0]?.reason;
    if (first === undefined) this.#answer(response, 204, "");
    else {
      const all = rejected + over + outcome.rejected.length;
      this.#answer(response, 400, `${all} refused: ${first}\n`);
    }
  }

  #batchOf(
    read: RemoteWriteBatch,
    version: 1 | 2,
    from: string,
  ): {
    batch: SampleBatch;
    rejected: number;
    over: number;
    left: number;
    reason?: string;
    full?: SinkRefusal;
  } {
    this.#forget();
    const known = this.#known[version];
    const batch = new SampleBatch(read.samples);
    const refs = new Float64Array(read.series);
    let reason: string | undefined;
    let full: SinkRefusal | undefined;
    for (let series = 0; series < read.series; series++) {
      try {
        refs[series] =
          known.find(read.labelSource, series) ?? this.#learn(known, read, series, from);
      } catch (error) {
        if (error instanceof SinkRefusal || !(error instanceof FlxError)) throw error;
        if (isWithoutRoom(error)) {
          refs[series] = LEFT;
          full ??= comeAgain(error);
        } else {
          refs[series] = isOverLimit(error) ? OVER : REFUSED;
          reason ??= error.message;
        }
      }
    }
    let rejected = 0;
    let over = 0;
    let left = 0;
    const { words, sampleSeries, timestampMs, startsMs } = read;
    for (let i = 0; i < read.samples; i++) {
      const series = sampleSeries[i]!;
      const ref = refs[series]!;
      if (ref === LEFT) left++;
      else if (ref === OVER) over++;
      else if (ref === REFUSED) rejected++;
      else {
        const startMs = startsMs === undefined ? 0 : startsMs[i]!;
        batch.addWords(ref, timestampMs[i]!, words[2 * i]!, words[2 * i + 1]!, startMs);
      }
    }
    for (const written of read.histograms) {
      const ref = refs[written.series]!;
      if (ref === LEFT || ref === OVER) {
        if (ref === LEFT) left++;
        else over++;
        continue;
      }
      if (ref === REFUSED || written.histogram instanceof FlxError) {
        rejected++;
        if (written.histogram instanceof FlxError) reason ??= written.histogram.message;
        continue;
      }
      const { histogram, timestampMs: at, startMs } = written;
      batch.histograms.push({ ref, timestampMs: at, startMs, histogram });
    }
    for (const { series, exemplar } of read.exemplars) {
      if (refs[series]! >= 0) batch.exemplars.push({ ref: refs[series]!, exemplar });
    }
    batch.metadata.push(...read.metadata.filter(({ name }) => name !== ""));
    return {
      batch,
      rejected,
      over,
      left,
      ...(reason !== undefined && { reason }),
      ...(full && { full }),
    };
  }

  #learn(known: KnownSeries, read: RemoteWriteBatch, series: number, from: string): SeriesRef {
    const source = read.labelSource;
    const ref = this.#parts.sink.ref(checked(source.labels(series)), from);
    known.add(source, series, ref);
    return ref;
  }

  /** References of another generation are worth nothing. */
  #forget(): void {
    const { generation } = this.#parts.sink;
    if (generation === this.#generation) return;
    this.#known[1].clear();
    this.#known[2].clear();
    this.#generation = generation;
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const told = refused(error);
    refusedHeaders(request, response, told);
    this.#answer(response, told.httpStatus, `${told.message}\n`);
  }

  #answer(response: ServerResponse, status: number, text: string): void {
    this.#parts.metrics.requests.inc({ receiver: RECEIVER, status: String(status) });
    if (text === "") {
      response.writeHead(status).end();
      return;
    }
    response.writeHead(status, {
      "Content-Type": "text/plain; charset=utf-8",
      "Content-Length": Buffer.byteLength(text),
    });
    endEarly(response, text);
  }
}

/** Prometheus wants a name, and takes names of any characters. */
function checked(labels: Labels): Labels {
  if (labels.metricName === undefined) {
    throw new FlxError("FLX_LABEL_NAME", `a series without a name: ${labels.toString()}`);
  }
  return labels;
}

function versionOf(contentType: string | undefined): 1 | 2 {
  const [type = "", ...parameters] = (contentType ?? "application/x-protobuf").split(";");
  if (type.trim().toLowerCase() === "application/x-protobuf") {
    const proto = parameters
      .map((parameter) => parameter.trim().toLowerCase())
      .find((parameter) => parameter.startsWith("proto="))
      ?.slice("proto=".length);
    if (proto === undefined || proto === V1) return 1;
    if (proto === V2) return 2;
  }
  const message = `the content type must be application/x-protobuf of ${V1} or ${V2}`;
  throw new RequestRefusal("FLX_INGEST_ENCODING", 415, message);
}
