// Queries evaluated by an engine elsewhere, whole: it has the samples, the station passes the text on and reads the result.
//
// The text is parsed here first: what is no PromQL is refused with its place, the same for every engine. Limits of
// samples are the engine's; the size of its answer is ours. What a query cost there is not known here.

import { parseExpr, type PreparedQuery, type QueryResult, type QueryStatistics } from "@flx/promql";
import type { InstantOptions, QueryOptions, RangeOptions } from "@flx/promql";
import type { ApiParameters, PrometheusClient } from "../store/remote/prometheus-client.ts";
import { secondsText } from "../store/remote/remote-store.ts";
import { readQueryValue } from "../store/remote/result-values.ts";
import type { QueryEngine } from "./query-engine.ts";

const UNKNOWN_COST: QueryStatistics = {
  samplesRead: 0,
  peakSamples: 0,
  peakBytes: 0,
  selectMs: 0,
  evaluateMs: 0,
  nodes: [],
};

/** Has queries evaluated elsewhere. */
export class RemoteEngine implements QueryEngine {
  readonly #client: PrometheusClient;

  constructor(client: PrometheusClient) {
    this.#client = client;
  }

  prepare(query: string): PreparedQuery {
    return { text: query, expr: parseExpr(query) };
  }

  /** @throws {FlxError} as `PrometheusClient.ask` does */
  instant({ text }: PreparedQuery, options: InstantOptions): Promise<QueryResult> {
    return this.#ask("query", { query: text, time: secondsText(options.timeMs) }, options);
  }

  /** @throws {FlxError} as `PrometheusClient.ask` does */
  range({ text }: PreparedQuery, options: RangeOptions): Promise<QueryResult> {
    const { startMs, endMs, stepMs } = options;
    const times = {
      start: secondsText(startMs),
      end: secondsText(endMs),
      step: `${stepMs / 1_000}`,
    };
    return this.#ask("query_range", { query: text, ...times }, options);
  }

  async #ask(
    path: string,
    parameters: ApiParameters,
    { limits, lookbackMs, signal }: QueryOptions,
  ): Promise<QueryResult> {
    const timeoutMs = limits?.timeoutMs;
    const { data, warnings, infos } = await this.#client.ask(
      path,
      {
        ...parameters,
        ...(timeoutMs !== undefined && { timeout: `${timeoutMs / 1_000}` }),
        ...(lookbackMs !== undefined && { lookback_delta: `${lookbackMs / 1_000}` }),
      },
      { timeoutMs, signal },
    );
    return {
      value: readQueryValue(data),
      annotations: [],
      warnings,
      infos,
      statistics: UNKNOWN_COST,
    };
  }
}
