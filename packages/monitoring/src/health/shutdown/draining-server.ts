// A server that is emptied before it is closed, so that nobody's request is lost.
//
//   drain()    still listens; each answer says `connection: close`, so that clients come back over new connections, which a
//              load balancer sends elsewhere by now
//   close()    listens no more; idle connections are closed, busy ones when their answer is sent
//   force()    what is still open is cut
//
// Idle connections are not cut while draining: a request may be on its way over one, and would fail.
//
// Any server of node:http, https, net and http2 (whose sessions are told to go away), and grpc-js' Server, by what they
// can do: no library is loaded for that.

import type { EventEmitter } from "node:events";

/** A server of node:http, https, net, or http2. */
export interface NodeServer extends EventEmitter {
  close(done?: (error?: Error) => void): unknown;
  closeIdleConnections?(): void;
  closeAllConnections?(): void;
}

/** A server of grpc-js. */
export interface GrpcServer {
  tryShutdown(done: (error?: Error) => void): void;
  forceShutdown(): void;
}

/** What can be emptied. */
export type DrainableServer = NodeServer | GrpcServer;

/** A server that is emptied before it is closed. */
export interface DrainingServer {
  drain(): void;
  /** Settles when the last connection has gone. Never rejects: a server that does not run is closed. */
  close(): Promise<void>;
  force(): void;
}

/** The way to empty a server; from now on it is watched. */
export function drainingServer(server: DrainableServer): DrainingServer {
  return "tryShutdown" in server ? new DrainingGrpcServer(server) : new DrainingNodeServer(server);
}

class DrainingGrpcServer implements DrainingServer {
  readonly #server: GrpcServer;

  constructor(server: GrpcServer) {
    this.#server = server;
  }

  /** HTTP/2 has no `connection: close`; that the server goes away is said when it is closed. */
  drain(): void {}

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.tryShutdown(() => resolve());
    });
  }

  force(): void {
    this.#server.forceShutdown();
  }
}

interface Destroyable extends EventEmitter {
  destroy(): unknown;
}

interface Session extends Destroyable {
  close(): unknown;
}

interface Response extends EventEmitter {
  readonly headersSent: boolean;
  shouldKeepAlive?: boolean;
}

class DrainingNodeServer implements DrainingServer {
  readonly #server: NodeServer;
  readonly #sockets = new Set<Destroyable>();
  readonly #sessions = new Set<Session>();
  readonly #responses = new Set<Response>();
  #isDraining = false;
  #isClosing = false;

  constructor(server: NodeServer) {
    this.#server = server;
    const kept = <Each extends EventEmitter>(set: Set<Each>) => {
      return (each: Each) => {
        set.add(each);
        each.once("close", () => set.delete(each));
      };
    };
    // Also those that a websocket has taken over: the server itself knows them no more.
    server.on("connection", kept(this.#sockets));
    server.on("session", kept(this.#sessions));
    // Before the application: it may send its headers at once.
    server.prependListener("request", (_request: unknown, response: Response) => {
      this.#follow(response);
    });
  }

  drain(): void {
    this.#isDraining = true;
    for (const response of this.#responses) sayClose(response);
  }

  close(): Promise<void> {
    this.#isClosing = true;
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeIdleConnections?.();
    for (const session of this.#sessions) session.close();
    return closed;
  }

  force(): void {
    this.#server.closeAllConnections?.();
    for (const each of [...this.#sessions, ...this.#sockets]) each.destroy();
  }

  #follow(response: Response): void {
    this.#responses.add(response);
    if (this.#isDraining) sayClose(response);
    response.once("close", () => {
      this.#responses.delete(response);
      // One that said "keep-alive" before all this is idle now.
      if (this.#isClosing) setImmediate(() => this.#server.closeIdleConnections?.());
    });
  }
}

/** The answer will say `connection: close`; an answer of HTTP/2 has no such thing. */
function sayClose(response: Response): void {
  if (!response.headersSent && "shouldKeepAlive" in response) response.shouldKeepAlive = false;
}
