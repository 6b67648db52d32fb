// What the supervisor and its children tell each other over the IPC channel.

import type { FaultName } from "../faults/catalogue.ts";

export type ToChild = { readonly kind: "faults"; readonly on: readonly FaultName[] };

export type FromChild =
  | { readonly kind: "ready" }
  /** The process cannot start, and trying again will not help: a port is taken. */
  | { readonly kind: "port-taken"; readonly port: number }
  /** How it is now; `because` names the components that are not healthy. */
  | { readonly kind: "health"; readonly word: string; readonly because: readonly string[] };
