// The section `limits`: how much is taken at once, and from one sender.

import type { Bytes } from "@flx/model";
import { byteSize, wholeNumber } from "../config/scalars.ts";
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
}

/** The section `limits`. */
export const limitsSection: Shape<LimitsConfig> = section({
  body_size: withDefault(byteSize({ min: 1024 }), (64 * MIB) as Bytes, "64MB"),
  in_flight: withDefault(byteSize({ min: 1024 }), (256 * MIB) as Bytes, "256MB"),
  labels_per_series: withDefault(wholeNumber({ min: 1, max: 10_000 }), 128),
  series: withDefault(wholeNumber({ min: 1 }), 2_000_000),
  series_per_source: withDefault(wholeNumber({ min: 1 }), 200_000),
  connections: withDefault(wholeNumber({ min: 1 }), 1_000),
});
