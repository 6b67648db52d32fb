// Health as services of a grpc-js server, beside the application's own.
//
// grpc-js is not imported: it is given a definition and handlers, which are plain objects, and the messages pass as
// bytes. So there is no .proto file to find at run time, and no protobuf library to load.

import type { IncomingHttpHeaders } from "node:http";
import type {
  sendUnaryData,
  Server,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  ServiceError,
} from "@grpc/grpc-js";
import type { HealthSource } from "../health/health-source.ts";
import { GrpcRefusal } from "./grpc-refusal.ts";
import {
  HEALTH_PATHS,
  HealthAnswers,
  type HealthMethod,
  type HealthServiceOptions,
} from "./health-answers.ts";
import type { HealthCaller } from "./health-caller.ts";
import { writeServingStatus } from "./health-messages.ts";

/** Health, served by a gRPC server. */
export interface HealthService {
  /** Calls of Watch that are going on. */
  readonly watchers: number;
  /** Ends the calls of Watch with UNAVAILABLE. Before `server.tryShutdown`, which would wait for them. */
  close(): void;
}

type Rpc = ServiceDefinition[string];
type AnyCall = ServerUnaryCall<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>;

/**
 * Adds `grpc.health.v1.Health` (Check, List, Watch) and `flx.v1.FlxService` (HealthCheck) to a grpc-js server.
 *
 *     const service = addHealthService(server, health, { services: ["shop.orders.v1.Orders"] });
 *
 * @throws {FlxError} `FLX_HEALTH_OPTION` for a token that is too short; and what `server.addService` throws, when it has one of these already
 */
export function addHealthService(
  server: Pick<Server, "addService">,
  health: HealthSource,
  options: HealthServiceOptions = {},
): HealthService {
  const answers = new HealthAnswers(health, options);
  server.addService(
    { check: rpc("check"), list: rpc("list"), watch: rpc("watch") },
    {
      check: answering(answers, "check"),
      list: answering(answers, "list"),
      watch: watching(answers),
    },
  );
  server.addService({ healthCheck: rpc("flx") }, { healthCheck: answering(answers, "flx") });
  return {
    get watchers() {
      return answers.watchers;
    },
    close: () => answers.close(),
  };
}

const asTheyAre = (bytes: Buffer): Buffer => bytes;

function rpc(name: keyof typeof HEALTH_PATHS): Rpc {
  return {
    path: HEALTH_PATHS[name],
    requestStream: false,
    responseStream: name === "watch",
    requestSerialize: asTheyAre,
    requestDeserialize: asTheyAre,
    responseSerialize: asTheyAre,
    responseDeserialize: asTheyAre,
  };
}

function answering(answers: HealthAnswers, method: HealthMethod) {
  return (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void => {
    let bytes: Buffer;
    try {
      bytes = answers.answer(method, call.request, callerOf(call));
    } catch (error) {
      answer(refusalOf(error));
      return;
    }
    answer(null, bytes);
  };
}

function watching(answers: HealthAnswers) {
  return (call: ServerWritableStream<Buffer, Buffer>): void => {
    try {
      const watch = answers.watch(call.request, {
        send: (status) => call.write(writeServingStatus(status)),
        end: () =>
          call.emit("error", new GrpcRefusal("UNAVAILABLE", "the server is shutting down")),
      });
      call.on("drain", () => watch.resume());
      call.once("cancelled", () => watch.stop());
      call.once("close", () => watch.stop());
      call.once("error", () => watch.stop());
    } catch (error) {
      call.emit("error", refusalOf(error));
    }
  };
}

/** What goes wrong in here is nobody's business outside. */
function refusalOf(error: unknown): Partial<ServiceError> {
  return error instanceof GrpcRefusal
    ? error
    : new GrpcRefusal("INTERNAL", "the health could not be read");
}

function callerOf(call: AnyCall): HealthCaller {
  // Older versions of grpc-js have no auth context: there, a certificate does not count.
  const { getAuthContext } = call as { getAuthContext?: AnyCall["getAuthContext"] };
  const remoteAddress = addressOf(call.getPeer());
  return {
    remoteAddress,
    // grpc-js does not tell it; a connection from loopback can only have come to this machine.
    localAddress: remoteAddress,
    hasVerifiedCertificate: getAuthContext?.call(call).sslPeerCertificate !== undefined,
    host: call.getHost(),
    headers: call.metadata.getMap() as IncomingHttpHeaders,
  };
}

/** grpc-js writes "127.0.0.1:5000" and "::1:5000". */
function addressOf(peer: string): string | undefined {
  return /^(?<address>.+):\d+$/.exec(peer)?.groups?.["address"];
}
