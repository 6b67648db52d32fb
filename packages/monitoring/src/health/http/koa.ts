// Health in a koa application.

import type { KoaContext } from "../../metrics/http/koa.ts";
import { type HealthHandlerOptions, NodeProbes } from "./health-handler.ts";

/**
 * A middleware that answers probes and leaves everything else to the next one.
 *
 *     app.use(koaHealth({ health }))
 *
 * @throws {FlxError} `FLX_HEALTH_OPTION` for a token that is too short
 */
export function koaHealth(
  options: HealthHandlerOptions,
): (context: KoaContext, next: () => Promise<unknown>) => Promise<void> {
  const probes = new NodeProbes(options);
  return async (context, next) => {
    if (!probes.endpoint.routes.has(context.path)) {
      await next();
      return;
    }
    // The answer is written here; koa must not write one of its own.
    context.respond = false;
    probes.handle(context.req, context.res);
  };
}
