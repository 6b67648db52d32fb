// Access control at the door of the API: refusals become answers in Prometheus' error form.

import type { IncomingMessage } from "node:http";
import type { AccessControl } from "../../base/access/access-control.ts";
import { AccessRefusal } from "../../base/access/access-refusal.ts";
import { callerOf } from "../../base/access/caller.ts";
import type { Identity, Role } from "../../base/access/role.ts";
import type { Gate } from "./http-server.ts";
import { Refusal } from "./refusal.ts";

const TYPES = {
  unauthorized: "unauthorized",
  forbidden: "forbidden",
  limited: "too_many_requests",
} as const;

/** The gate of an HTTP server. */
export function accessGate(access: AccessControl): Gate {
  return {
    async admit(request: IncomingMessage, role: Role): Promise<Identity> {
      try {
        const { method, headers, socket } = request;
        return await access.admit(callerOf(method, headers, socket), role);
      } catch (error) {
        throw error instanceof AccessRefusal ? refusalOf(error) : error;
      }
    },
  };
}

function refusalOf(error: AccessRefusal): Refusal {
  const headers: Record<string, string> = {};
  if (error.challenges.length > 0) headers["www-authenticate"] = error.challenges.join(", ");
  if (error.kind === "limited") {
    headers["retry-after"] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1_000)));
  }
  return new Refusal(TYPES[error.kind], error.message, { headers, cause: error });
}
