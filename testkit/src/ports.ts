// Free loopback ports for servers that tests start.
//
//   20000 ┌───────┬───────┬───────┬─ ... ─┐ 32288      256 slots of 48 ports,
//         │ pid 0 │ pid 1 │ pid 2 │       │            the slot chosen by process id
//         └───────┴───────┴───────┴─ ... ─┘
//
// Why not ask the kernel (listen on 0, close, use the number): those numbers come from the ephemeral
// range, from which any outgoing connection on the machine may take one before the server starts; and two
// test files asking at the same moment may get the same one. Test files run at the same time have
// different process ids, hence different slots, and this range is below the ephemeral one of Linux
// (32768 up) and macOS. Each candidate is still tried before it is handed out.

import { createServer } from "node:net";
import { TestkitError } from "./errors.ts";

const first = 20_000;
const slotSize = 48;
const count = 256 * slotSize;

let next = (process.pid * slotSize) % count;
let handedOut = 0;

/**
 * A loopback port nobody listens on; never the same twice in one process.
 *
 * @throws {TestkitError} `TESTKIT_NO_PORT` when the whole range is taken
 */
export async function freePort(): Promise<number> {
  while (handedOut < count) {
    const port = first + next;
    next = (next + 1) % count;
    handedOut++;
    // One candidate after the other, until one is free.
    if (await isPortFree(port)) return port;
  }
  throw new TestkitError(
    "TESTKIT_NO_PORT",
    `no free loopback port left between ${first} and ${first + count - 1}`,
  );
}

/** Several ports as of {@link freePort}, all different. */
export async function freePorts(howMany: number): Promise<number[]> {
  return Promise.all(Array.from({ length: howMany }, freePort));
}

/** Whether a server could listen on this loopback port now. */
export async function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });
}
