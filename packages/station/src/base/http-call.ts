// One call of another server over HTTP: credentials and TLS as they are configured, the body whole and bounded.
//
//   openRequest   the request, ready for its body        scraping and discovery, which follow redirects themselves
//   readAll       the answer's body, gzip undone, up to a size

import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import type { SecureVersion } from "node:tls";
import { createGunzip } from "node:zlib";

/** How to reach a server. */
export interface HttpAccess {
  readonly bearerToken?: string;
  readonly basicAuth?: { readonly username: string; readonly password: string };
  /** The whole of the header, for schemes other than these two. */
  readonly authorization?: string;
  /** Further headers; they go to the server's own host only. */
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

/** A request with the TLS settings of `access`; its headers are the caller's. */
export function openRequest(
  target: URL,
  { tls = {} }: HttpAccess,
  options: RequestOptions,
): ClientRequest {
  if (target.protocol !== "https:") return httpRequest(target, options);
  const { ca, cert, key, serverName, insecureSkipVerify, minVersion, maxVersion } = tls;
  return httpsRequest(target, {
    ...options,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { servername: serverName }),
    ...(minVersion !== undefined && { minVersion }),
    ...(maxVersion !== undefined && { maxVersion }),
    rejectUnauthorized: insecureSkipVerify !== true,
  });
}

/** The headers that say who we are. */
export function credentialHeaders(access: HttpAccess): Record<string, string | string[]> {
  const { bearerToken = "", basicAuth, authorization, headers = {} } = access;
  if (authorization !== undefined) return { ...headers, Authorization: authorization };
  if (bearerToken !== "") return { ...headers, Authorization: `Bearer ${bearerToken}` };
  if (basicAuth === undefined) return headers;
  const pair = `${basicAuth.username}:${basicAuth.password}`;
  return { ...headers, Authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

/**
 * The body of an answer.
 *
 * @param tooLarge the error when there is more, after decompression; the connection is given up then
 */
export async function readAll(
  response: IncomingMessage,
  maxBytes: number,
  tooLarge: () => Error,
): Promise<Buffer> {
  const zipped = response.headers["content-encoding"] === "gzip";
  const stream = zipped ? response.pipe(createGunzip()) : response;
  // pipe() does not hand errors on.
  if (zipped) response.on("error", (error) => stream.destroy(error));
  const chunks: Buffer[] = [];
  let size = 0;
  let isWhole = false;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
    isWhole = true;
  } finally {
    if (!isWhole) response.destroy();
  }
  return Buffer.concat(chunks, size);
}
