// Where batches wait while they cannot be sent: one file a batch, in the order they came.
//
// The delivery knows nothing else of the disk.

import type { Batch } from "./batcher.ts";

/** A batch on disk. */
export interface SpooledBatch {
  readonly name: string;
  readonly records: number;
  readonly bytes: number;
}

/** Batches on disk, oldest first. */
export interface Spool {
  /** How many records are on disk. */
  readonly records: number;
  /** Keeps a batch; undefined when the disk refuses, and then nothing is kept. Older ones may have to go. */
  add(batch: Batch): SpooledBatch | undefined;
  /** The oldest, without its bytes. */
  oldest(): SpooledBatch | undefined;
  /** The bytes; undefined when the file is damaged or gone (it is then forgotten, and its records counted as expired). */
  read(entry: SpooledBatch): Batch | undefined;
  remove(entry: SpooledBatch): void;
}
