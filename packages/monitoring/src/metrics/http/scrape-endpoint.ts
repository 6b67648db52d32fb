// What a scrape is answered, whichever server it came through.
//
//   method, URL, headers ── ScrapeEndpoint.answer() ── status, headers, chunks, coding
//                            │ 405  not GET or HEAD            the servers only carry it over:
//                            │ 503  too many at once           metrics-handler.ts (node:http, express, koa, fastify)
//                            │ 500  the registry failed        hono.ts (Request and Response)
//                            └ 200
//
// The deadline for `collect` callbacks is what the scraper says it waits, less a margin for writing and sending: late
// callbacks then cost their own metric instead of the scrape.

import type { Registry } from "../registry.ts";
import { defaultRegistry } from "../default-registry.ts";
import { type ContentCoding, negotiateCoding, negotiateFormat } from "../negotiation.ts";
import { availableCodings } from "./compress.ts";

/** How metrics are served. */
export interface MetricsHandlerOptions {
  /** Default: the registry of the process. */
  readonly registry?: Registry;
  /** Whether OpenMetrics gets `_created` lines; default: as the registry says. */
  readonly createdSeries?: boolean;
  /** Whether bodies may be compressed (default true). */
  readonly compress?: boolean;
  /** Scrapes answered at the same time; further ones get 503 (default 20). */
  readonly maxInFlight?: number;
  /** How long sending may take before the connection is closed, in milliseconds (default 60,000). */
  readonly sendTimeoutMs?: number;
  /** What of the scraper's own timeout is kept for writing and sending, in milliseconds (default 500). */
  readonly timeoutMarginMs?: number;
  /** Told of what went wrong; the scraper only gets a status. */
  readonly onError?: (error: unknown) => void;
}

/** A scrape as it came in. */
export interface ScrapeRequest {
  readonly method: string;
  /** Path and query, or a whole URL. */
  readonly url: string;
  /** A header by its name in lower case. */
  readonly header: (name: string) => string | undefined;
  /** Aborted when the scraper goes away. */
  readonly signal: AbortSignal;
}

/** What is sent back. */
export interface ScrapeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Uncompressed; empty for HEAD. */
  readonly chunks: readonly Uint8Array[];
  /** How the chunks are to be compressed; the headers say so already. */
  readonly coding: ContentCoding;
}

/** Below this a body costs more to compress than to send. */
const MIN_COMPRESSED_BYTES = 1024;

/** A scraper that says more than this is not believed. */
const MAX_SCRAPE_TIMEOUT_MS = 300_000;

const always: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

const encoder = new TextEncoder();

/** Answers scrapes of one registry. */
export class ScrapeEndpoint {
  readonly sendTimeoutMs: number;
  readonly #options: MetricsHandlerOptions;
  readonly #registry: Registry;
  readonly #maxInFlight: number;
  #inFlight = 0;

  constructor(options: MetricsHandlerOptions = {}) {
    this.#options = options;
    this.#registry = options.registry ?? defaultRegistry;
    this.#maxInFlight = options.maxInFlight ?? 20;
    this.sendTimeoutMs = options.sendTimeoutMs ?? 60_000;
  }

  /**
   * Answers a scrape. `send` is given the answer, and counts as a scrape under way until it settles.
   * Never rejects; what `send` throws is told to `onError`.
   */
  async serve(
    request: ScrapeRequest,
    send: (answer: ScrapeAnswer) => void | Promise<void>,
  ): Promise<void> {
    if (this.#inFlight >= this.#maxInFlight) {
      await this.#told(request, () =>
        send(plainAnswer(503, "too many scrapes at once", { "retry-after": "5" })),
      );
      return;
    }
    this.#inFlight++;
    try {
      const answer = await this.answer(request);
      if (!request.signal.aborted) await this.#told(request, () => send(answer));
    } finally {
      this.#inFlight--;
    }
  }

  /** The answer to a scrape, apart from `maxInFlight`. Never rejects. */
  async answer(request: ScrapeRequest): Promise<ScrapeAnswer> {
    try {
      return await this.#answer(request);
    } catch (error) {
      if (!request.signal.aborted) this.#tell(error);
      return plainAnswer(500, "the metrics could not be written");
    }
  }

  async #answer(request: ScrapeRequest): Promise<ScrapeAnswer> {
    const { method, url, header, signal } = request;
    if (method !== "GET" && method !== "HEAD") {
      return plainAnswer(405, "metrics are read with GET", { allow: "GET, HEAD" });
    }
    const { format, contentType, escaping } = negotiateFormat(header("accept"));
    const headers = { ...always, "content-type": contentType, vary: "Accept, Accept-Encoding" };
    // Nothing is collected for one who does not look.
    if (method === "HEAD") return { status: 200, headers, chunks: [], coding: "identity" };
    const chunks = await this.#registry.expose({
      format,
      escaping,
      names: namesIn(url),
      createdSeries: this.#options.createdSeries,
      collectTimeoutMs: this.#collectTimeoutMs(header("x-prometheus-scrape-timeout-seconds")),
      signal,
    });
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const wanted = bytes >= MIN_COMPRESSED_BYTES && this.#options.compress !== false;
    const coding = wanted
      ? negotiateCoding(header("accept-encoding"), availableCodings())
      : "identity";
    return {
      status: 200,
      headers:
        coding === "identity"
          ? { ...headers, "content-length": String(bytes) }
          : { ...headers, "content-encoding": coding },
      chunks,
      coding,
    };
  }

  /** What is left for callbacks of the time the scraper gives; at least half of it. */
  #collectTimeoutMs(seconds: string | undefined): number | undefined {
    const saidMs = Number(seconds ?? Number.NaN) * 1000;
    if (!(saidMs > 0)) return undefined;
    const scrapeMs = Math.min(saidMs, MAX_SCRAPE_TIMEOUT_MS);
    return Math.max(scrapeMs - (this.#options.timeoutMarginMs ?? 500), scrapeMs / 2);
  }

  async #told(request: ScrapeRequest, work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // A scraper that hangs up in the middle is nobody's mistake.
      if (!request.signal.aborted) this.#tell(error);
    }
  }

  #tell(error: unknown): void {
    try {
      this.#options.onError?.(error);
    } catch {
      // What the service does with an error must not fail the scrape.
    }
  }
}

/** An answer of one line. */
export function plainAnswer(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): ScrapeAnswer {
  const body = encoder.encode(`${text}\n`);
  return {
    status,
    headers: {
      ...always,
      "content-type": "text/plain; charset=utf-8",
      "content-length": String(body.length),
      ...headers,
    },
    chunks: [body],
    coding: "identity",
  };
}

/** The names of `?name[]=a&name[]=b`. */
function namesIn(url: string): string[] | undefined {
  const start = url.indexOf("?");
  if (start < 0) return undefined;
  const names = new URLSearchParams(url.slice(start + 1)).getAll("name[]");
  return names.length === 0 ? undefined : names;
}
