// Sees every call that a grpc-js client makes.
//
//   new OrdersClient(address, credentials, { interceptors: [grpcClientInterceptor(metrics)] })
//
// Of a call two things are needed: its start, and its status, which grpc-js delivers for every ending (the server's
// answer, a cancellation, a deadline, a lost connection). So the interceptor puts its own `start` on the call object and
// its own `onReceiveStatus` on the listener, both of which belong to this call alone. grpc-js' own way, an
// InterceptingCall around each call, would send every message of a stream through two more objects, and would need
// grpc-js to be loaded here.
//
// Retries that grpc-js makes by itself are below the interceptors: they are one call.

import type { Interceptor, InterceptingCall } from "@grpc/grpc-js";
import { callMetrics, type GrpcFamilies } from "./call-metrics.ts";
import { beginCall, type CallObserver, kindOf, methodName } from "./call-observer.ts";

const UNKNOWN = 2;

/**
 * An interceptor that counts and times calls; put it first, so that it sees what the others do.
 *
 * @param metrics   a MetricsCollector
 * @param observers who else sees the calls
 */
export function grpcClientInterceptor(
  metrics: GrpcFamilies,
  ...observers: readonly CallObserver[]
): Interceptor {
  return observingInterceptor([callMetrics(metrics), ...observers]);
}

function observingInterceptor(observers: readonly CallObserver[]): Interceptor {
  return (options, nextCall) => {
    const { path, requestStream, responseStream } = options.method_definition;
    const method = methodName(path);
    const kind = kindOf({ path, requestStream, responseStream });
    const call = nextCall(options);
    const start = call.start.bind(call);
    call.start = (metadata, listener = {}) => {
      const end = beginCall(observers, { side: "client", method, kind, metadata });
      const onReceiveStatus = listener.onReceiveStatus?.bind(listener);
      listener.onReceiveStatus = (status) => {
        end(status.code, status.details);
        onReceiveStatus?.(status);
      };
      try {
        start(metadata, listener);
      } catch (error) {
        end(UNKNOWN, "the call could not be started");
        throw error;
      }
    };
    // grpc-js asks for its own class and uses its interface.
    return call as InterceptingCall;
  };
}
