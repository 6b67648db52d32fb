// The HTTP server of the station's API: one table of routes, one place where every request is bounded, known and told.
//
//   connection ─► limits (connections, header bytes, waits) ─► route ─► who asks, may they ─► answer ─► one log line
//
// What a route throws is answered in Prometheus' error form: a Refusal as it says, anything else as 500 without a word
// of the inside.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import {
  createServer as createTlsServer,
  type Server as TlsServer,
  type ServerOptions,
} from "node:https";
import type { AddressInfo } from "node:net";
import { FlxError } from "@flx/model";
import { clientNetwork } from "../../base/access/client-network.ts";
import { plainAddress } from "../../base/access/caller.ts";
import type { Identity, Role } from "../../base/access/role.ts";
import { contextOptions, type TlsMaterial } from "../../base/tls-files.ts";
import { byTurns, type RequestListener } from "../../base/by-turns.ts";
import {
  type ConnectionLimit,
  DOOR_LIMITS,
  type DoorLimits,
  httpPatience,
  limitConnections,
} from "../../base/door-limits.ts";
import { endEarly } from "../../base/end-early.ts";
import { closeServer } from "../../base/close-server.ts";
import { Admission } from "../../ingest/admission.ts";
import { type ErrorType, Refusal } from "./refusal.ts";
import { ApiRequest } from "./request.ts";
import { type Route, RouteTable } from "./route.ts";
import { writeAnswer } from "./write-answer.ts";

/** Decides who asks, and whether they may. */
export interface Gate {
  /**
   * @throws {Refusal} `unauthorized` or `forbidden`
   */
  admit(request: IncomingMessage, role: Role): Identity | Promise<Identity>;
}

/** How a server is started. */
export interface HttpServerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly routes: readonly Route[];
  readonly gate: Gate;
  /** PEM texts and versions, as node:tls takes them; without it, HTTP. */
  readonly tls?: ServerOptions | undefined;
  readonly limits?: DoorLimits;
  readonly onRefusedConnection?: (limit: ConnectionLimit) => void;
  /** Characters of path and query. Default 64 Ki: queries may be long. */
  readonly maxUrlLength?: number;
  /** Told of what failed inside; whoever asked only gets a status. */
  readonly onError?: (error: unknown, request: IncomingMessage) => void;
  /** Told of each request when it is answered. */
  readonly onAnswer?: (request: AnsweredRequest) => void;
}

/** A request and how it ended. */
export interface AnsweredRequest {
  readonly method: string;
  /** The path of the route, with its parameters' names; "" when there is none. */
  readonly route: string;
  /** As it was asked for, without the query. */
  readonly path: string;
  /** What the route asks for; undefined when there is none. */
  readonly role: Role | undefined;
  /** Whether the route changes something. */
  readonly isChange: boolean;
  readonly status: number;
  readonly durationMs: number;
  /** Undefined when nobody was let in. */
  readonly identity: Identity | undefined;
  readonly remoteAddress: string;
}

/** Bytes of bodies that are coming in at once. */
const MAX_BODIES = 64 * 1024 * 1024;

/** Headers of every answer. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "content-security-policy":
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
};

/** A server that listens. */
export class HttpServer implements AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Without a slash at the end. */
  readonly url: string;
  readonly #server: Server | TlsServer;

  private constructor(server: Server | TlsServer, options: HttpServerOptions) {
    this.#server = server;
    this.host = options.host;
    this.port = (server.address() as AddressInfo).port;
    const name = options.host.includes(":") ? `[${options.host}]` : options.host;
    this.url = `${options.tls === undefined ? "http" : "https"}://${name}:${this.port}`;
  }

  /**
   * Starts to listen.
   *
   * @throws {FlxError} `FLX_API_LISTEN` when the port is taken or the address is none of this machine
   */
  static async start(options: HttpServerOptions): Promise<HttpServer> {
    const { limits = DOOR_LIMITS, onRefusedConnection } = options;
    const settings = { maxHeaderSize: 96 * 1024, ...httpPatience(limits) };
    const listener = byTurns(requestListener(options), () => onRefusedConnection?.("pipelined"));
    const server =
      options.tls === undefined
        ? createServer(settings, listener)
        : createTlsServer({ ...settings, ...options.tls }, listener);
    limitConnections(server, limits, onRefusedConnection);
    await listen(server, options);
    server.on("error", () => undefined);
    return new HttpServer(server, options);
  }

  /** New certificates for connections from now on. */
  reloadTls(tls: TlsMaterial): void {
    if ("setSecureContext" in this.#server) {
      this.#server.setSecureContext(contextOptions(tls));
    }
  }

  /** Takes no new connections, waits for the requests under way up to `graceMs`, then closes them. */
  async close(graceMs = 5_000): Promise<void> {
    await closeServer(this.#server, graceMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function listen(server: Server, { host, port }: HttpServerOptions): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port }, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    const reason =
      code === "EADDRINUSE" ? "the port is taken" : `it is no address of this machine (${code})`;
    throw new FlxError("FLX_API_LISTEN", `cannot listen on ${host}:${port}: ${reason}`, { cause });
  }
}

function requestListener(options: HttpServerOptions): RequestListener {
  const table = new RouteTable(options.routes);
  // Questions have their own: they are heard also while no data is taken.
  const bodies = new Admission(MAX_BODIES);
  return (request, response) => {
    const startedMs = performance.now();
    let route: Route | undefined;
    let identity: Identity | undefined;
    const { method = "", socket } = request;
    const remoteAddress = plainAddress(socket.remoteAddress ?? "");
    response.once("close", () => {
      options.onAnswer?.({
        method,
        route: route?.path ?? "",
        path: (request.url ?? "").split("?", 1)[0]!,
        role: route?.role,
        isChange: route?.role === "admin" || route?.changes === true,
        status: response.statusCode,
        durationMs: performance.now() - startedMs,
        identity,
        remoteAddress,
      });
    });
    const serve = async (): Promise<void> => {
      try {
        const found = findRoute(table, request, options.maxUrlLength ?? 65_536);
        ({ route } = found);
        identity = await options.gate.admit(request, route.role);
        await answerRoute(found, request, response, identity, options, bodies);
      } catch (error) {
        await answerFailure(error, request, response, options);
      }
    };
    void serve();
  };
}

interface FoundRoute {
  readonly route: Route;
  readonly params: ReadonlyMap<string, string>;
  readonly path: string;
  readonly search: string;
}

function findRoute(table: RouteTable, request: IncomingMessage, maxLength: number): FoundRoute {
  const { url = "/", method = "GET" } = request;
  if (url.length > maxLength) {
    throw new Refusal("bad_data", `the URL is longer than ${maxLength} characters; use POST`, {
      status: 414,
      headers: { connection: "close" },
    });
  }
  const at = url.indexOf("?");
  const path = at < 0 ? url : url.slice(0, at);
  const search = at < 0 ? "" : url.slice(at + 1);
  const found = table.find(method, path);
  if (found.kind === "route") return { ...found, path, search };
  if (found.kind === "none") throw new Refusal("not_found", `there is no ${path.slice(0, 200)}`);
  throw new Refusal("bad_data", `${method} is not allowed here`, {
    status: 405,
    headers: { allow: found.allowed.join(", ") },
  });
}

async function answerRoute(
  { route, params, path, search }: FoundRoute,
  incoming: IncomingMessage,
  response: ServerResponse,
  identity: Identity,
  { limits: { idleMs } = DOOR_LIMITS }: HttpServerOptions,
  bodies: Admission,
): Promise<void> {
  if ("handle" in route) {
    response.once("prefinish", () => incoming.socket.setTimeout(idleMs));
    await route.handle(incoming, response);
    return;
  }
  const gone = new AbortController();
  // Not when all has been said: an abort makes an exception with its stack, a tenth of a small question's time.
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  using admitted = bodies.open(clientNetwork(incoming.socket.remoteAddress ?? ""));
  const request = new ApiRequest(incoming, {
    admitted,
    path,
    search,
    params,
    signal: gone.signal,
    identity,
  });
  await request.readForm();
  const answer = await route.answer(request);
  // From now on the other end must read.
  incoming.socket.setTimeout(idleMs);
  if (!response.destroyed) await writeAnswer(incoming, response, answer, SECURITY_HEADERS);
}

async function answerFailure(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  { onError }: HttpServerOptions,
): Promise<void> {
  if (response.destroyed) return;
  if (response.headersSent) {
    onError?.(error, request);
    response.destroy();
    return;
  }
  if (!(error instanceof Refusal)) onError?.(error, request);
  const refusal = error instanceof Refusal ? error : new Refusal("internal", "internal error");
  const { headers } = refusal;
  const answer = { ...errorAnswer(refusal.type, refusal.message, refusal.status) };
  const all = { ...answer, headers: { ...answer.headers, ...headers } };
  if (request.complete) {
    await writeAnswer(request, response, all, SECURITY_HEADERS);
    return;
  }
  // A body that nobody reads must not be taken for the next request.
  const length = { "content-length": Buffer.byteLength(all.body), connection: "close" };
  response.writeHead(all.status, { ...SECURITY_HEADERS, ...all.headers, ...length });
  endEarly(response, all.body);
}

/** An error in the form of Prometheus' API. */
function errorAnswer(errorType: ErrorType, error: string, status: number) {
  const body = JSON.stringify({ status: "error", errorType, error });
  return { status, headers: { "content-type": "application/json" }, body };
}
