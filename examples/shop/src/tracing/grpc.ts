// A span on both sides of each gRPC call, and the context between them in the metadata.
//
// A broken business rule (a declined card, an unknown product) is normal life: its span says so and is no error.

import { context, propagation, ROOT_CONTEXT } from "@opentelemetry/api";
import { type Metadata, status } from "@grpc/grpc-js";
import { type TraceKind, traceAsync } from "@flx/monitoring/tracing";
import { ShopError } from "../shop-error.ts";

/** Runs a call as a client's span; the metadata carries it to the server. */
export function tracedCall<Result>(
  path: string,
  metadata: Metadata,
  call: () => Promise<Result>,
): Promise<Result> {
  return traced(path, "client", () => {
    carryContext(metadata);
    return call();
  });
}

/** Puts the active context into metadata. */
export function carryContext(metadata: Metadata): void {
  propagation.inject(context.active(), metadata, {
    set: (carrier, name, value) => carrier.set(name, value),
  });
}

/** Runs a handler as a server's span, under the caller's. */
export function tracedHandler<Result>(
  path: string,
  metadata: Metadata,
  handle: () => Promise<Result>,
): Promise<Result> {
  const caller = propagation.extract(ROOT_CONTEXT, metadata, {
    get: (carrier, name) => carrier.get(name).map(String),
    keys: (carrier) => Object.keys(carrier.getMap()),
  });
  return context.with(caller, () => traced(path, "server", handle));
}

async function traced<Result>(
  path: string,
  kind: TraceKind,
  work: () => Promise<Result>,
): Promise<Result> {
  const [, service = "", method = ""] = path.split("/");
  const attributes = { "rpc.system": "grpc", "rpc.service": service, "rpc.method": method };
  const outcome = await traceAsync(path.slice(1), { kind, attributes }, async (span) => {
    try {
      return { result: await work() };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      span?.setAttribute("shop.refused", (error as Error).message);
      return { refusal: error };
    }
  });
  if ("refusal" in outcome) throw outcome.refusal;
  return outcome.result;
}

const refusals: ReadonlySet<unknown> = new Set([
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.FAILED_PRECONDITION,
]);

function isRefusal(error: unknown): boolean {
  if (error instanceof ShopError) return error.code !== "payment_unavailable";
  return refusals.has((error as { code?: unknown }).code);
}
