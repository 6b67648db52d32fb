// What the station's thread and the thread of records say to each other.

import type { KeeperOptions, RecordSignal } from "./record-keeper.ts";

/** What the thread is started with. */
export interface ThreadStart {
  readonly options: KeeperOptions;
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
  | { readonly kind: "close"; readonly id: number }
  | { readonly kind: "cancel"; readonly id: number };

/** From the thread of records. */
export type FromRecords =
  | { readonly kind: "ready"; readonly positions: Readonly<Record<RecordSignal, number>> }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "durable"; readonly signal: RecordSignal; readonly position: number }
  | { readonly kind: "faults"; readonly faults: Readonly<Record<RecordSignal, string>> }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | {
      readonly kind: "refusal";
      readonly id: number;
      readonly code: string;
      readonly message: string;
    };
