// A gRPC client with promises: one method per rpc of the service, a deadline on every call, the request id passed on.

import { Client, type ServiceDefinition } from "@grpc/grpc-js";
import { grpcClientInterceptor } from "@flx/monitoring/grpc";
import type { ShopMetrics } from "../metrics.ts";
import { clientCredentials } from "./credentials.ts";
import { carryContext, tracedCall } from "../tracing/grpc.ts";
import { withRequestId } from "./request-id.ts";
import { fromServiceError } from "./status.ts";

/** The types of an rpc that answers once. */
export type Unary<Request, Response> = (
  request: Request,
  context?: CallContext,
) => Promise<Response>;

/** The types of an rpc that answers many times. */
export type ServerStream<Request, Response> = (
  request: Request,
  context?: CallContext,
) => AsyncIterable<Response>;

/** What a call passes on. */
export type CallContext = { readonly requestId?: string | undefined };

export type ClientOptions = {
  readonly definition: ServiceDefinition;
  /** host:port of the server. */
  readonly address: string;
  readonly tlsFolder: string | undefined;
  /** How long a call may take, in milliseconds. */
  readonly deadlineMs: number;
  /** Where calls are counted; commands, which nobody scrapes, have none. */
  readonly metrics: ShopMetrics | undefined;
};

/** A client whose methods are the rpcs `Api`, plus `close`. */
export type GrpcClient<Api> = Api & { close(): void };

/** Connects lazily: the first call opens the connection, and a lost one is opened again. */
export function connect<Api>(options: ClientOptions): GrpcClient<Api> {
  const channel = new Client(options.address, clientCredentials(options.tlsFolder), {
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    interceptors:
      options.metrics === undefined ? [] : [grpcClientInterceptor(options.metrics.collector)],
  });
  const methods = Object.values(options.definition).map((rpc) => {
    const name = rpc.originalName ?? rpc.path;
    return [
      name,
      rpc.responseStream ? stream(channel, rpc, options) : unary(channel, rpc, options),
    ];
  });
  return { ...Object.fromEntries(methods), close: () => channel.close() } as GrpcClient<Api>;
}

type Rpc = ServiceDefinition[string];

function unary(channel: Client, rpc: Rpc, { deadlineMs }: ClientOptions): Unary<object, object> {
  return (request, { requestId } = {}) => {
    const metadata = withRequestId(requestId);
    const call = (): Promise<object> =>
      new Promise((resolve, reject) => {
        channel.makeUnaryRequest<object, object>(
          rpc.path,
          rpc.requestSerialize,
          rpc.responseDeserialize,
          request,
          metadata,
          { deadline: Date.now() + deadlineMs },
          (error, response) => (error ? reject(fromServiceError(error)) : resolve(response ?? {})),
        );
      });
    return tracedCall(rpc.path, metadata, call);
  };
}

function stream(
  channel: Client,
  rpc: Rpc,
  { deadlineMs }: ClientOptions,
): ServerStream<object, object> {
  return (request, { requestId } = {}) => {
    const metadata = withRequestId(requestId);
    carryContext(metadata);
    return channel.makeServerStreamRequest<object, object>(
      rpc.path,
      rpc.requestSerialize,
      rpc.responseDeserialize,
      request,
      metadata,
      { deadline: Date.now() + deadlineMs },
    );
  };
}
