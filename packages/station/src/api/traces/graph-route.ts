// The service graph: GET /api/v1/services/graph, with start and end. Described in openapi/station.openapi.json.

import { type GraphSource, readGraph } from "../../traces/read-graph.ts";
import type { Route } from "../http/route.ts";
import { asQuery, success } from "../prometheus/envelope.ts";
import { asked, rangeParameters } from "../records/parameters.ts";

/** The route of the service graph. */
export function graphRoute(source: GraphSource, now: () => number): Route {
  return {
    method: "GET",
    path: "/api/v1/services/graph",
    role: "read",
    answer: async (request) => {
      const { startMs, endMs } = rangeParameters(request, now());
      const range = { startMs, endMs: Math.max(startMs, Math.min(endMs, now())) };
      const { nodes, edges, isCut } = await asQuery("start", () =>
        asked(() => readGraph(source, range, request.signal)),
      );
      const warnings = isCut ? ["results truncated due to limit"] : [];
      return success({ nodes, edges }, { warnings });
    },
  };
}
