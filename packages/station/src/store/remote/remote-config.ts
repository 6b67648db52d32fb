// `store.metrics`: an engine elsewhere instead of the embedded store; and `queue_config`, which `remote_write` has too.
//
//   store:
//     metrics:
//       url: http://victoria-metrics:8428      its Prometheus API is below it; samples go to url/api/v1/write
//       write_url: ...                         when they go elsewhere (Mimir, a cluster)
//       protobuf_message: ...                  prometheus.WriteRequest (1.0) or io.prometheus.write.v2.Request (2.0)
//       basic_auth, authorization, tls_config, http_headers      Prometheus' own words
//
// Source of queue_config: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#remote_write

import { type Bytes, type DurationMs, GIB, MIB } from "@flx/model";
import {
  httpClientFields,
  httpClientRules,
  type HttpClientSettings,
  httpClientSettings,
  httpClientUnsupported,
} from "../../config/http-client.ts";
import { byteSize, duration, url, wholeNumber } from "../../config/scalars.ts";
import { mapped, optional, type Shape, withDefault } from "../../config/shape.ts";
import { section } from "../../config/structures.ts";
import { type WriteMessage, writeMessage } from "./write-message.ts";

/** How samples wait and are sent. */
export interface QueueConfig {
  /** On disk. */
  readonly max_size: Bytes;
  readonly max_samples_per_send: number;
  readonly min_backoff: DurationMs;
  readonly max_backoff: DurationMs;
}

const ONE_AFTER_THE_OTHER =
  "one request is sent after the other, larger when the other end is slow";

/** `queue_config`. */
export const queueConfig: Shape<QueueConfig> = section(
  {
    max_size: withDefault(byteSize({ min: 16 * MIB }), (4 * GIB) as Bytes, "4GB"),
    max_samples_per_send: withDefault(wholeNumber({ min: 1, max: 1_000_000 }), 10_000),
    min_backoff: withDefault(duration({ minMs: 1 }), 30 as DurationMs, "30ms"),
    max_backoff: withDefault(duration({ minMs: 1 }), 5_000 as DurationMs, "5s"),
  },
  {
    ignored: {
      capacity: "the queue is on disk: max_size is its limit",
      max_shards: ONE_AFTER_THE_OTHER,
      min_shards: ONE_AFTER_THE_OTHER,
      batch_send_deadline: "samples are sent as soon as they are there",
      retry_on_http_429: "what is answered with 429 is always sent again",
      sample_age_limit: "what waits is sent, however old",
    },
    *rules({ min_backoff: min, max_backoff: max }) {
      if (min > max) yield ["min_backoff", "must not be longer than max_backoff"];
    },
  },
);

/** `store.metrics`, read. */
export interface RemoteEngineConfig {
  /** Before `/api/v1`. */
  readonly url: string;
  readonly writeUrl: string | undefined;
  readonly message: WriteMessage;
  /** Of one request that writes. */
  readonly remoteTimeoutMs: DurationMs;
  /** The largest answer to a question. */
  readonly maxResponseBytes: Bytes;
  readonly http: HttpClientSettings;
  readonly queue: QueueConfig;
}

/** `store.metrics`; undefined: the embedded store. */
export const remoteEngineSection: Shape<RemoteEngineConfig | undefined> = optional(
  mapped(
    section(
      {
        url: url(),
        write_url: optional(url()),
        protobuf_message: writeMessage,
        remote_timeout: withDefault(duration({ minMs: 1 }), 30_000 as DurationMs, "30s"),
        max_response: withDefault(
          byteSize({ min: MIB, max: 512 * MIB }),
          (64 * MIB) as Bytes,
          "64MB",
        ),
        queue_config: queueConfig,
        ...httpClientFields,
      },
      { rules: httpClientRules, unsupported: httpClientUnsupported },
    ),
    (given) => ({
      url: given.url.href,
      writeUrl: given.write_url?.href,
      message: given.protobuf_message,
      remoteTimeoutMs: given.remote_timeout,
      maxResponseBytes: given.max_response,
      http: httpClientSettings(given),
      queue: given.queue_config,
    }),
  ),
);
