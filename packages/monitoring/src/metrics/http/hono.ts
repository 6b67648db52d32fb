// Metrics in a hono application, or any other that turns a Request into a Response.

import { Readable } from "node:stream";
import { compressor } from "./compress.ts";
import {
  type MetricsHandlerOptions,
  type ScrapeAnswer,
  ScrapeEndpoint,
} from "./scrape-endpoint.ts";

/** What hono hands to a handler, as far as it is used here. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
}

/**
 * A handler of hono.
 *
 *     app.get("/metrics", honoMetrics({ registry }))
 */
export function honoMetrics(
  options: MetricsHandlerOptions = {},
): (context: HonoContext) => Promise<Response> {
  const respond = webMetrics(options);
  return (context) => respond(context.req.raw);
}

/** A handler of web requests. The promise never rejects. */
export function webMetrics(
  options: MetricsHandlerOptions = {},
): (request: Request) => Promise<Response> {
  const endpoint = new ScrapeEndpoint(options);
  return (request) =>
    new Promise((resolve) => {
      const { method, url, headers, signal } = request;
      const header = (name: string) => headers.get(name) ?? undefined;
      void endpoint.serve({ method, url, header, signal }, (answer) => {
        const { body, sent } = bodyOf(answer);
        const { status } = answer;
        resolve(new Response(method === "HEAD" ? null : body, { status, headers: answer.headers }));
        return method === "HEAD" ? undefined : sent;
      });
    });
}

/** The body as a stream, and when it was taken or given up. */
function bodyOf({ chunks, coding }: ScrapeAnswer): { body: ReadableStream; sent: Promise<void> } {
  const source = Readable.from(chunks, { objectMode: false });
  const compress = compressor(coding);
  const last = compress === undefined ? source : source.pipe(compress);
  const sent = new Promise<void>((resolve) => {
    last.once("close", resolve);
  });
  last.once("error", () => {});
  return { body: Readable.toWeb(last) as ReadableStream, sent };
}
