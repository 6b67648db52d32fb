// Health in a fastify application.

import type { FastifyLike } from "../../metrics/http/fastify.ts";
import { type HealthHandlerOptions, NodeProbes } from "./health-handler.ts";
import { ProbeRoutes } from "./probe-route.ts";

/**
 * A plugin with the routes of health; a prefix is fastify's own.
 *
 *     await app.register(fastifyHealth, { health, prefix: "/internal" })
 *
 * @throws {FlxError} `FLX_HEALTH_OPTION` for a token that is too short
 */
export async function fastifyHealth(
  fastify: FastifyLike,
  options: HealthHandlerOptions,
): Promise<void> {
  // Fastify puts the prefix before the routes of a plugin, and hands it on in its options as well.
  const { prefix = "" } = fastify as { readonly prefix?: string };
  const probes = new NodeProbes({ ...options, prefix });
  for (const path of new ProbeRoutes("").paths().flatMap((each) => [each, `${each}/*`])) {
    await Promise.resolve(
      fastify.route({
        method: ["GET", "HEAD"],
        url: path,
        handler: (request, reply) => {
          // The answer is written here; fastify must not write one of its own.
          reply.hijack();
          probes.handle(request.raw, reply.raw);
        },
      }),
    );
  }
}
