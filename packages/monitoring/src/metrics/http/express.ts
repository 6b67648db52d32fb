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
 *
 * In a router, `path` is below the router's own; under a path of its own (`app.use("/m", ...)`) it may be the whole one.
 */
export function expressMetrics({
  path = "/metrics",
  ...options
}: MountOptions = {}): ExpressMiddleware {
  const serve = nodeScrapes(options);
  return (request, response, next) => {
    const { url = "/", originalUrl = url } = request;
    if (pathOf(url) === path || pathOf(originalUrl) === path) void serve(request, response);
    else next();
  };
}
