// Metrics in a hono application, or any other that turns a Request into a Response.

import { addAbortSignal, Readable } from "node:stream";
import { compressor } from "./compress.ts";
import {
  type MetricsHandlerOptions,
  type ScrapeAnswer,
  ScrapeEndpoint,
} from "./scrape-endpoint.ts";

/** What hono hands to a handler, as far as it is used here. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
  /** An answer with the headers that were set so far. */
  newResponse?(body: ReadableStream | null, init: Response): Response;
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
  return async (context) => {
    const response = await respond(context.req.raw);
    return context.newResponse?.(response.body, response) ?? response;
  };
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
        const { status } = answer;
        if (method === "HEAD") {
          resolve(new Response(null, { status, headers: answer.headers }));
          return undefined;
        }
        const { body, sent } = bodyOf(answer, signal, endpoint.sendTimeoutMs);
        resolve(new Response(body, { status, headers: answer.headers }));
        return sent;
      });
    });
}

/** The body as a stream, and when it was taken or given up. */
function bodyOf(
  { chunks, coding }: ScrapeAnswer,
  gone: AbortSignal,
  sendTimeoutMs: number,
): { body: ReadableStream; sent: Promise<void> } {
  const source = Readable.from(chunks, { objectMode: false });
  const compress = compressor(coding);
  const last = compress === undefined ? source : source.pipe(compress);
  // Who hangs up is not always known as such: a server may just stop reading.
  addAbortSignal(AbortSignal.any([gone, AbortSignal.timeout(sendTimeoutMs)]), last);
  const sent = new Promise<void>((resolve) => {
    last.once("close", () => {
      source.destroy();
      resolve();
    });
  });
  last.once("error", () => {});
  return { body: Readable.toWeb(last) as ReadableStream, sent };
}
