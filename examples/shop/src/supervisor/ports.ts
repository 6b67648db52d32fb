// Which ports the shop uses, and whether they can be had.

import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { host, type defaultPorts } from "../settings.ts";

/** The parts of the shop that listen where somebody from outside may call. */
export type PortName = keyof typeof defaultPorts;

/** A port of each part; 0 is any free one. */
export type Ports = Readonly<Record<PortName, number>>;

/** The option of `shop up` that chooses a port. */
export const portOptions: Readonly<Record<PortName, string>> = {
  gateway: "--port",
  control: "--control-port",
  orders: "--orders-port",
  payments: "--payments-port",
  "gateway-metrics": "--metrics-port",
  "orders-metrics": "--metrics-port",
  "payments-metrics": "--metrics-port",
  "pipelines-metrics": "--metrics-port",
};

/** A port the shop needs belongs to somebody else. The message says what to do. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError";
  readonly code = "port_taken";
  readonly port: number;

  constructor(name: string, port: number) {
    const option = portOptions[name as PortName];
    super(
      `port ${port} (${name}) is already in use on ${host}.\n` +
        `  Choose another one:        --${option.slice(2)} N\n` +
        `  Let the shop find its own: --port 0\n` +
        `  See who has it:            lsof -nP -iTCP:${port} -sTCP:LISTEN`,
    );
    this.port = port;
  }
}

/** The ports to use: each one asked for is free just now, each 0 is replaced. Throws a PortTakenError. */
export async function choosePorts(wanted: Ports): Promise<Ports> {
  const held: Server[] = [];
  try {
    const chosen: [string, number][] = [];
    for (const [name, port] of Object.entries(wanted)) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that the first taken port is named
      const server = await hold(name, port);
      held.push(server);
      chosen.push([name, (server.address() as { port: number }).port]);
    }
    return Object.fromEntries(chosen) as Ports;
  } finally {
    await Promise.all(held.map((server) => once(server.close(), "close")));
  }
}

/** Free ports are looked for here: below those that systems give to outgoing connections, which could take one again. */
const freeRange = { first: 10_000, count: 20_000 };
const freeTries = 100;

async function hold(name: string, port: number): Promise<Server> {
  if (port !== 0) return listenOn(name, port);
  for (let tries = 1; ; tries++) {
    try {
      return await listenOn(name, freeRange.first + Math.floor(Math.random() * freeRange.count));
    } catch (error) {
      if (!(error instanceof PortTakenError) || tries === freeTries) throw error;
    }
  }
}

async function listenOn(name: string, port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") throw new PortTakenError(name, port);
    if (code === "EACCES")
      throw new Error(`port ${port} (${name}) needs more rights; choose one above 1023`, {
        cause: error,
      });
    throw error;
  }
  return server;
}
