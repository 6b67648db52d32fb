// What the export worker is told when it starts: where to, how, and within which bounds.
//
// Plain data: it is cloned into the worker.

import type { Signal } from "./signal.ts";

/** How bytes travel. */
export type OtlpProtocol = "http/protobuf" | "http/json" | "grpc";

/** Where one signal goes. */
export interface OtlpEndpoint {
  /** The whole address: `http://localhost:4318/v1/traces`, `http://localhost:4317` for gRPC. */
  readonly url: string;
  readonly protocol: OtlpProtocol;
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: "none" | "gzip" | "zstd";
  /** How long one request may take. */
  readonly timeoutMs: number;
  readonly tls?: OtlpTls | undefined;
}

/** Files in PEM form. */
export interface OtlpTls {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** When requests are made and how large they get. */
export interface BatchSettings {
  /** How long records are collected before they are sent. */
  readonly delayMs: number;
  /** Records of one request. */
  readonly maxRecords: number;
  /** Bytes of one request before compression. */
  readonly maxBytes: number;
  /** Bytes that wait in memory for a receiver; what is over goes to the spool, or is lost and counted. */
  readonly maxQueuedBytes: number;
}

/** Where records wait on disk while the receiver is down. */
export interface SpoolSettings {
  readonly folder: string;
  /** Bytes; the oldest go first. */
  readonly maxBytes: number;
  /** Records that are older are thrown away when the receiver is back. */
  readonly maxAgeMs: number;
}

/** All of it. */
export interface ExportSettings {
  readonly endpoints: Readonly<Partial<Record<Signal, OtlpEndpoint>>>;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly resourceSchemaUrl: string;
  readonly batch: BatchSettings;
  readonly spool: SpoolSettings | undefined;
  /** Bytes of the ring, a power of two. */
  readonly ringBytes: number;
  /** How long the end of the process may be held up. */
  readonly exitTimeoutMs: number;
}

/** Batches that are small enough for every receiver, and less than half a second of data in memory. */
export const DEFAULT_BATCH: BatchSettings = {
  delayMs: 250,
  maxRecords: 4096,
  maxBytes: 2 * 1024 * 1024,
  maxQueuedBytes: 8 * 1024 * 1024,
};

export const DEFAULT_RING_BYTES: number = 8 * 1024 * 1024;
export const DEFAULT_EXIT_TIMEOUT_MS = 1500;
