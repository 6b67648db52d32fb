// The small HTTP server beside a service's own: metrics now, probes of health as they are added.
//
//   startAdminServer()            9464 on loopback; on all interfaces inside a container
//   ├── GET /metrics              metrics-handler.ts
//   ├── GET /livez, /readyz ...   `handlers`, or route() later
//   └── GET /                     the list of routes
//
// It is guarded as something that strangers reach: few connections, short headers and URLs, every wait with an end,
// nothing of an error shown. And it is unref'ed, sockets too: a service that is done ends, scraped or not.

import { FlxError } from "@flx/model/write";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { defaultRegistry } from "../default-registry.ts";
import type { Registry } from "../registry.ts";
import { isInContainer } from "./container.ts";
import { metricsHandler, type NodeHandler } from "./metrics-handler.ts";
import { pathOf } from "./mount.ts";

/** The port where nothing else is said: that of OpenTelemetry's Prometheus exporters. */
export const DEFAULT_ADMIN_PORT = 9464;

/** Answers a request; what it throws is answered with 500. */
export type AdminHandler = (
  request: IncomingMessage,
  response: ServerResponse,
) => void | Promise<void>;

/** How the server is started. */
export interface AdminServerOptions {
  /** Default 9464; 0 for any free one. */
  readonly port?: number;
  /** Address to listen on; default: loopback, or all interfaces inside a container. */
  readonly host?: string;
  /** Served at /metrics; default: the registry of the process. */
  readonly registry?: Registry;
  /** Further routes, by path; "/readyz/*" takes all below /readyz/. One for /metrics takes the place of ours. */
  readonly handlers?: Readonly<Record<string, AdminHandler>>;
  /** Connections at the same time (default 100). */
  readonly maxConnections?: number;
  /** Characters of a URL (default 4,096); a longer one gets 414. */
  readonly maxUrlLength?: number;
  /**
   * Answer scrapes in a thread of its own, which reads the numbers in shared memory: a scrape then holds the event loop of
   * the service not at all, and goes on while that is blocked. Other threads that share are in it, too (fleet/). The other
   * routes are answered here as before.
   */
  readonly renderInWorker?: boolean;
  /** Told of what went wrong; whoever asked only gets a status. */
  readonly onError?: (error: unknown) => void;
}

/** A running admin server. */
export interface AdminServer extends AsyncDisposable {
  readonly port: number;
  readonly host: string;
  /** Without a slash at the end. */
  readonly url: string;
  /** Adds a route, or takes its place. */
  route(path: string, handler: AdminHandler): void;
  /** Stops listening and closes the connections, those under way after `graceMs` (default 1,000). */
  close(graceMs?: number): Promise<void>;
}

/**
 * Starts the admin server.
 *
 * @throws {FlxError} `FLX_ADMIN_LISTEN` when the port is taken or the address is none of this machine
 */
export async function startAdminServer(options: AdminServerOptions = {}): Promise<AdminServer> {
  if (options.renderInWorker === true) {
    const { startRenderServer } = await import("../fleet/render-server.ts");
    return startRenderServer(options, options.port ?? DEFAULT_ADMIN_PORT);
  }
  // An import would read every export, and so load the WebSocket client: 14 MB.
  const { createServer } = process.getBuiltinModule("node:http");
  const { port = DEFAULT_ADMIN_PORT, registry = defaultRegistry, onError } = options;
  const routes = new Map<string, AdminHandler>();
  const told = onError === undefined ? {} : { onError };
  routes.set("/metrics", metricsHandler({ registry, ...told }));
  for (const [path, handler] of Object.entries(options.handlers ?? {})) routes.set(path, handler);
  const server = createServer(
    {
      maxHeaderSize: 16 * 1024,
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      // Longer than the usual scrape interval of 60 s: else every scrape would open a connection.
      keepAliveTimeout: 75_000,
      connectionsCheckingInterval: 2_000,
    },
    adminHandler(routes, options.maxUrlLength ?? 4_096, onError),
  );
  server.maxConnections = options.maxConnections ?? 100;
  server.on("connection", (socket: Socket) => socket.unref());
  await listen(server, port, options.host);
  // After listening, what fails is a connection; it must not end the process.
  server.on("error", (error) => onError?.(error));
  server.unref();
  return running(server, routes);
}

/** Finds the route of a request. */
function adminHandler(
  routes: ReadonlyMap<string, AdminHandler>,
  maxUrlLength: number,
  onError: AdminServerOptions["onError"],
): NodeHandler {
  return (request, response) => {
    const { url = "/" } = request;
    const path = pathOf(url);
    const handler = routes.get(path) ?? routes.get(path.replace(/(?<=^\/[^/]+)\/.*/s, "/*"));
    if (url.length > maxUrlLength) say(response, 414, "the URL is too long");
    else if (handler !== undefined) {
      // Called inside the promise, so that a throw and a rejection are one.
      const answered = Promise.resolve().then(() => handler(request, response));
      void answered.catch((error: unknown) => {
        onError?.(error);
        if (response.headersSent) response.destroy();
        else say(response, 500, "internal error");
      });
    } else if (path === "/") say(response, 200, [...routes.keys()].toSorted().join("\n"));
    else say(response, 404, "not found");
  };
}

function say(response: ServerResponse, status: number, text: string): void {
  const body = `${text}\n`;
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(status === 414 ? { connection: "close" } : {}),
  });
  response.end(body);
}

async function listen(server: Server, port: number, host: string | undefined): Promise<void> {
  const address = host ?? (isInContainer() ? undefined : "127.0.0.1");
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      // Without a host Node takes all interfaces, IPv6 and IPv4 where there are both.
      server.listen({ port, ...(address === undefined ? {} : { host: address }) }, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (cause) {
    throw new FlxError("FLX_ADMIN_LISTEN", listenReason(cause, port, address), { cause });
  }
}

function listenReason(cause: unknown, port: number, address = "all interfaces"): string {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} on ${address} is taken; choose another one with \`port\` (0 for any that is free)`,
    EACCES: `port ${port} may not be opened by this user; choose one above 1023 with \`port\``,
    EADDRNOTAVAIL: `${address} is no address of this machine; choose one with \`host\``,
    ENOTFOUND: `there is no address for the host ${address}; choose one with \`host\``,
  };
  return reasons[code] ?? `cannot listen on ${address}, port ${port}: ${(cause as Error).message}`;
}

function running(server: Server, routes: Map<string, AdminHandler>): AdminServer {
  const { port, address, family } = server.address() as AddressInfo;
  const reachable = address === "::" || address === "0.0.0.0" ? "127.0.0.1" : address;
  let closing: Promise<void> | undefined;
  const close = (graceMs = 1_000) => (closing ??= closeServer(server, graceMs));
  return {
    port,
    host: address,
    url: `http://${family === "IPv6" && reachable === address ? `[${address}]` : reachable}:${port}`,
    route: (path, handler) => {
      routes.set(path, handler);
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
