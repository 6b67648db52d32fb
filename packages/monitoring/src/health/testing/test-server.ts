// A TCP server that misbehaves in one of the ways that real ones do.
//
//   silent    accepts and says nothing: hung, or stopped by a debugger
//   closes    accepts and closes at once: a proxy without a backend
//   resets    accepts and resets at once: out of memory, firewall
//   garbage   says bytes that mean nothing, and waits: another program on that port
//   slow      says one byte each 10 ms for ever: overloaded, or on purpose
//   floods    says bytes without end, as fast as they are taken
//   echoes    says back what it was told: shows whether secrets come out again

import { createServer, type Server, type Socket } from "node:net";

/** The ways to misbehave. */
export const MISBEHAVIOURS = [
  "silent",
  "closes",
  "resets",
  "garbage",
  "slow",
  "floods",
  "echoes",
] as const;

/** One of the ways to misbehave. */
export type Misbehaviour = (typeof MISBEHAVIOURS)[number];

/** What a connection is done with: one of the known ways, or one's own. */
export type ServerBehaviour = Misbehaviour | ((socket: Socket) => void);

/** A server on a free loopback port. */
export interface TestServer extends AsyncDisposable {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Connections that are open now. */
  readonly open: number;
  /** Bytes it got rid of so far. */
  readonly sentBytes: number;
  /** Closes the port and all connections. */
  close(): Promise<void>;
}

/**
 * Starts a server that does this with every connection.
 *
 *     await using server = await startTestServer("silent");
 */
export async function startTestServer(behaviour: ServerBehaviour): Promise<TestServer> {
  const server = new Misbehaving(behaviour);
  await server.listen();
  return server;
}

/** A loopback port that nobody listens on at this moment. */
export async function refusingPort(): Promise<number> {
  const server = await startTestServer("closes");
  await server.close();
  return server.port;
}

class Misbehaving implements TestServer {
  readonly host = "127.0.0.1";
  port = 0;
  accepted = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #closedBytes = 0;

  constructor(behaviour: ServerBehaviour) {
    const act = typeof behaviour === "function" ? behaviour : behaviours[behaviour];
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.accepted++;
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        this.#closedBytes += socket.bytesWritten;
      });
      act(socket);
    });
  }

  get open(): number {
    return this.#sockets.size;
  }

  get sentBytes(): number {
    return [...this.#sockets].reduce((sum, each) => sum + each.bytesWritten, this.#closedBytes);
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host: this.host, port: 0 }, resolve);
    });
    const address = this.#server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Bytes that look like nothing, the same ones each time, with line ends in them. */
const GARBAGE = Buffer.from(
  Array.from({ length: 4096 }, (_, i) =>
    i % 97 === 96 ? 0x0a : (i * 7919 + (i >> 3) * 31) & 0xff,
  ),
);
const FLOOD = Buffer.alloc(64 * 1024, "A");

const behaviours: Readonly<Record<Misbehaviour, (socket: Socket) => void>> = {
  silent: (socket) => void socket.resume(),
  closes: (socket) => void socket.resume().end(),
  resets: (socket) => void socket.resetAndDestroy(),
  garbage: (socket) => {
    socket.resume();
    socket.write(GARBAGE);
  },
  slow: (socket) => {
    socket.resume();
    let at = 0;
    const timer = setInterval(() => socket.write(GARBAGE.subarray(at, ++at)), 10);
    socket.on("close", () => clearInterval(timer));
  },
  floods: (socket) => {
    socket.resume();
    const pour = (): void => {
      while (!socket.destroyed && socket.write(FLOOD));
    };
    socket.on("drain", pour);
    pour();
  },
  echoes: (socket) => void socket.pipe(socket),
};
