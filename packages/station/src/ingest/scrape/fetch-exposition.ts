// One GET of a target: bounded in time and size, redirects followed and checked, gzip undone.
//
//   Accept: protobuf, OpenMetrics, text    X-Prometheus-Scrape-Timeout-Seconds    Authorization
//
// A redirect is a new address: it is looked up and checked like the first, and credentials go to the same host only.

import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { FlxError } from "@flx/model";
import {
  credentialHeaders,
  type HttpAccess,
  type HttpAccessSource,
  openRequest,
  readAll,
} from "../../base/http-call.ts";
import { checkAddress, guardedLookup } from "../../base/address-guard.ts";

/** What a target answered. */
export interface Answer {
  readonly contentType: string;
  readonly body: Buffer;
}

/** What is asked for, the best first. */
export const SCRAPE_ACCEPT: string =
  "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6," +
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5," +
  "text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3,*/*;q=0.1";

const MAX_REDIRECTS = 5;

/**
 * Asks a target.
 *
 * @throws {FlxError} `FLX_SCRAPE_TIMEOUT`, `FLX_SCRAPE_STATUS`, `FLX_SCRAPE_LIMIT`, `FLX_SCRAPE_ADDRESS`; errors of the
 *   connection as they are
 */
export async function fetchExposition(
  url: string,
  given: HttpAccess | HttpAccessSource,
  timeoutMs: number,
  maxBodyBytes: number,
): Promise<Answer> {
  const access = "access" in given ? await given.access() : given;
  const signal = AbortSignal.timeout(timeoutMs);
  let target = new URL(url);
  try {
    for (let redirects = 0; ; redirects++) {
      const sameHost = target.host === new URL(url).host;
      const response = await ask(target, access, sameHost, timeoutMs, signal);
      const { statusCode = 0, headers } = response;
      if (
        statusCode >= 300 &&
        statusCode < 400 &&
        headers.location !== undefined &&
        access.followRedirects !== false
      ) {
        response.destroy();
        if (redirects >= MAX_REDIRECTS) {
          throw new FlxError("FLX_SCRAPE_STATUS", `stopped after ${MAX_REDIRECTS} redirects`);
        }
        target = new URL(headers.location, target);
        if (target.protocol !== "http:" && target.protocol !== "https:") {
          throw new FlxError(
            "FLX_SCRAPE_ADDRESS",
            `a redirect to ${target.protocol} is not followed`,
          );
        }
        continue;
      }
      if (statusCode !== 200) {
        response.destroy();
        const text = response.statusMessage ?? "";
        throw new FlxError(
          "FLX_SCRAPE_STATUS",
          `server returned HTTP status ${statusCode} ${text}`,
        );
      }
      const body = await readAll(response, maxBodyBytes, () => tooLarge(maxBodyBytes));
      // The next scrape is a new connection: one that the target has closed meanwhile would be a failure.
      response.destroy();
      return { contentType: headers["content-type"] ?? "", body };
    }
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new FlxError("FLX_SCRAPE_TIMEOUT", `no answer within ${timeoutMs} ms`, { cause });
  }
}

function ask(
  target: URL,
  access: HttpAccess,
  credentials: boolean,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const host = target.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0) checkAddress(target.hostname, host);
  const headers: Record<string, string | string[]> = {
    Accept: SCRAPE_ACCEPT,
    "Accept-Encoding": "gzip",
    "User-Agent": "flx-station",
    "X-Prometheus-Scrape-Timeout-Seconds": String(timeoutMs / 1000),
  };
  if (credentials) Object.assign(headers, credentialHeaders(access));
  return new Promise((resolve, reject) => {
    const sending = openRequest(target, access, { headers, signal, lookup: guardedLookup });
    sending.on("response", resolve);
    sending.on("error", reject);
    sending.end();
  });
}

function tooLarge(maxBytes: number): FlxError {
  return new FlxError("FLX_SCRAPE_LIMIT", `body size limit exceeded: more than ${maxBytes} bytes`);
}
