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
import type { Tracker } from "@flx/monitoring/metrics";
import type { Log } from "../log.ts";
import type { ShopMetrics } from "../metrics.ts";
import { ShopError } from "../shop-error.ts";
import type { Running } from "../process/run.ts";
import type { ServerStream, Unary } from "./client.ts";
import { serverCredentials } from "./credentials.ts";
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
};

const drainMs = 1000;

/** Starts to listen; a taken port is an error with `code` EADDRINUSE and `port`. */
export async function startGrpcServer<Api>(options: ServerOptions<Api>): Promise<Running> {
  const server = new Server();
  const implementation: UntypedServiceImplementation = {};
  for (const [name, rpc] of Object.entries(options.definition)) {
    const handler = (options.handlers as Record<string, AnyHandler>)[rpc.originalName ?? name];
    if (handler === undefined) throw new Error(`no handler for ${rpc.path}`);
    const track = options.metrics.collector.trackGrpcRequest(rpc.path.slice(1));
    implementation[name] = rpc.responseStream
      ? streaming(rpc.path, handler, options.log, track)
      : answering(rpc.path, handler, options.log, track);
  }
  server.addService(options.definition, implementation);
  await listen(server, options);
  return { stop: () => drain(server) };
}

type AnyHandler = (request: object, call: CallInfo) => unknown;

function answering(path: string, handler: AnyHandler, log: Log, track: Tracker) {
  const work = track(async (call: ServerUnaryCall<object, object>): Promise<object> => {
    const requestId = requestIdOf(call.metadata);
    try {
      return (await handler(call.request, { requestId })) as object;
    } catch (error) {
      report(log, path, requestId, error);
      throw toServiceError(error);
    }
  });
  return (call: ServerUnaryCall<object, object>, answer: sendUnaryData<object>): void => {
    work(call).then(
      (message) => answer(null, message),
      (error: unknown) => answer(error as ServiceError),
    );
  };
}

function streaming(path: string, handler: AnyHandler, log: Log, track: Tracker) {
  const writeAll = track(async (call: ServerWritableStream<object, object>): Promise<void> => {
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
  });
  return (call: ServerWritableStream<object, object>): void => {
    writeAll(call).catch((error: unknown) => call.emit("error", error));
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

/** Lets running calls finish, then cuts what is left. */
function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.forceShutdown(), drainMs);
    server.tryShutdown(() => {
      clearTimeout(cut);
      resolve();
    });
  });
}
