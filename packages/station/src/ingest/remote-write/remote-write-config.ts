// The section `remote_write`, in Prometheus' words: where samples are sent on to, beside the store.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#remote_write

import type { DurationMs } from "@flx/model";
import {
  httpClientFields,
  httpClientRules,
  type HttpClientSettings,
  httpClientSettings,
  httpClientUnsupported,
} from "../../config/http-client.ts";
import { duration, flag, plainText, url } from "../../config/scalars.ts";
import { Secret } from "../../config/secret.ts";
import { checked, mapped, optional, type Shape, withDefault } from "../../config/shape.ts";
import { list, mapOfValues, section } from "../../config/structures.ts";
import { type QueueConfig, queueConfig } from "../../store/remote/remote-config.ts";
import { WRITE_V2, type WriteMessage, writeMessage } from "../../store/remote/write-message.ts";
import type { RelabelRule } from "../relabel.ts";
import { relabelRules } from "../relabel-config.ts";

/** One place that samples are sent on to. */
export interface RemoteWriteConfig {
  /** Of its metrics and its queue; the host and path of the URL when none is given. */
  readonly name: string;
  readonly url: string;
  readonly remoteTimeoutMs: DurationMs;
  readonly message: WriteMessage;
  readonly relabelRules: readonly RelabelRule[];
  readonly sendsExemplars: boolean;
  readonly sendsNativeHistograms: boolean;
  /** 1.0: 2.0 says it with the series. */
  readonly sendsMetadata: boolean;
  readonly http: HttpClientSettings;
  readonly queue: QueueConfig;
}

const OF_CLOUDS = "sign requests with a proxy, or give a token with authorization";
const RESERVED: ReadonlySet<string> = new Set([
  "authorization",
  "host",
  "content-encoding",
  "content-length",
  "content-type",
  "x-prometheus-remote-write-version",
  "user-agent",
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "www-authenticate",
  "accept-encoding",
]);

const reserved = (name: string): string | undefined =>
  RESERVED.has(name.toLowerCase()) ? "this header is the sender's own" : undefined;

const one: Shape<RemoteWriteConfig> = mapped(
  section(
    {
      url: url(),
      name: optional(plainText({ minLength: 1, maxLength: 100 })),
      remote_timeout: withDefault(duration({ minMs: 1 }), 30_000 as DurationMs, "30s"),
      headers: mapOfValues(plainText(), { key: reserved }),
      write_relabel_configs: relabelRules,
      protobuf_message: writeMessage,
      send_exemplars: withDefault(flag(), false),
      send_native_histograms: withDefault(flag(), false),
      metadata_config: section(
        { send: withDefault(flag(), true) },
        {
          ignored: {
            send_interval: "what is said of a family is sent when it is new",
            max_samples_per_send: "it is sent with the samples",
          },
        },
      ),
      queue_config: queueConfig,
      ...httpClientFields,
    },
    {
      rules: httpClientRules,
      unsupported: {
        ...httpClientUnsupported,
        sigv4: OF_CLOUDS,
        azuread: OF_CLOUDS,
        google_iam: OF_CLOUDS,
      },
      ignored: { round_robin_dns: "a name is looked up for each new connection" },
    },
  ),
  (given) => {
    const http = httpClientSettings(given);
    const headers = new Map(http.headers);
    for (const [name, value] of given.headers) headers.set(name, [Secret.of(value)]);
    const message = given.protobuf_message;
    return {
      name: given.name ?? `${given.url.host}${given.url.pathname}`,
      url: given.url.href,
      remoteTimeoutMs: given.remote_timeout,
      relabelRules: given.write_relabel_configs,
      sendsExemplars: given.send_exemplars,
      message,
      // 2.0 always has them, as in Prometheus.
      sendsNativeHistograms: message === WRITE_V2 || given.send_native_histograms,
      sendsMetadata: given.metadata_config.send,
      http: { ...http, headers },
      queue: given.queue_config,
    };
  },
);

/** `remote_write`. */
export const remoteWriteSection: Shape<readonly RemoteWriteConfig[]> = checked(
  list(one, { max: 100 }),
  (all) => {
    const names = all.map(({ name }) => name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    return twice === undefined ? undefined : `two are named ${twice}: give each a name of its own`;
  },
);
