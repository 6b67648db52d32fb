// Asks over gRPC, in the client that the SDK's own checks use.

import { askGrpcHealth, GrpcCallError } from "@flx/monitoring/grpc/health-client";
import { FlxError } from "@flx/model/errors";
import { UsageError } from "../command.ts";
import type { Outcome } from "./outcome.ts";
import type { ProbeOptions } from "./probe.ts";
import type { ProbeTarget } from "./probe-target.ts";

/**
 * Asks once.
 *
 * @throws {UsageError} when the target is none, or a TLS file cannot be read
 */
export async function probeGrpc(
  { target, isSecure }: ProbeTarget & { readonly kind: "grpc" },
  options: ProbeOptions,
): Promise<Outcome> {
  const { service, protocol, token, timeoutMs, tls } = options;
  try {
    const { signal } = new AbortController();
    const result = await askGrpcHealth(
      {
        target,
        service,
        protocol,
        tls: isSecure ? given(tls) : false,
        ...(token === undefined ? {} : { token }),
      },
      { signal, timeoutMs },
    );
    const { status = "healthy", message = "it says so", components } = result;
    return { status, message, ...(components === undefined ? {} : { components }) };
  } catch (error) {
    if (error instanceof GrpcCallError) return { status: "unreachable", message: error.message };
    if (error instanceof FlxError) throw new UsageError(error.message);
    throw error;
  }
}

type Given<Options> = { readonly [Name in keyof Options]: Exclude<Options[Name], undefined> };

/** Without what is undefined. */
function given<Options extends object>(options: Options): Partial<Given<Options>> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<Given<Options>>;
}
