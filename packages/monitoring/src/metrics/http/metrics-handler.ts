// Metrics over node:http, and what express, koa and fastify have in common: they hand its request and response out.

import type { IncomingMessage, ServerResponse } from "node:http";
import { compressor } from "./compress.ts";
import {
  type MetricsHandlerOptions,
  type ScrapeAnswer,
  ScrapeEndpoint,
} from "./scrape-endpoint.ts";

/** Answers a request of node:http. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * A request handler that serves the metrics of a registry: GET and HEAD, `?name[]=` for some of them, in the format
 * and compression that the scraper asks for. It never throws.
 *
 *     createServer(metricsHandler({ registry })).listen(9464)
 */
export function metricsHandler(options: MetricsHandlerOptions = {}): NodeHandler {
  const serve = nodeScrapes(options);
  return (request, response) => {
    void serve(request, response);
  };
}

/** As `metricsHandler`, for those who wait until the answer is sent. The promise never rejects. */
export function nodeScrapes(
  options: MetricsHandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const endpoint = new ScrapeEndpoint(options);
  return async (request, response) => {
    const gone = new AbortController();
    const onClose = () => gone.abort(new Error("the scraper went away"));
    response.once("close", onClose);
    const scrape = {
      method: request.method ?? "GET",
      url: request.url ?? "/",
      header: (name: string) => {
        const value = request.headers[name];
        return Array.isArray(value) ? value.join(", ") : value;
      },
      signal: gone.signal,
    };
    await endpoint.serve(scrape, async (answer) => {
      const timeout = AbortSignal.timeout(endpoint.sendTimeoutMs);
      await send(answer, response, AbortSignal.any([gone.signal, timeout]));
    });
    response.off("close", onClose);
  };
}

/** Sends an answer, as fast as the other side takes it. */
async function send(
  { status, headers, chunks, coding }: ScrapeAnswer,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  // The body of a request that has one is not read, so the connection cannot be used again.
  const closing = status === 405 ? { connection: "close" } : {};
  response.writeHead(status, { ...headers, ...closing });
  const { promises, Readable } = process.getBuiltinModule("node:stream");
  const { pipeline } = promises;
  const source = Readable.from(chunks, { objectMode: false });
  const compress = compressor(coding);
  if (compress === undefined) await pipeline(source, response, { signal });
  else await pipeline(source, compress, response, { signal });
}
