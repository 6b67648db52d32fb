// Health in an express (or connect) application.

import type { ExpressMiddleware } from "../../metrics/http/express.ts";
import { type HealthHandlerOptions, NodeProbes } from "./health-handler.ts";

/**
 * A middleware that answers probes and leaves everything else to the next one.
 *
 *     app.use(expressHealth({ health }))
 *
 * @throws {FlxError} `FLX_HEALTH_OPTION` for a token that is too short
 */
export function expressHealth(options: HealthHandlerOptions): ExpressMiddleware {
  const probes = new NodeProbes(options);
  const { routes } = probes.endpoint;
  return (request, response, next) => {
    const { url = "/", originalUrl = url } = request;
    const own = [url, originalUrl].find((each) => routes.has(each));
    if (own === undefined) next();
    else probes.handle(request, response, own);
  };
}
