// The value of the `status` label: how a tracked run ended, in the words of its family.
//
//   how it ended                                 pipelines, commands      gRPC
//   returned, resolved, iterated to the end      success                  OK
//   stopped by the reader: return(), destroy()   success                  CANCELLED
//   an AbortError, a stream that was given up    cancelled                CANCELLED
//   any other error                              failure                  the name of the error's code, else UNKNOWN
//
// Why "cancelled" is no failure: somebody asked for it (a deployment, a caller that left), and an alert on the share
// of failures must stay quiet. Why a reader that stops is a success: `break` after the tenth row means ten were enough.
// In gRPC, to leave before the status has arrived is to cancel the call, and its name for that is CANCELLED.

import { GRPC_STATUS } from "../../calls/grpc-status-names.ts";

/** How a run ended. */
export type Ending =
  | { readonly kind: "finished" | "stopped" | "cancelled" }
  | { readonly kind: "failed"; readonly error: unknown };

/** The words of one family for how a run ended. */
export type StatusOf = (ending: Ending) => string;

const EXECUTION_STATUS = {
  finished: "success",
  stopped: "success",
  cancelled: "cancelled",
} as const;
const GRPC_ENDING = { finished: "OK", stopped: "CANCELLED", cancelled: "CANCELLED" } as const;

/** The status of a pipeline run or a command: "success", "failure" or "cancelled". */
export function executionStatus(ending: Ending): string {
  if (ending.kind !== "failed") return EXECUTION_STATUS[ending.kind];
  return isAbort(ending.error) ? "cancelled" : "failure";
}

/** The status of a gRPC request: the name of its status code. */
export function grpcStatus(ending: Ending): string {
  return ending.kind === "failed" ? grpcStatusOf(ending.error) : GRPC_ENDING[ending.kind];
}

function grpcStatusOf(error: unknown): string {
  // A DOMException has numbers of its own: its 8 is NotFoundError, not RESOURCE_EXHAUSTED.
  const code = error instanceof DOMException ? undefined : property(error, "code");
  if (typeof code === "number") return codeName(GRPC_STATUS[code]);
  if (isAbort(error)) return "CANCELLED";
  if (property(error, "name") === "TimeoutError") return "DEADLINE_EXCEEDED";
  return codeName(GRPC_STATUS.find((name) => name === code));
}

/** An error cannot be OK, and a number that gRPC does not have is unknown. */
function codeName(name: string | undefined): string {
  return name === undefined || name === "OK" ? "UNKNOWN" : name;
}

function isAbort(error: unknown): boolean {
  return property(error, "name") === "AbortError" || property(error, "code") === "ABORT_ERR";
}

/** A property of whatever was thrown; a getter that throws must not replace the error. */
function property(error: unknown, name: string): unknown {
  if (typeof error !== "object" || error === null) return undefined;
  try {
    return (error as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
