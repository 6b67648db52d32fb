// What the worker is started with.

import type { ExportSettings } from "../export-settings.ts";
import type { RingMemory } from "../shared-ring.ts";

/** The worker's `workerData`. */
export interface WorkerStart {
  readonly memory: RingMemory;
  readonly counters: SharedArrayBuffer;
  readonly settings: ExportSettings;
  /** Scopes that were defined before this worker started: JSON of name, version, schemaUrl, attributes; and number. */
  readonly scopes: readonly (readonly [string, number])[];
}
