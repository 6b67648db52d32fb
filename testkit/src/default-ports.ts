// The ports that the station and the shop have by default (3590, 4317, 4318, 8080, 9464 ...): documents and the README's
// commands are run as they stand, and so only one at a time on a machine, whatever else is tested beside it.
//
//   holder      listens at a name that the kernel keeps for it, and gives up when it ends however it ends
//   its child   has it too: FLX_TEST_DEFAULT_PORTS is in its environment

import { once } from "node:events";
import { createServer } from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const MARK = "FLX_TEST_DEFAULT_PORTS";
const PAUSE_MS = 200;

/**
 * Waits until no other test has the default ports, and holds them until it is disposed of. Without abstract sockets
 * (anywhere but on Linux) it holds nothing.
 *
 * @example await using _ = await holdDefaultPorts();
 */
export async function holdDefaultPorts(): Promise<AsyncDisposable> {
  const release = async (): Promise<void> => undefined;
  if (process.platform !== "linux" || process.env[MARK] !== undefined) {
    return { [Symbol.asyncDispose]: release };
  }
  for (;;) {
    const server = createServer((socket) => socket.destroy());
    try {
      server.listen("\0flx-test-default-ports");
      await once(server, "listening");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      await sleep(PAUSE_MS);
      continue;
    }
    process.env[MARK] = "held";
    return {
      async [Symbol.asyncDispose]() {
        delete process.env[MARK];
        server.close();
        await once(server, "close");
      },
    };
  }
}
