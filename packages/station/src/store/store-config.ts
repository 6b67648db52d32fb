// The section `store`: where data is, and for how long.

import type { Bytes, DurationMs } from "@flx/model";
import { parseSelector } from "@flx/promql";
import { byteSize, duration, filePath, flag, plainText, wholeNumber } from "../config/scalars.ts";
import { checked, optional, type Shape, withDefault } from "../config/shape.ts";
import { list, section } from "../config/structures.ts";
import { type ArchiveConfig, archiveSection } from "./archive/archive-config.ts";
import { type RemoteEngineConfig, remoteEngineSection } from "./remote/remote-config.ts";
import type { RetentionPolicy } from "./windows/retention-policies.ts";

const DAY = 86_400_000;

/** What the section `store` holds. */
export interface StoreConfig {
  /** The data folder; undefined: ./.flx, or what the command line says. */
  readonly path: string | undefined;
  readonly retention: DurationMs;
  /** An engine elsewhere; undefined: metrics are kept here. */
  readonly metrics: RemoteEngineConfig | undefined;
  /** Of series that are kept for another time; the first one that matches. */
  readonly retention_policies: readonly RetentionPolicyConfig[];
  /** Bytes of closed windows, of metrics, spans and logs each; 0: no limit. */
  readonly retention_size: Bytes;
  /** Whether rollups of closed windows are made and read. */
  readonly rollups: boolean;
  /** Where backups are written; undefined: `backups` in the data folder. */
  readonly backups: string | undefined;
  /** Where closed windows are copied to; undefined: nowhere. */
  readonly archive: ArchiveConfig | undefined;
}

const MIN_RETENTION = 2 * 3_600_000;

/** How long some series are kept. */
export interface RetentionPolicyConfig {
  /** A selector in PromQL. */
  readonly selector: string;
  /** 0: for good. */
  readonly retention: DurationMs;
}

const retentionPolicy: Shape<RetentionPolicyConfig> = section({
  selector: checked(plainText({ expands: false, minLength: 1 }), (text) => {
    try {
      parseSelector(text);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }),
  retention: checked(duration(), (ms) =>
    ms === 0 || ms >= MIN_RETENTION ? undefined : "is less than a window, 2h; 0 is for good",
  ),
});

/** The policies of a configuration. */
export function retentionPolicies(config: StoreConfig): readonly RetentionPolicy[] {
  return config.retention_policies.map(({ selector, retention }) => ({
    matchers: parseSelector(selector),
    retentionMs: retention,
  }));
}

/** The section `store`. */
export const storeSection: Shape<StoreConfig> = section({
  path: optional(filePath()),
  retention: withDefault(duration({ minMs: MIN_RETENTION }), (15 * DAY) as DurationMs, "15d"),
  metrics: remoteEngineSection,
  retention_policies: list(retentionPolicy, { max: 100 }),
  retention_size: withDefault(byteSize(), 0 as Bytes, "0"),
  rollups: withDefault(flag(), true),
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
