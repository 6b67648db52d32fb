// What a test script needs of an engine: two kinds of queries, and their results as plain values.

import type { Labels } from "@flx/model";
import type { FloatHistogram } from "../histogram/float-histogram.ts";
import type { Queryable } from "../series/queryable.ts";

/** A sample: a histogram, else a float. */
export interface ScriptSample {
  readonly value: number;
  readonly histogram: FloatHistogram | undefined;
}

/** A sample with its time, Unix milliseconds. */
export interface ScriptPoint extends ScriptSample {
  readonly timestampMs: number;
}

/** What a query gave. */
export type ScriptValue =
  | { readonly kind: "scalar"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | {
      readonly kind: "vector";
      readonly samples: readonly (ScriptSample & { readonly labels: Labels })[];
    }
  | {
      readonly kind: "matrix";
      readonly series: readonly {
        readonly labels: Labels;
        readonly points: readonly ScriptPoint[];
      }[];
    };

/** What a query gave, and said. */
export interface ScriptAnswer {
  readonly value: ScriptValue;
  /** As Prometheus' API renders them, with the place in the query. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

/** An engine to test. It throws when a query fails; the error's message is what `expect fail` compares. */
export interface ScriptEngine {
  instant(queryable: Queryable, query: string, timeMs: number): Promise<ScriptAnswer>;
  range(
    queryable: Queryable,
    query: string,
    startMs: number,
    endMs: number,
    stepMs: number,
  ): Promise<ScriptAnswer>;
}
