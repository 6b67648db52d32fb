// Asks nothing: whether a connection is accepted.

import { connect } from "node:net";
import { type Outcome, unreachable } from "./outcome.ts";
import type { ProbeOptions } from "./probe.ts";
import type { ProbeTarget } from "./probe-target.ts";

/** Connects, and closes the connection again. */
export function probeTcp(
  { address }: ProbeTarget & { readonly kind: "tcp" },
  { timeoutMs }: ProbeOptions,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const end = (outcome: Outcome): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(
      () => end({ status: "unreachable", message: `no connection within ${timeoutMs} ms` }),
      timeoutMs,
    );
    socket.once("connect", () =>
      end({ status: "healthy", message: "the connection was accepted" }),
    );
    socket.on("error", (error) => end(unreachable(error)));
  });
}
