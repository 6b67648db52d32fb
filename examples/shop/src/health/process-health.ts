// The health of a process of the shop: what all of them watch, and where it is shown.
//
//   system_resources   (startMonitoring) CPU, memory, disks, event loop, against the limits of FLX_MAX_* variables
//   data_disk          the disk of the databases
//   heap               what V8 lets the heap grow to; orders has 256 MB of it
//   ...                what a process needs beside that: its main.ts registers it
//
// Shown on the admin port (/livez, /readyz, /startupz, /healthz), in /metrics, over gRPC by those that serve gRPC, and
// told to the supervisor, which `shop status` asks.

import { HealthChecker } from "@flx/monitoring/health";
import { disk, heap } from "@flx/monitoring/health/plugins";
import type { Settings } from "../settings.ts";

/** How the shop looks at what is near: often, and without patience. */
export const nearby = { intervalMs: 1000, timeoutMs: 900 } as const;

/** A checker with what every process watches; it is not started. */
export function processHealth({ dataFolder }: Settings): HealthChecker {
  const health = new HealthChecker();
  health.register("data_disk", disk({ path: dataFolder }));
  health.register("heap", heap({ degradedPercent: 60 }), { intervalMs: 2000 });
  return health;
}
