// Sees every call that a grpc-js server serves.
//
//   new Server({ interceptors: [grpcServerInterceptor(metrics)] })
//
// A call ends with the first of: its status is sent (the handler's, or grpc-js' own for a deadline, a message it cannot
// read, a handler that throws), or it is cancelled. A stream sends its status after its last message. As in the client's
// interceptor, the two methods are put on the call object itself, which is this call's alone.
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
    call.start = (listener) => {
      const onReceiveMetadata = listener.onReceiveMetadata.bind(listener);
      const onCancel = listener.onCancel.bind(listener);
      listener.onReceiveMetadata = (metadata) => {
        end = beginCall(observers, { side: "server", method, kind, metadata });
        onReceiveMetadata(metadata);
      };
      listener.onCancel = () => {
        const isLate = Number(call.getDeadline()) <= Date.now();
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
