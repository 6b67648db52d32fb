// The other end of a connection, as access control sees it: headers, address, and the certificate it has proved.

import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** Who is at the other end, before anything is decided. */
export interface Caller {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly remoteAddress: string;
  /** Names in a client certificate that one of our authorities has signed: common name, then DNS, e-mail and URI names. */
  readonly certificateNames: readonly string[];
}

/** The caller of a request, of HTTP/1 or HTTP/2. */
export function callerOf(
  method: string | undefined,
  headers: IncomingHttpHeaders | Caller["headers"],
  socket: Socket | undefined,
): Caller {
  return {
    method: method ?? "",
    headers,
    remoteAddress: plainAddress(socket?.remoteAddress ?? ""),
    certificateNames: socket instanceof TLSSocket ? certificateNames(socket) : [],
  };
}

/** One value of a header; undefined when there is none, or more than one. */
export function headerOf({ headers }: Pick<Caller, "headers">, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : undefined;
}

function certificateNames(socket: TLSSocket): string[] {
  if (!socket.authorized) return [];
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return [];
  const names: string[] = [];
  for (const line of certificate.subject.split("\n")) {
    if (line.startsWith("CN=")) names.push(line.slice("CN=".length));
  }
  // A name with a comma or quote in it is quoted by Node; such a name is nobody's here.
  for (const part of (certificate.subjectAltName ?? "").split(", ")) {
    const found = /^(?:DNS|email|URI):([^"]+)$/.exec(part);
    if (found !== null) names.push(found[1]!);
  }
  return names;
}

/** An IPv4 address in IPv6 clothes is the IPv4 address. */
export function plainAddress(address: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice("::ffff:".length) : address;
}
