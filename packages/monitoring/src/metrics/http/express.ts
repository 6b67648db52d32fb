// Metrics in an express (or connect) application.

import type { IncomingMessage, ServerResponse } from "node:http";
import { nodeScrapes } from "./metrics-handler.ts";
import { type MountOptions, pathOf } from "./mount.ts";

/** What express hands to a middleware, as far as it is used here. */
export type ExpressMiddleware = (
  request: IncomingMessage & { readonly originalUrl?: string },
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * A middleware that answers scrapes of its path and leaves everything else to the next one.
 *
 *     app.use(expressMetrics({ registry }))
 */
export function expressMetrics({
  path = "/metrics",
  ...options
}: MountOptions = {}): ExpressMiddleware {
  const serve = nodeScrapes(options);
  return (request, response, next) => {
    if (pathOf(request.originalUrl ?? request.url ?? "/") === path) void serve(request, response);
    else next();
  };
}
