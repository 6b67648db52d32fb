// Metrics in a koa application.

import type { IncomingMessage, ServerResponse } from "node:http";
import { nodeScrapes } from "./metrics-handler.ts";
import type { MountOptions } from "./mount.ts";

/** What koa hands to a middleware, as far as it is used here. */
export interface KoaContext {
  readonly path: string;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  respond?: boolean;
}

/**
 * A middleware that answers scrapes of its path and leaves everything else to the next one.
 *
 *     app.use(koaMetrics({ registry }))
 */
export function koaMetrics({ path = "/metrics", ...options }: MountOptions = {}): (
  context: KoaContext,
  next: () => Promise<unknown>,
) => Promise<void> {
  const serve = nodeScrapes(options);
  return async (context, next) => {
    if (context.path !== path) {
      await next();
      return;
    }
    // The answer is streamed; koa must not write one of its own.
    context.respond = false;
    await serve(context.req, context.res);
  };
}
