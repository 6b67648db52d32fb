// What a query cost, as Prometheus' API tells it with `stats=all`.

import type { QueryStatistics } from "@flx/promql";

/**
 * The object `stats`.
 *
 * @param asked what the parameter says; "all" gives the nodes of the plan, too
 */
export function statisticsJson(statistics: QueryStatistics, asked: string): string {
  const { selectMs, evaluateMs, samplesRead, peakSamples, peakBytes, nodes } = statistics;
  const seconds = (ms: number): number => ms / 1_000;
  return JSON.stringify({
    timings: {
      evalTotalTime: seconds(selectMs + evaluateMs),
      resultSortTime: 0,
      queryPreparationTime: seconds(selectMs),
      innerEvalTime: seconds(evaluateMs),
      execQueueTime: 0,
      execTotalTime: seconds(selectMs + evaluateMs),
    },
    samples: { totalQueryableSamples: samplesRead, peakSamples, peakBytes },
    ...(asked === "all" && { nodes }),
  });
}
