// Exposes what the sampler knows of machine, container, process and runtime as metric families.
//
//   collectSystemMetrics({ registry })
//   ├── the sampler     given, or one that all in this process share
//   └── the families    of families.ts; asked for again in the same registry under the same prefix: the same ones
//
// An exposition takes the latest snapshot and measures nothing, so it never waits for a disk or a file. What a snapshot does
// not know has no series. Percentages over time come with the second sample, 5 s after the start.
//
// Of several handles the newest one's sampler is asked; the last handle that is closed takes the families away.

import type { DurationMs } from "@flx/model/write";
import { defaultRegistry } from "../metrics/default-registry.ts";
import type { Registry } from "../metrics/registry.ts";
import { Exposure, type SnapshotSource } from "./exposure.ts";
import { shareSampler } from "./shared-sampler.ts";

/** What is collected, and where it is exposed. */
export interface SystemMetricsOptions {
  /** Default: the registry of the process. */
  readonly registry?: Registry;
  /** A SystemSampler, which stays open afterwards. Default: one shared by all that bring none. */
  readonly sampler?: SnapshotSource;
  /** How often the shared sampler samples. Default 5,000 ms; a given sampler has its own interval. */
  readonly intervalMs?: DurationMs;
  /** What all names begin with. Default "flx_". */
  readonly prefix?: string;
}

/** System metrics being collected; closing ends it. */
export interface SystemMetrics extends Disposable {
  /** Stops observers and timers and takes the families out of the registry, unless others collect them too. */
  close(): void;
}

const exposures = new WeakMap<Registry, Map<string, Exposure>>();

/**
 * Exposes machine, container, process and runtime; docs/reference/system-metrics.md lists the families.
 *
 *     using metrics = collectSystemMetrics({ registry });
 *     await registry.metrics();
 *
 * @throws {FlxError} `FLX_METRIC_CLASH` when a name belongs to another metric; then nothing is registered
 */
export function collectSystemMetrics(options: SystemMetricsOptions = {}): SystemMetrics {
  const { registry = defaultRegistry, prefix = "flx_", intervalMs } = options;
  const shared = options.sampler === undefined ? shareSampler(intervalMs) : undefined;
  // A source of its own for each handle, so that each gives back what is its.
  const sampler = options.sampler ?? shared!.sampler;
  const source: SnapshotSource = { snapshot: () => sampler.snapshot() };
  let exposure: Exposure;
  try {
    exposure = expose(registry, prefix, source);
  } catch (error) {
    shared?.[Symbol.dispose]();
    throw error;
  }
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    if (exposure.remove(source) === 0) conceal(registry, prefix, exposure);
    shared?.[Symbol.dispose]();
  };
  return { close, [Symbol.dispose]: close };
}

function expose(registry: Registry, prefix: string, source: SnapshotSource): Exposure {
  const byPrefix = exposures.get(registry) ?? new Map<string, Exposure>();
  exposures.set(registry, byPrefix);
  const existing = byPrefix.get(prefix);
  if (existing?.isRegistered === true) {
    existing.add(source);
    return existing;
  }
  const exposure = new Exposure(registry, prefix, source);
  byPrefix.set(prefix, exposure);
  return exposure;
}

function conceal(registry: Registry, prefix: string, exposure: Exposure): void {
  exposure[Symbol.dispose]();
  const byPrefix = exposures.get(registry);
  if (byPrefix?.get(prefix) === exposure) byPrefix.delete(prefix);
}
