// What a door bears: how many connections, and how long one may keep it waiting.
//
//   connections            in all, and from one address (IPv6: from one network); what is more is closed at once
//   headers ── body ──     each within its time, however slowly it drips
//   idle                   a connection on which nothing moves: no request, or an answer that nobody reads
//
// Why a bound for each address: one client that opens all it can leaves room for the others.

import type { ServerOptions } from "node:http";
import type { Server, Socket } from "node:net";
import { clientNetwork } from "./access/client-network.ts";

/** Which limit closed a connection: of all, of its address, of the requests it has waiting (by-turns.ts). */
export type ConnectionLimit = "total" | "address" | "pipelined";

/** The limits of one door. */
export interface DoorLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Until the headers of a request, or the greeting of HTTP/2, are there, ms. */
  readonly headersMs: number;
  /** Until its body is there, ms. */
  readonly bodyMs: number;
  /** How long nothing may move, ms. */
  readonly idleMs: number;
}

/** What is borne when nobody says otherwise. */
export const DOOR_LIMITS: DoorLimits = {
  connections: 1_000,
  connectionsPerAddress: 500,
  headersMs: 10_000,
  bodyMs: 60_000,
  idleMs: 120_000,
};

/** Closes the connections of a server beyond its limits; call before it listens. */
export function limitConnections(
  server: Server,
  { connections, connectionsPerAddress }: DoorLimits,
  onRefused?: (limit: ConnectionLimit) => void,
): void {
  const open = new Map<string, number>();
  server.maxConnections = connections;
  server.on("drop", () => onRefused?.("total"));
  server.prependListener("connection", (socket: Socket) => {
    const client = clientNetwork(socket.remoteAddress ?? "");
    const count = (open.get(client) ?? 0) + 1;
    if (count > connectionsPerAddress) {
      socket.destroy();
      onRefused?.("address");
      return;
    }
    open.set(client, count);
    socket.once("close", () => {
      const left = open.get(client)! - 1;
      if (left === 0) open.delete(client);
      else open.set(client, left);
    });
  });
}

/** The same for a server of HTTP/1: its times, and how exactly they are kept. */
export function httpPatience({ headersMs, bodyMs, idleMs }: DoorLimits): ServerOptions {
  return {
    headersTimeout: headersMs,
    requestTimeout: headersMs + bodyMs,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: Math.min(2_000, headersMs / 2),
  };
}
