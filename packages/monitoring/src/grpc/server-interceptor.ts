// Sees every call that a grpc-js server serves.
//
//   new Server({ interceptors: [grpcServerInterceptor(metrics)] })
//
// A call ends with the first of: its status is sent (the handler's, or grpc-js' own for a deadline, a message it cannot
// read, a handler that throws), or it is cancelled. A stream sends its status after its last message. As in the client's
// interceptor, the two methods are put on the call object itself, which is this call's alone.
//
// A client that has run out of time resets the stream. The server counts the same time from when the call reached it,
// so the reset may come a little before the server's own deadline: such a cancellation is the deadline, too.
//
// Calls of methods that the server does not have never reach interceptors, so nobody can fill the metrics with names.

import type { ServerInterceptingCall, ServerInterceptor } from "@grpc/grpc-js";
import { grpcStatusCode } from "./call-error.ts";
import { callMetrics, type GrpcFamilies } from "./call-metrics.ts";
import { beginCall, type CallEnd, type CallObserver, kindOf, methodName } from "./call-observer.ts";

const CANCELLED = grpcStatusCode("CANCELLED");
const DEADLINE_EXCEEDED = grpcStatusCode("DEADLINE_EXCEEDED");

/**
 * An interceptor that counts and times calls; put it last, so that it sees what the others do.
 *
 * @param metrics   a MetricsCollector
 * @param observers who else sees the calls
 */
export function grpcServerInterceptor(
  metrics: GrpcFamilies,
  ...observers: readonly CallObserver[]
): ServerInterceptor {
  return observingInterceptor([callMetrics(metrics), ...observers]);
}

function observingInterceptor(observers: readonly CallObserver[]): ServerInterceptor {
  return (definition, call) => {
    const method = methodName(definition.path);
    const kind = kindOf(definition);
    const start = call.start.bind(call);
    const sendStatus = call.sendStatus.bind(call);
    let end: CallEnd | undefined;
    let begunMs = 0;
    call.start = (listener) => {
      const onReceiveMetadata = listener.onReceiveMetadata.bind(listener);
      const onCancel = listener.onCancel.bind(listener);
      listener.onReceiveMetadata = (metadata) => {
        begunMs = Date.now();
        end = beginCall(observers, { side: "server", method, kind, metadata });
        onReceiveMetadata(metadata);
      };
      listener.onCancel = () => {
        const isLate = isDeadline(Number(call.getDeadline()), begunMs, Date.now());
        end?.(isLate ? DEADLINE_EXCEEDED : CANCELLED, "");
        onCancel();
      };
      start(listener);
    };
    call.sendStatus = (status) => {
      end?.(status.code, status.details);
      sendStatus(status);
    };
    // grpc-js asks for its own class and uses its interface.
    return call as ServerInterceptingCall;
  };
}

/** How much earlier than the server's deadline the client's may end: the time that the call took to get here. */
const MAX_TRANSIT_MS = 50;

/** Whether a call that was cancelled now had run out of time: within its last tenth, and its last 50 ms. */
function isDeadline(deadlineMs: number, begunMs: number, nowMs: number): boolean {
  const transitMs = Math.min(MAX_TRANSIT_MS, (deadlineMs - begunMs) / 10);
  return nowMs >= deadlineMs - transitMs;
}
