// The section `limits`: how much is taken at once, and from one sender.

import type { Bytes, DurationMs } from "@flx/model";
import { byteSize, duration, wholeNumber } from "../config/scalars.ts";
import { type Shape, withDefault } from "../config/shape.ts";
import { section } from "../config/structures.ts";

const MIB = 1024 * 1024;

/** What the section `limits` holds. */
export interface LimitsConfig {
  /** One request, before and after decompression. */
  readonly body_size: Bytes;
  /** Bytes of requests under way, over all receivers. */
  readonly in_flight: Bytes;
  readonly labels_per_series: number;
  /** Series in the head, in all and from one sender. */
  readonly series: number;
  readonly series_per_source: number;
  /** Of each listener. */
  readonly connections: number;
  /** Of each listener, from one address. */
  readonly connections_per_address: number;
  /** Of one client, over all listeners. */
  readonly requests_per_second: number;
  /** Until the headers of a request are there. */
  readonly header_timeout: DurationMs;
  /** Until its body is there. */
  readonly body_timeout: DurationMs;
  /** How long a connection may be open on which nothing moves. */
  readonly idle_timeout: DurationMs;
}

/** The section `limits`. */
export const limitsSection: Shape<LimitsConfig> = section({
  body_size: withDefault(byteSize({ min: 1024 }), (64 * MIB) as Bytes, "64MB"),
  in_flight: withDefault(byteSize({ min: 1024 }), (256 * MIB) as Bytes, "256MB"),
  labels_per_series: withDefault(wholeNumber({ min: 1, max: 10_000 }), 128),
  series: withDefault(wholeNumber({ min: 1 }), 2_000_000),
  series_per_source: withDefault(wholeNumber({ min: 1 }), 200_000),
  connections: withDefault(wholeNumber({ min: 1 }), 1_000),
  connections_per_address: withDefault(wholeNumber({ min: 1 }), 500),
  requests_per_second: withDefault(wholeNumber({ min: 1, max: 1_000_000 }), 10_000),
  header_timeout: withDefault(
    duration({ minMs: 1_000, maxMs: 86_400_000 }),
    10_000 as DurationMs,
    "10s",
  ),
  body_timeout: withDefault(
    duration({ minMs: 1_000, maxMs: 86_400_000 }),
    60_000 as DurationMs,
    "1m",
  ),
  idle_timeout: withDefault(
    duration({ minMs: 1_000, maxMs: 86_400_000 }),
    120_000 as DurationMs,
    "2m",
  ),
});
