// Health in a hono application, or any other that turns a Request into a Response.

import type { HonoContext } from "../../metrics/http/hono.ts";
import { Access } from "./access.ts";
import type { HealthHandlerOptions } from "./health-handler.ts";
import { type ProbeAnswer, ProbeEndpoint, ProbePlan, WRONG_METHOD } from "./probe-endpoint.ts";
import { probeFormat } from "./probe-format.ts";

/** A Request tells nothing of its connection: details are for holders of a token only. */
export type WebHealthOptions = Pick<HealthHandlerOptions, "health" | "prefix" | "tokens">;

/**
 * A middleware of hono that answers probes and leaves everything else to the next one.
 *
 *     app.use(honoHealth({ health }))
 *
 * @throws {FlxError} `FLX_HEALTH_OPTION` for a token that is too short
 */
export function honoHealth(
  options: WebHealthOptions,
): (context: HonoContext, next: () => Promise<void>) => Promise<Response | void> {
  const respond = webHealth(options);
  return async (context, next) => respond(context.req.raw) ?? (await next());
}

/**
 * A handler of web requests; undefined for what is no probe.
 *
 * @throws {FlxError} `FLX_HEALTH_OPTION` for a token that is too short
 */
export function webHealth(options: WebHealthOptions): (request: Request) => Response | undefined {
  const access = new Access(options);
  const endpoint = new ProbeEndpoint(options.health, options.prefix ?? "");
  const answerOf = ({ method, headers }: Request, url: string): ProbeAnswer => {
    if (method !== "GET" && method !== "HEAD") return WRONG_METHOD;
    const plan = endpoint.plan(url);
    if (!(plan instanceof ProbePlan)) return plan;
    const format = probeFormat(headers.get("accept") ?? undefined);
    const token = headers.get("authorization") ?? undefined;
    const withDetails = endpoint.hasDetails(plan, format) && access.allowsToken(token);
    return endpoint.answer(plan, format, withDetails);
  };
  return (request) => {
    const { pathname, search } = new URL(request.url);
    const url = pathname + search;
    if (!endpoint.routes.has(url)) return undefined;
    const { status, headers, body } = answerOf(request, url);
    const pairs = headers.flatMap((name, i): [string, string][] =>
      i % 2 === 0 && name !== "connection" ? [[name, headers[i + 1] ?? ""]] : [],
    );
    return new Response(request.method === "HEAD" ? null : body, { status, headers: pairs });
  };
}
