// Who may see more than the status word: names of components, errors, versions, measurements.
//
//   a bearer token            compared in constant time, so that it cannot be guessed letter by letter
//   a client certificate      that the server has verified (mutual TLS)
//   authorize(request)        whatever the service has of its own
//   loopback                  only where it is said, as on the admin server; all of these must hold:
//      the connection comes from 127.0.0.1 or ::1 and goes to one of them
//      the Host is localhost, 127.0.0.1 or [::1]     a web page that points its name here (DNS rebinding) says its own
//      no header that proxies add                    Forwarded, X-Forwarded-*, Via, X-Real-IP ...: it came through one
//      HTTP/1.1 or later                             nginx speaks 1.0 to what is behind it unless told otherwise
//
// X-Forwarded-For is never believed, only taken as a sign. Still: a proxy on the same machine that adds nothing and
// hands on the Host as the stranger wrote it cannot be told from somebody on this machine. So loopback is trusted by
// default only where no proxy has business: on the admin port. The handlers for an application's own port do not trust it.

import type * as Crypto from "node:crypto";
import type { IncomingMessage } from "node:http";
import { FlxError } from "@flx/model/errors";

/** Who may see details. */
export interface AccessOptions {
  /** Whoever sends one of these as `Authorization: Bearer` sees details; 16 characters or more. Several: for rotation. */
  readonly tokens?: readonly string[];
  /** Whether a connection from this machine to itself is enough (see the file head); default false. */
  readonly trustLoopback?: boolean;
  /** Whether a verified client certificate is enough; default true. */
  readonly trustClientCertificates?: boolean;
  /** Whether this request may see details; what it throws is a no. */
  readonly authorize?: (request: IncomingMessage) => boolean;
}

const MIN_TOKEN = 16;
const MAX_HEADER = 4_096;
const LOOPBACK_ADDRESSES: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "::ffff:127.0.0.1"]);
const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?$/i;
const PROXY_HEADERS = [
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
  "x-forwarded-server",
  "x-real-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-original-forwarded-for",
  "x-original-host",
  "x-envoy-external-address",
  "x-envoy-internal",
  "x-envoy-expected-rq-timeout-ms",
  "x-request-id",
  "cf-connecting-ip",
  "true-client-ip",
  "fastly-client-ip",
] as const;

/** Tells who may see details. */
export class Access {
  readonly #digests: readonly Uint8Array[];
  readonly #options: AccessOptions;

  /** @throws {FlxError} `FLX_HEALTH_OPTION` for a token that is too short to be one */
  constructor(options: AccessOptions) {
    const { tokens = [] } = options;
    if (tokens.some((token) => typeof token !== "string" || token.length < MIN_TOKEN)) {
      throw new FlxError(
        "FLX_HEALTH_OPTION",
        `a token needs at least ${MIN_TOKEN} characters; make one with: openssl rand -hex 32`,
      );
    }
    this.#options = options;
    this.#digests = tokens.map(digest);
  }

  /** Whether a request of node:http may see details. Never throws. */
  allows(request: IncomingMessage): boolean {
    const { trustClientCertificates = true, trustLoopback = false, authorize } = this.#options;
    if (this.allowsToken(request.headers.authorization)) return true;
    const { authorized } = request.socket as { readonly authorized?: boolean };
    if (trustClientCertificates && authorized === true) return true;
    if (trustLoopback && isLoopback(request)) return true;
    if (authorize === undefined) return false;
    try {
      return authorize(request);
    } catch {
      return false;
    }
  }

  /** Whether an Authorization header has one of the tokens. */
  allowsToken(header: string | undefined): boolean {
    if (header === undefined || this.#digests.length === 0 || header.length > MAX_HEADER) {
      return false;
    }
    const token = /^bearer +(?<token>\S+) *$/i.exec(header)?.groups?.["token"];
    if (token === undefined) return false;
    const given = digest(token);
    let isAllowed = false;
    // All of them, always: which one it is, or how much of it is right, cannot be told from the time it takes.
    for (const each of this.#digests) {
      isAllowed = crypto().timingSafeEqual(each, given) || isAllowed;
    }
    return isAllowed;
  }
}

/** Loaded when there are tokens: most services have none. */
function crypto(): typeof Crypto {
  return process.getBuiltinModule("node:crypto");
}

/** Texts of any length become something of one length, which a comparison in constant time needs. */
function digest(text: string): Uint8Array {
  return crypto().createHash("sha256").update(text).digest();
}

/** Whether a request was made on this machine, as far as can be seen (see the file head). */
export function isLoopback(request: IncomingMessage): boolean {
  const { remoteAddress = "", localAddress = "" } = request.socket;
  const { headers, httpVersionMajor, httpVersionMinor } = request;
  return (
    LOOPBACK_ADDRESSES.has(remoteAddress) &&
    LOOPBACK_ADDRESSES.has(localAddress) &&
    LOOPBACK_HOST.test(headers.host ?? "") &&
    (httpVersionMajor > 1 || httpVersionMinor >= 1) &&
    !PROXY_HEADERS.some((name) => headers[name] !== undefined)
  );
}
