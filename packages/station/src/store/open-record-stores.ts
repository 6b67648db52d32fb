// Spans, log records and error groups of a station, opened together: one folder, one thread, one retention.
//
//   FOLDER/spans  spans-log  logs  logs-log  errors

import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Archive } from "./archive/archive.ts";
import { EmbeddedErrorStore } from "./errors/embedded-error-store.ts";
import type { ErrorStore } from "./errors/error-store.ts";
import { EmbeddedLogStore } from "./logs/embedded-log-store.ts";
import type { LogStore } from "./logs/log-store.ts";
import type { StoreCondition } from "./metric-store.ts";
import { EmbeddedRecords } from "./records/embedded-records.ts";
import type { RecordSignal } from "./records/record-keeper.ts";
import { EmbeddedSpanStore } from "./spans/embedded-span-store.ts";
import type { SpanStore } from "./spans/span-store.ts";
import { WINDOW_MS } from "./windows/window-store.ts";

/** How they are opened. */
export interface RecordStoreSettings {
  /** A folder of their own. */
  readonly path: string;
  /** Windows are dropped so long after they were written, ms. */
  readonly retentionMs: number;
  /** Bytes of closed windows of each signal; 0 for no limit. Default 0. */
  readonly maxBytes?: number;
  /** Where closed windows are copied to, and read back from. */
  readonly archive?: Archive | undefined;
  /** What the database may have of memory. */
  readonly memoryBytes: number;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Told of damage, and of a thread that died. */
  readonly onFault: (fault: string) => void;
}

/** Open stores. Disposing makes everything durable in the files, and closes them. */
export interface RecordStores extends AsyncDisposable {
  readonly spans: SpanStore;
  readonly logs: LogStore;
  readonly errors: ErrorStore;
  readonly condition: StoreCondition;
  /**
   * Takes an OTLP request in protobuf that was checked; resolves when it is durable.
   *
   * @param records how many spans or log records are in it
   * @throws {SinkRefusal} when too much waits, or the disk cannot be written
   */
  append(signal: RecordSignal, request: Uint8Array, records: number): Promise<void>;
  /** Gives everything that was acknowledged before a second name in a folder. */
  freeze(folder: string): Promise<void>;
}

/** A window is closed early when it has so many: some 100 MB of Parquet, and a few seconds to write. */
const MAX_WINDOW_RECORDS = 4_000_000;

/**
 * Opens them: everything that was acknowledged is there.
 *
 * @throws {FlxError} `FLX_STORE_DISK` when the folder cannot be read or written; `FLX_STORE_FAILED`
 */
export async function openRecordStores(settings: RecordStoreSettings): Promise<RecordStores> {
  const { path, retentionMs, maxBytes = 0, memoryBytes, now, onFault, archive } = settings;
  const keep = { windowMs: WINDOW_MS, maxWindowRecords: MAX_WINDOW_RECORDS, retentionMs, maxBytes };
  const records = await EmbeddedRecords.open({
    folder: path,
    keep: { spans: keep, logs: keep },
    memoryBytes,
    threads: Math.min(4, availableParallelism()),
    archive,
    onFault,
  });
  try {
    const errors = await EmbeddedErrorStore.open({ folder: join(path, "errors"), now, onFault });
    return {
      spans: new EmbeddedSpanStore(records),
      logs: new EmbeddedLogStore(records),
      errors,
      get condition() {
        return records.condition;
      },
      append: (signal, request, count) => records.append(signal, request, count),
      freeze: async (folder) => {
        await errors.freeze(join(folder, "errors"));
        await records.freeze(folder);
      },
      [Symbol.asyncDispose]: async () => {
        await errors.close();
        await records.close();
      },
    };
  } catch (error) {
    await records.close();
    throw error;
  }
}
