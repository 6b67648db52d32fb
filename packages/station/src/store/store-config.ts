// The section `store`: where data is, and for how long.

import type { DurationMs } from "@flx/model";
import { duration, filePath } from "../config/scalars.ts";
import { optional, type Shape, withDefault } from "../config/shape.ts";
import { section } from "../config/structures.ts";

const DAY = 86_400_000;

/** What the section `store` holds. */
export interface StoreConfig {
  /** The data folder; undefined: ./.flx, or what the command line says. */
  readonly path: string | undefined;
  readonly retention: DurationMs;
}

/** The section `store`. */
export const storeSection: Shape<StoreConfig> = section({
  path: optional(filePath()),
  retention: withDefault(duration({ minMs: 2 * 3_600_000 }), (15 * DAY) as DurationMs, "15d"),
});
