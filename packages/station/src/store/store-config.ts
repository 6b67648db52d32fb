// The section `store`: where data is, and for how long.

import type { DurationMs } from "@flx/model";
import { duration, filePath, wholeNumber } from "../config/scalars.ts";
import { optional, type Shape, withDefault } from "../config/shape.ts";
import { section } from "../config/structures.ts";
import { type ArchiveConfig, archiveSection } from "./archive/archive-config.ts";
import { type RemoteEngineConfig, remoteEngineSection } from "./remote/remote-config.ts";

const DAY = 86_400_000;

/** What the section `store` holds. */
export interface StoreConfig {
  /** The data folder; undefined: ./.flx, or what the command line says. */
  readonly path: string | undefined;
  readonly retention: DurationMs;
  /** An engine elsewhere; undefined: metrics are kept here. */
  readonly metrics: RemoteEngineConfig | undefined;
  /** Where backups are written; undefined: `backups` in the data folder. */
  readonly backups: string | undefined;
  /** Where closed windows are copied to; undefined: nowhere. */
  readonly archive: ArchiveConfig | undefined;
}

/** The section `store`. */
export const storeSection: Shape<StoreConfig> = section({
  path: optional(filePath()),
  retention: withDefault(duration({ minMs: 2 * 3_600_000 }), (15 * DAY) as DurationMs, "15d"),
  metrics: remoteEngineSection,
  backups: optional(filePath()),
  archive: optional(archiveSection),
});

const HOUR = 3_600_000;

/** What the section `storage` holds: Prometheus' own. */
export interface StorageConfig {
  readonly tsdb: {
    /** How much older than the newest sample of the head one may be. */
    readonly out_of_order_time_window: DurationMs;
  };
  readonly exemplars: { readonly max_exemplars: number };
}

/** The section `storage`, in Prometheus' words. */
export const storageSection: Shape<StorageConfig> = section({
  tsdb: section(
    { out_of_order_time_window: withDefault(duration(), HOUR as DurationMs, "1h") },
    {
      ignored: {
        retention: "store.retention is how long samples are kept",
        stale_series_compaction_threshold: "windows are closed by time",
      },
    },
  ),
  exemplars: section({
    max_exemplars: withDefault(wholeNumber({ max: 100_000_000 }), 100_000),
  }),
});
