// A way into the station: what can be asked at which door, and the role that needs.

import type { Role } from "./role.ts";

/** One row of the table of all doors. */
export interface DoorRule {
  readonly door: "http" | "otlpHttp" | "otlpGrpc";
  readonly method: string;
  /** Segments that begin with ":" are parameters, "*" takes the rest. */
  readonly path: string;
  readonly role: Role;
}
