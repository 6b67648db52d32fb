// What the station's thread and the thread of records say to each other.

import type { ArchivedFile } from "./record-files.ts";
import type { KeeperOptions, RecordSignal } from "./record-keeper.ts";

/** What the thread is started with. */
export interface ThreadStart {
  readonly options: KeeperOptions;
  /** What is in the archive; undefined: there is none. */
  readonly archived: Readonly<Record<RecordSignal, readonly ArchivedFile[]>> | undefined;
}

/** To the thread of records. */
export type ToRecords =
  | {
      readonly kind: "append";
      readonly signal: RecordSignal;
      readonly position: number;
      readonly bytes: Uint8Array;
      readonly records: number;
    }
  | {
      readonly kind: "ask";
      readonly id: number;
      readonly name: string;
      readonly question: unknown;
    }
  | {
      readonly kind: "do";
      readonly id: number;
      readonly what: "flush" | "closeWindow" | "statistics";
      readonly signal: RecordSignal;
    }
  | {
      readonly kind: "freeze";
      readonly id: number;
      readonly signal: RecordSignal;
      readonly folder: string;
    }
  | { readonly kind: "lastLogPosition"; readonly id: number }
  | {
      readonly kind: "archived";
      readonly signal: RecordSignal;
      readonly windows: readonly ArchivedFile[];
    }
  | {
      readonly kind: "brought";
      readonly id: number;
      /** Where it can be read, or why it cannot. */
      readonly path?: string | undefined;
      readonly code?: string | undefined;
      readonly message?: string | undefined;
    }
  | { readonly kind: "close"; readonly id: number }
  | { readonly kind: "cancel"; readonly id: number };

/** From the thread of records. */
export type FromRecords =
  | { readonly kind: "ready"; readonly positions: Readonly<Record<RecordSignal, number>> }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "durable"; readonly signal: RecordSignal; readonly position: number }
  | { readonly kind: "faults"; readonly faults: Readonly<Record<RecordSignal, string>> }
  | {
      readonly kind: "bring";
      readonly id: number;
      readonly signal: RecordSignal;
      readonly name: string;
    }
  | { readonly kind: "distrust"; readonly signal: RecordSignal; readonly name: string }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | {
      readonly kind: "refusal";
      readonly id: number;
      readonly code: string;
      readonly message: string;
    };
