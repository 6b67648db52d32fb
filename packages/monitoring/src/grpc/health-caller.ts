// Who asks for health over gRPC, and whether components are for their eyes: the rules of HTTP (health/http/access.ts).
//
//   a bearer token, a client certificate that the server verified, or (where it is said) loopback
//
// HTTP/2 names the host in `:authority`, which is what these rules read as Host.

import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Access, type AccessOptions, isLoopback } from "../health/http/access.ts";

/** Who sees components; see `AccessOptions`. */
export type HealthAccessOptions = Pick<
  AccessOptions,
  "tokens" | "trustLoopback" | "trustClientCertificates"
>;

/** Who asks. */
export interface HealthCaller {
  /** undefined when it is not known. */
  readonly remoteAddress: string | undefined;
  readonly localAddress: string | undefined;
  /** Whether the TLS layer has verified a certificate of theirs. */
  readonly hasVerifiedCertificate: boolean;
  /** `:authority` */
  readonly host: string;
  /** By lower-case names. */
  readonly headers: IncomingHttpHeaders;
}

/**
 * Decides who sees components.
 *
 * @throws {FlxError} `FLX_HEALTH_OPTION` for a token that is too short
 */
export function detailsGuard(options: HealthAccessOptions): (caller: HealthCaller) => boolean {
  const { trustClientCertificates = true, trustLoopback = false } = options;
  const access = new Access(options);
  return (caller) =>
    access.allowsToken(caller.headers.authorization) ||
    (trustClientCertificates && caller.hasVerifiedCertificate) ||
    (trustLoopback && isLoopback(asRequest(caller)));
}

/** What the rule of loopback looks at. */
function asRequest({ remoteAddress, localAddress, host, headers }: HealthCaller): IncomingMessage {
  const socket = { remoteAddress, localAddress };
  const seen = { socket, headers: { ...headers, host }, httpVersionMajor: 2, httpVersionMinor: 0 };
  return seen as unknown as IncomingMessage;
}
