// Who evaluates queries: our own engine over the store, or an engine elsewhere.

import type { InstantOptions, PreparedQuery, QueryResult, RangeOptions } from "@flx/promql";

/** Evaluates PromQL. `PromqlEngine` is one. */
export interface QueryEngine {
  /**
   * Parses and checks a query.
   *
   * @throws {PromqlParseError} when it is not PromQL
   */
  prepare(query: string): PreparedQuery;
  instant(query: PreparedQuery, options: InstantOptions): Promise<QueryResult>;
  range(query: PreparedQuery, options: RangeOptions): Promise<QueryResult>;
}
