// The network between orders and payments, and the fault `network-delay`.
//
//   orders ──TCP──> this proxy ──TCP──> payments
//
// The proxy is always in the way, so the delay begins and ends in open connections. Each chunk of bytes waits on
// its own and never overtakes the one before it; the end of a connection waits as well.

import { createServer, connect, type Server, type Socket } from "node:net";
import { once } from "node:events";

/** A running proxy. */
export type Network = {
  readonly port: number;
  /** From now on every packet takes this much longer, each way. */
  setDelay(delayMs: number): void;
  stop(): Promise<void>;
};

/** Starts a proxy on a free port of `host` in front of `targetPort`. */
export async function startNetwork(host: string, targetPort: number): Promise<Network> {
  const sockets = new Set<Socket>();
  let delayMs = 0;
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ host, port: targetPort, allowHalfOpen: true, noDelay: true });
    const cut = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", cut);
      socket.on("close", () => {
        sockets.delete(socket);
        cut();
      });
    }
    forward(near, far, () => delayMs);
    forward(far, near, () => delayMs);
  });
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    port,
    setDelay(milliseconds) {
      delayMs = milliseconds;
    },
    async stop() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Passes on what `from` says to `to`, each piece `delay()` later, in order. */
function forward(from: Socket, to: Socket, delay: () => number): void {
  const waiting: (() => void)[] = [];
  let freeAtMs = 0;
  const later = (work: () => void): void => {
    const nowMs = performance.now();
    freeAtMs = Math.max(nowMs + delay(), freeAtMs);
    if (freeAtMs <= nowMs && waiting.length === 0) return work();
    waiting.push(work);
    // Whichever timer fires first lets the oldest piece go: two timers may swap places, bytes may not.
    setTimeout(() => waiting.shift()?.(), freeAtMs - nowMs);
  };
  from.on("data", (chunk) => later(() => to.writable && to.write(chunk)));
  from.on("end", () => later(() => to.end()));
}
