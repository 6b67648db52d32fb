// One GET of a target: bounded in time and size, redirects followed and checked, gzip undone.
//
//   Accept: protobuf, OpenMetrics, text    X-Prometheus-Scrape-Timeout-Seconds    Authorization
//
// A redirect is a new address: it is looked up and checked like the first, and credentials go to the same host only.

import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import type { SecureVersion } from "node:tls";
import { createGunzip } from "node:zlib";
import { FlxError } from "@flx/model";
import { checkAddress, guardedLookup } from "./address-guard.ts";

/** How to reach targets of a job. */
export interface HttpAccess {
  readonly bearerToken?: string;
  readonly basicAuth?: { readonly username: string; readonly password: string };
  /** The whole of the header, for schemes other than these two. */
  readonly authorization?: string;
  /** Further headers; they go to the target's own host only. */
  readonly headers?: Readonly<Record<string, string[]>>;
  readonly followRedirects?: boolean;
  readonly tls?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly serverName?: string;
    readonly insecureSkipVerify?: boolean;
    readonly minVersion?: SecureVersion;
    readonly maxVersion?: SecureVersion;
  };
}

/** Gives the access anew for each request: credentials in files change. */
export interface HttpAccessSource {
  access(): Promise<HttpAccess>;
}

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
      const body = await read(response, maxBodyBytes);
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
  const { tls = {} } = access;
  if (credentials) Object.assign(headers, credentialHeaders(access));
  const options = { headers, signal, lookup: guardedLookup };
  return new Promise((resolve, reject) => {
    const { ca, cert, key, serverName, insecureSkipVerify, minVersion, maxVersion } = tls;
    const sending =
      target.protocol === "https:"
        ? httpsRequest(target, {
            ...options,
            ...(ca === undefined ? {} : { ca }),
            ...(cert === undefined ? {} : { cert }),
            ...(key === undefined ? {} : { key }),
            ...(serverName === undefined ? {} : { servername: serverName }),
            ...(minVersion === undefined ? {} : { minVersion }),
            ...(maxVersion === undefined ? {} : { maxVersion }),
            rejectUnauthorized: insecureSkipVerify !== true,
          })
        : httpRequest(target, options);
    sending.on("response", resolve);
    sending.on("error", reject);
    sending.end();
  });
}

function credentialHeaders(access: HttpAccess): Record<string, string | string[]> {
  const { bearerToken = "", basicAuth, authorization, headers = {} } = access;
  if (authorization !== undefined) return { ...headers, Authorization: authorization };
  if (bearerToken !== "") return { ...headers, Authorization: `Bearer ${bearerToken}` };
  if (basicAuth === undefined) return headers;
  const pair = `${basicAuth.username}:${basicAuth.password}`;
  return { ...headers, Authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

async function read(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const zipped = response.headers["content-encoding"] === "gzip";
  const stream = zipped ? response.pipe(createGunzip()) : response;
  // pipe() does not hand errors on.
  if (zipped) response.on("error", (error) => stream.destroy(error));
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) {
        throw new FlxError(
          "FLX_SCRAPE_LIMIT",
          `body size limit exceeded: more than ${maxBytes} bytes`,
        );
      }
      chunks.push(chunk);
    }
  } finally {
    response.destroy();
  }
  return Buffer.concat(chunks, size);
}
