// Health on the admin server, beside the metrics. Nothing else has business on that port, so whoever is on this machine
// may see details (access.ts says when that is believed).

import type { AdminHandler } from "../../metrics/http/admin-server.ts";
import { type HealthHandlerOptions, NodeProbes } from "./health-handler.ts";

/**
 * The routes of health for an admin server.
 *
 *     await startAdminServer({ handlers: adminHealth({ health }) })
 *
 * @throws {FlxError} `FLX_HEALTH_OPTION` for a token that is too short
 */
export function adminHealth(options: HealthHandlerOptions): Readonly<Record<string, AdminHandler>> {
  const probes = new NodeProbes({ trustLoopback: true, ...options });
  const handle: AdminHandler = (request, response) => probes.handle(request, response);
  const paths = probes.endpoint.routes.paths();
  return Object.fromEntries(
    paths.flatMap((path) => [
      [path, handle],
      [`${path}/*`, handle],
    ]),
  );
}
