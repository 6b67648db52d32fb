// What the interceptors tell of each gRPC call, to whoever wants to know: metrics now (call-metrics.ts), tracing as a
// second observer beside it, without another interceptor in the chain.
//
//   call begins ──► started(call) ──► the observer's end(status, details)      exactly once, whatever ends the call
//                     │
//                     └─ may read the metadata, and on the client write to it (trace context)
//
//   what happened                                    status
//   the server answers, or refuses                   its status
//   the client cancels, or goes away                 CANCELLED
//   the deadline passes                              DEADLINE_EXCEEDED
//   a handler throws                                 UNKNOWN, as grpc-js answers it
//
// An observer that throws hurts nobody: neither the call nor the other observers.

import type { Metadata } from "@grpc/grpc-js";

/** A call that begins. */
export interface ObservedCall {
  readonly side: "client" | "server";
  /** "shop.orders.v1.Orders/PlaceOrder" */
  readonly method: string;
  readonly kind: "unary" | "client_stream" | "server_stream" | "bidi";
  /** What the client sends; before it is sent, on the client. */
  readonly metadata: Metadata;
}

/** Told how the call ended: the number of its gRPC status, and the text to it. */
export type CallEnd = (status: number, details: string) => void;

/** Sees calls. */
export interface CallObserver {
  /** A call begins; gives what is to be told of its end. */
  started(call: ObservedCall): CallEnd | undefined;
}

/** What grpc-js tells of a method. */
export interface MethodShape {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** The kind of a method. */
export function kindOf({ requestStream, responseStream }: MethodShape): ObservedCall["kind"] {
  if (requestStream) return responseStream ? "bidi" : "client_stream";
  return responseStream ? "server_stream" : "unary";
}

/** The name of a method, from its path. */
export function methodName(path: string): string {
  return path.startsWith("/") ? path.slice(1) : path;
}

/** Begins a call for several observers; what is given back ends it for all of them, once. */
export function beginCall(observers: readonly CallObserver[], call: ObservedCall): CallEnd {
  const [only] = observers;
  // The usual case, without a list.
  const ends =
    observers.length === 1 && only !== undefined
      ? begin(only, call)
      : observers.map((observer) => begin(observer, call));
  let hasEnded = false;
  return (status, details) => {
    if (hasEnded) return;
    hasEnded = true;
    if (!Array.isArray(ends)) finish(ends, status, details);
    else for (const end of ends) finish(end, status, details);
  };
}

function begin(observer: CallObserver, call: ObservedCall): CallEnd | undefined {
  try {
    return observer.started(call);
  } catch {
    return undefined;
  }
}

function finish(end: CallEnd | undefined, status: number, details: string): void {
  try {
    end?.(status, details);
  } catch {
    // The call is over, and it was not the caller's mistake.
  }
}
