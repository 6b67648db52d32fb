// OTLP receivers as they are met, all in one process: a healthy one, and those that a service must not feel.
//
//   healthy   takes everything
//   slow      answers after 30 s
//   stalled   takes the connection and a few bytes, and nothing more; never answers
//   lying     wrong statuses, headers and bodies in turn: redirects, Retry-After that is none, partial success of more records than
//             were sent, bodies that are no protobuf, answers that end in the middle

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";

/** The ports of the receivers. */
export type ReceiverPorts = Readonly<Record<"healthy" | "slow" | "stalled" | "lying", number>>;

const SLOW_MS = 30_000;

type Answer = (response: ServerResponse) => void;

const protobuf = (
  status: number,
  body: Uint8Array,
  headers: Record<string, string> = {},
): Answer => {
  return (response) => {
    response.writeHead(status, { "content-type": "application/x-protobuf", ...headers });
    response.end(body);
  };
};

/** Field 1 is the partial success; in it, field 1 is how many were rejected. */
const rejectsMillions = Uint8Array.of(0x0a, 0x05, 0x08, 0x80, 0x89, 0x7a, 0x10);
const rejectsLessThanNone = Uint8Array.from([
  0x0a, 0x0b, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
]);
const garbage = Uint8Array.from({ length: 4_096 }, (_, i) => (i * 37) & 0xff);

const lies: readonly Answer[] = [
  protobuf(200, garbage),
  protobuf(200, rejectsMillions),
  protobuf(503, garbage, { "retry-after": "-5" }),
  protobuf(200, rejectsLessThanNone),
  protobuf(302, new Uint8Array(), { location: "http://127.0.0.1:1/" }),
  protobuf(429, new Uint8Array(), { "retry-after": "soon" }),
  protobuf(418, new TextEncoder().encode("x".repeat(100_000))),
  protobuf(204, new Uint8Array()),
  (response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write("a beginning");
    setImmediate(() => response.destroy());
  },
  (response) => void response.socket?.end("HTTP/1.1 2000 Very OK\r\n\r\n"),
  protobuf(502, garbage, { "content-encoding": "gzip" }),
  (response) => response.destroy(),
];

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** A server that reads each request to its end and then answers. */
function answering(answer: Answer): Server {
  return createServer((request: IncomingMessage, response) => {
    request.on("error", () => {});
    request.resume().on("end", () => answer(response));
  });
}

let told = 0;
const ports: ReceiverPorts = {
  healthy: await listen(answering(protobuf(200, new Uint8Array()))),
  slow: await listen(
    answering((response) => {
      setTimeout(() => response.end(), SLOW_MS);
    }),
  ),
  stalled: await listen(
    createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.pause();
    }),
  ),
  lying: await listen(answering((response) => lies[told++ % lies.length]?.(response))),
};
process.send?.(ports);
process.on("disconnect", () => process.exit());
