// Elasticsearch and OpenSearch: the colour of the cluster.
//
//   green    every shard and every copy is there          healthy
//   yellow   copies are missing, all data is there        degraded (a cluster of one node is always yellow)
//   red      data is missing                              unhealthy
//
// Source: elastic.co/docs/api, operation "cluster health".

import type { CheckResult, HealthCheck } from "../health-check.ts";
import type { HealthStatus } from "../health-status.ts";
import { CheckError } from "./check-error.ts";
import { type Secret, secretValue } from "./endpoint.ts";
import { below, httpAsker, type HttpServerOptions, statusError } from "./http.ts";
import { timed } from "./server-check.ts";
import { Secrets, shown } from "./server-text.ts";

/** Which cluster, and what it must be like. */
export interface ElasticsearchOptions extends HttpServerOptions {
  /** Sent as `Authorization: ApiKey`. */
  readonly apiKey?: Secret;
  /** What yellow means. Default "degraded". */
  readonly yellow?: Exclude<HealthStatus, "unknown">;
  /** Fewer nodes are degraded. Default 1. */
  readonly minNodes?: number;
}

/**
 * A check of Elasticsearch (`https://user:password@host:9200`).
 *
 * - healthy: green, and enough nodes
 * - degraded: yellow, or too few nodes; slow
 * - unhealthy: red, no connection, credentials refused, any other answer
 *
 * Measures `latency_ms`, `nodes`, `unassigned_shards`; tells cluster and colour.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function elasticsearch(options: ElasticsearchOptions = {}): HealthCheck {
  const ask = httpAsker(options, { port: 9200, tlsPort: 9200 });
  const target = below(options.url, "/_cluster/health");
  return (context) =>
    timed(options.degradedMs, async () => {
      const apiKey = await secretValue(options.apiKey);
      const headers: Record<string, string> =
        apiKey === undefined ? {} : { authorization: `ApiKey ${apiKey}` };
      const { answer, secrets, at } = await ask(context, { target, headers });
      // 408: it is as it says in the body, only not as it was waited for.
      if (answer.status !== 200 && answer.status !== 408) throw statusError(at, answer, secrets);
      return judged(at, answer.body, options);
    });
}

/** The same check: OpenSearch kept the request. */
export const opensearch: typeof elasticsearch = elasticsearch;

function judged(
  at: string,
  body: Buffer,
  { yellow = "degraded", minNodes = 1 }: ElasticsearchOptions,
): CheckResult {
  const health = parsed(at, body);
  const colour = health["status"];
  const [nodes, unassigned] = [health["number_of_nodes"], health["unassigned_shards"]];
  const name = health["cluster_name"];
  if (colour !== "green" && colour !== "yellow" && colour !== "red") throw notHealth(at);
  const found: CheckResult = {
    details: {
      colour,
      ...(typeof name === "string" ? { cluster: shown(name, new Secrets()) } : {}),
    },
    measurements: {
      ...(typeof nodes === "number" ? { nodes: { value: nodes, limit: minNodes } } : {}),
      ...(typeof unassigned === "number" ? { unassigned_shards: { value: unassigned } } : {}),
    },
  };
  if (colour === "red") {
    return { ...found, status: "unhealthy", message: "the cluster is red: data is missing" };
  }
  if (colour === "yellow" && yellow !== "healthy") {
    const message = "the cluster is yellow: copies of data are missing";
    return { ...found, status: yellow, message };
  }
  if (typeof nodes === "number" && nodes < minNodes) {
    return { ...found, status: "degraded", message: `${nodes} nodes, wanted are ${minNodes}` };
  }
  return found;
}

function parsed(at: string, body: Buffer): Record<string, unknown> {
  try {
    const health: unknown = JSON.parse(body.toString("utf8"));
    if (typeof health === "object" && health !== null) return health as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw notHealth(at);
}

function notHealth(at: string): CheckError {
  const text = `${at} answered something else than the health of a cluster`;
  return new CheckError("FLX_CHECK_PROTOCOL", text);
}
