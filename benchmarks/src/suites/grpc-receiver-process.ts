// A receiver of OTLP/gRPC in a process of its own, for the suite of gRPC: takes every export and does nothing with it.
//
//   ours      the station's own layer on node:http2, with its bounds and counters
//   grpc-js   a server of @grpc/grpc-js that hands the message over as bytes
//
// Forked; tells its port.

import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import { Registry } from "@flx/monitoring/metrics";
import { Admission } from "../../../packages/station/src/ingest/admission.ts";
import { IngestMetrics } from "../../../packages/station/src/ingest/ingest-metrics.ts";
import { OtlpGrpcReceiver } from "../../../packages/station/src/ingest/otlp/grpc-receiver.ts";
import { unaryMethod } from "./grpc-bytes.ts";

const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const NOTHING = Buffer.alloc(0);

async function ours(): Promise<number> {
  const receiver = new OtlpGrpcReceiver(
    { host: "127.0.0.1", port: 0 },
    {
      handlers: { traces: () => Promise.resolve({ rejected: 0, message: "" }) },
      metrics: new IngestMetrics(new Registry()),
      admission: new Admission(),
    },
  );
  await receiver.start();
  return receiver.port;
}

function grpcJs(): Promise<number> {
  const server = new Server({ "grpc.max_receive_message_length": 64 * 1024 * 1024 });
  const take = (_: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void =>
    answer(null, NOTHING);
  server.addService({ export: unaryMethod(EXPORT) }, { export: take });
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

process.once("disconnect", () => process.exit());
process.send!(await (process.argv[2] === "ours" ? ours() : grpcJs()));
