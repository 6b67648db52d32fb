// Metrics in a fastify application.

import type { IncomingMessage, ServerResponse } from "node:http";
import { metricsHandler } from "./metrics-handler.ts";
import type { MountOptions } from "./mount.ts";

/** A fastify instance, as far as it is used here. */
export interface FastifyLike {
  route(options: {
    method: string[];
    url: string;
    handler: (request: { readonly raw: IncomingMessage }, reply: FastifyReplyLike) => void;
  }): unknown;
}

interface FastifyReplyLike {
  readonly raw: ServerResponse;
  hijack(): unknown;
  getHeaders(): Readonly<Record<string, number | string | string[] | undefined>>;
}

/**
 * A plugin with the route of the metrics.
 *
 *     await app.register(fastifyMetrics, { registry, path: "/metrics" })
 */
export async function fastifyMetrics(
  fastify: FastifyLike,
  { path = "/metrics", ...options }: MountOptions = {},
): Promise<void> {
  const handle = metricsHandler(options);
  await Promise.resolve(
    fastify.route({
      method: ["GET", "HEAD"],
      url: path,
      handler: (request, reply) => {
        // The answer is streamed; fastify must not write one of its own. What hooks have set so far is sent with ours.
        for (const [name, value] of Object.entries(reply.getHeaders())) {
          if (value !== undefined) reply.raw.setHeader(name, value);
        }
        reply.hijack();
        handle(request.raw, reply.raw);
      },
    }),
  );
}
