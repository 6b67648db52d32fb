// Where a gRPC server listens, read from the targets that gRPC clients take.
//
//   orders:50051   10.0.0.7:50051   [::1]:50051   dns:orders:50051   dns:///orders:50051   ipv4:10.0.0.7:50051
//   unix:/run/orders.sock   unix:///run/orders.sock   unix:run/orders.sock
//
// A health check asks one server, so the targets that name many (xds:, several addresses) are refused.

import { FlxError } from "@flx/model/errors";

/** One address to connect to. */
export type GrpcEndpoint =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/**
 * Reads a target.
 *
 * @throws {FlxError} `FLX_GRPC_TARGET` when it is none that a health check can ask
 * @example parseTarget("dns:///orders:50051") // { host: "orders", port: 50051 }
 */
export function parseTarget(target: string): GrpcEndpoint {
  const path = /^unix:(?:\/\/(?=\/))?(?<path>.+)$/.exec(target)?.groups?.["path"];
  if (path !== undefined) return { path };
  const address = target.replace(/^(?:dns|ipv4|ipv6):(?:\/\/\/)?/, "");
  const parts =
    /^(?:\[(?<six>[0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|(?<host>[^\s/:@[\]]+)):(?<port>\d{1,5})$/.exec(
      address,
    );
  const host = parts?.groups?.["six"] ?? parts?.groups?.["host"];
  const port = Number(parts?.groups?.["port"]);
  if (host === undefined || !(port > 0 && port < 65_536)) {
    throw new FlxError(
      "FLX_GRPC_TARGET",
      `"${target.slice(0, 200)}" is no gRPC target; write host:port, [ipv6]:port, dns:///host:port or unix:/path`,
    );
  }
  return { host, port };
}

/** The endpoint for people and for the header `:authority`. */
export function authorityOf(endpoint: GrpcEndpoint): string {
  if ("path" in endpoint) return "localhost";
  return endpoint.host.includes(":")
    ? `[${endpoint.host}]:${endpoint.port}`
    : `${endpoint.host}:${endpoint.port}`;
}
