// A gRPC server whose handlers are plain functions: they return a message (or yield many) or throw.

import {
  Server,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type ServiceError,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { once } from "node:events";
import { addHealthService, grpcServerInterceptor } from "@flx/monitoring/grpc";
import type { DrainableServer, HealthChecker } from "@flx/monitoring/health";
import type { Log } from "../log.ts";
import type { ShopMetrics } from "../metrics.ts";
import { ShopError } from "../shop-error.ts";
import type { ServerStream, Unary } from "./client.ts";
import { serverCredentials } from "./credentials.ts";
import { tracedHandler } from "../tracing/grpc.ts";
import { requestIdOf } from "./request-id.ts";
import { toServiceError } from "./status.ts";

/** What a handler knows about the call besides its message. */
export type CallInfo = { readonly requestId: string | undefined };

/** The handlers of a service whose clients see `Api`. */
export type Handlers<Api> = {
  readonly [Name in keyof Api]: Api[Name] extends Unary<infer Request, infer Response>
    ? (request: Request, call: CallInfo) => Promise<Response> | Response
    : Api[Name] extends ServerStream<infer Request, infer Response>
      ? (request: Request, call: CallInfo) => Iterable<Response>
      : never;
};

export type ServerOptions<Api> = {
  readonly definition: ServiceDefinition;
  readonly handlers: Handlers<Api>;
  readonly host: string;
  readonly port: number;
  readonly tlsFolder: string | undefined;
  readonly log: Log;
  readonly metrics: ShopMetrics;
  /** Served by the same server: of everything, of groups, and under the name of the service. */
  readonly health: HealthChecker;
};

/** Starts to listen; a taken port is an error with `code` EADDRINUSE and `port`. */
export async function startGrpcServer<Api>(options: ServerOptions<Api>): Promise<DrainableServer> {
  const server = new Server({ interceptors: [grpcServerInterceptor(options.metrics.collector)] });
  const implementation: UntypedServiceImplementation = {};
  for (const [name, rpc] of Object.entries(options.definition)) {
    const handler = (options.handlers as Record<string, AnyHandler>)[rpc.originalName ?? name];
    if (handler === undefined) throw new Error(`no handler for ${rpc.path}`);
    implementation[name] = rpc.responseStream
      ? streaming(rpc.path, handler, options.log)
      : answering(rpc.path, handler, options.log);
  }
  server.addService(options.definition, implementation);
  const services = [
    ...new Set(Object.values(options.definition).map(({ path }) => serviceOf(path))),
  ];
  const health = addHealthService(server, options.health, { services, trustLoopback: true });
  await listen(server, options);
  return {
    tryShutdown(done) {
      // Who watches would hold the server open.
      health.close();
      server.tryShutdown(done);
    },
    forceShutdown: () => server.forceShutdown(),
  };
}

/** "shop.orders.v1.Orders" of "/shop.orders.v1.Orders/PlaceOrder". */
function serviceOf(path: string): string {
  return path.split("/")[1] ?? path;
}

type AnyHandler = (request: object, call: CallInfo) => unknown;

function answering(path: string, handler: AnyHandler, log: Log) {
  const work = async (call: ServerUnaryCall<object, object>): Promise<object> => {
    const requestId = requestIdOf(call.metadata);
    try {
      return (await handler(call.request, { requestId })) as object;
    } catch (error) {
      report(log, path, requestId, error);
      throw toServiceError(error);
    }
  };
  return (call: ServerUnaryCall<object, object>, answer: sendUnaryData<object>): void => {
    // Answered inside the span, so that what is counted with the answer leads to it.
    const respond = async (): Promise<void> => {
      try {
        answer(null, await work(call));
      } catch (error) {
        answer(error as ServiceError);
        throw error;
      }
    };
    void tracedHandler(path, call.metadata, respond).catch(() => {}); // the caller has been told
  };
}

function streaming(path: string, handler: AnyHandler, log: Log) {
  const writeAll = async (call: ServerWritableStream<object, object>): Promise<void> => {
    const requestId = requestIdOf(call.metadata);
    try {
      for (const message of handler(call.request, { requestId }) as Iterable<object>) {
        if (call.cancelled) return;
        // oxlint-disable-next-line no-await-in-loop -- a slow reader must slow us down, one message at a time
        if (!call.write(message)) await once(call, "drain");
      }
      call.end();
    } catch (error) {
      report(log, path, requestId, error);
      throw toServiceError(error);
    }
  };
  return (call: ServerWritableStream<object, object>): void => {
    tracedHandler(path, call.metadata, () => writeAll(call)).catch((error: unknown) =>
      call.emit("error", error),
    );
  };
}

/** A broken business rule is normal life; anything else is our fault and is logged with its stack. */
function report(log: Log, rpc: string, requestId: string | undefined, error: unknown): void {
  if (error instanceof ShopError) {
    log.info("refused", { rpc, code: error.code, reason: error.message, request: requestId });
  } else {
    log.error("failed", { rpc, request: requestId }, error);
  }
}

function listen<Api>(server: Server, { host, port, tlsFolder }: ServerOptions<Api>): Promise<void> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, serverCredentials(tlsFolder), (error) => {
      if (error === null) return resolve();
      const taken = error.message.includes("EADDRINUSE");
      reject(taken ? Object.assign(error, { code: "EADDRINUSE", port }) : error);
    });
  });
}
