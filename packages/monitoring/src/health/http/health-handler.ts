// Health over node:http, and what express, koa and fastify have in common: they hand its request and response out.

import type { IncomingMessage, ServerResponse } from "node:http";
import { Access, type AccessOptions } from "./access.ts";
import {
  type ProbeAnswer,
  type ProbedSource,
  ProbeEndpoint,
  ProbePlan,
  WRONG_METHOD,
} from "./probe-endpoint.ts";
import { probeFormat } from "./probe-format.ts";

/** How health is served. */
export interface HealthHandlerOptions extends AccessOptions {
  /** Whose health; a HealthChecker is started. */
  readonly health: ProbedSource;
  /** What comes before /livez, /readyz, /startupz and /healthz; default "". */
  readonly prefix?: string;
}

/** Answers a request of node:http. */
export type HealthHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * A request handler that serves /livez, /readyz, /startupz and /healthz; everything else is 404. It never throws.
 *
 *     createServer(healthHandler({ health })).listen(8080)
 *
 * @throws {FlxError} `FLX_HEALTH_OPTION` for a token that is too short
 */
export function healthHandler(options: HealthHandlerOptions): HealthHandler {
  return new NodeProbes(options).handle;
}

/** The handler, and which URLs are for it. */
export class NodeProbes {
  readonly endpoint: ProbeEndpoint;
  readonly #access: Access;

  constructor(options: HealthHandlerOptions) {
    this.#access = new Access(options);
    this.endpoint = new ProbeEndpoint(options.health, options.prefix ?? "");
  }

  /** Answers; the URL may be another one than the request has now (express cuts it off where a router is mounted). */
  readonly handle = (
    request: IncomingMessage,
    response: ServerResponse,
    url: unknown = request.url,
  ): void => {
    const { method } = request;
    const isRead = method === "GET" || method === "HEAD";
    const answer = isRead
      ? this.#answer(request, typeof url === "string" ? url : "/")
      : WRONG_METHOD;
    response.writeHead(answer.status, answer.headers as string[]);
    if (method === "HEAD") response.end();
    else response.end(answer.body);
  };

  #answer(request: IncomingMessage, url: string): ProbeAnswer {
    const plan = this.endpoint.plan(url);
    if (!(plan instanceof ProbePlan)) return plan;
    const format = probeFormat(request.headers.accept);
    // Most probes ask for a word, which is the same for everybody: who asks is looked at only when it matters.
    const withDetails = this.endpoint.hasDetails(plan, format) && this.#access.allows(request);
    return this.endpoint.answer(plan, format, withDetails);
  }
}
