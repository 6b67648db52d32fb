// gRPC: what counting costs a call, and what an answer of health costs.
//
//   unary call   client and server in one thread, one call after the other over one connection: the whole CPU of both.
//                Ours are the two interceptors with their counter and histogram; "bare" has no interceptors, and "by hand"
//                is what one would write with grpc-js' interceptor classes and a Prometheus client
//   Check        grpc.health.v1 from a state of 50 components: our server without grpc-js, and the same services in a
//                server of grpc-js; asked by a client of grpc-js
//
//   receiving    a server in a process of its own that takes OTLP exports and does nothing with them: ours on node:http2, and
//                one of grpc-js; the same client of grpc-js sends to both, 16 calls at a time. CPU of the server's process
//
// Compare the ratios: most of a call is grpc-js and the kernel, the same for all.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import {
  addHealthService,
  grpcClientInterceptor,
  grpcServerInterceptor,
  startGrpcHealthServer,
} from "@flx/monitoring/grpc";
import { HealthChecker } from "@flx/monitoring/health";
import { MetricsCollector, Registry } from "@flx/monitoring/metrics";
import {
  Client,
  credentials,
  InterceptingCall,
  type Interceptor,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  type sendUnaryData,
  type ServerUnaryCall,
  status,
} from "@grpc/grpc-js";
import prometheus from "@prometheus-io/client";
import { type BenchmarkCase, contender, suite, type Suite } from "../harness/suite.ts";
import { asTheyAre, unaryMethod } from "./grpc-bytes.ts";
import { shopSpans } from "./shop-traces.ts";
import { cpuNsOf } from "./station-servers.ts";

const PATH = "/bench.v1.Echo/Say";
const MESSAGE = Buffer.alloc(100, "x");
const COMPONENTS = 50;

interface Calling {
  /** Makes a call; its answer's length. */
  readonly call: () => Promise<number>;
}

/** Listens with sockets that do not keep the run from ending, which grpc-js' own would. */
async function listening(server: Server): Promise<number> {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const door = createServer((socket: Socket) => {
    socket.unref();
    injector.injectConnection(socket);
  });
  door.listen(0, "127.0.0.1");
  await once(door, "listening");
  door.unref();
  return (door.address() as AddressInfo).port;
}

function calling(
  port: number,
  path: string,
  interceptors: Interceptor[],
  message: Buffer,
): Calling {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    interceptors,
    "grpc.use_local_subchannel_pool": 1,
  });
  const call = (): Promise<number> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, asTheyAre, asTheyAre, message, (error, answer) =>
        error === null ? resolve(answer!.length) : reject(error),
      );
    });
  return { call };
}

async function echo(clientSide: Interceptor[], serverSide: ServerInterceptor[]): Promise<Calling> {
  const server = new Server({ interceptors: serverSide });
  const say = (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void =>
    answer(null, call.request);
  server.addService({ say: unaryMethod(PATH) }, { say });
  return calling(await listening(server), PATH, clientSide, MESSAGE);
}

/** The two interceptors as one would write them. */
function byHand(): { client: Interceptor; server: ServerInterceptor } {
  const registers = [new prometheus.Registry()];
  const names = { help: "Benchmark", registers };
  const counter = new prometheus.Counter({
    ...names,
    name: "requests_total",
    labelNames: ["method", "status"],
  });
  const histogram = new prometheus.Histogram({
    ...names,
    name: "duration_seconds",
    labelNames: ["method"],
  });
  const count = (method: string, code: number, startedMs: number): void => {
    counter.inc({ method, status: status[code] ?? "UNKNOWN" });
    histogram.observe({ method }, (performance.now() - startedMs) / 1000);
  };
  return {
    client: (options, nextCall) => {
      const startedMs = performance.now();
      return new InterceptingCall(nextCall(options), {
        start: (metadata, _listener, next) =>
          next(metadata, {
            onReceiveStatus: (ended, pass) => {
              count(options.method_definition.path, ended.code, startedMs);
              pass(ended);
            },
          }),
      });
    },
    server: (definition, call) => {
      const startedMs = performance.now();
      return new ServerInterceptingCall(call, {
        sendStatus: (ended, next) => {
          count(definition.path, ended.code, startedMs);
          next(ended);
        },
      });
    },
  };
}

/** A checker with 50 healthy components. */
function health(): HealthChecker {
  const checker = new HealthChecker();
  for (let i = 0; i < COMPONENTS; i++) {
    checker.heartbeat(`component_${i}`, { ttlMs: 3_600_000 }).beat();
  }
  return checker;
}

const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const AT_A_TIME = 16;

interface Receiving {
  readonly pid: number;
  readonly exportAll: () => Promise<number>;
}

/** A receiver in a process of its own, and a client that sends it so many exports. */
async function receiving(who: string, message: Buffer, exports: number): Promise<Receiving> {
  const file = join(import.meta.dirname, "grpc-receiver-process.ts");
  const child = fork(file, [who], { execArgv: ["--conditions=@flx/source"] });
  const [port] = (await Promise.race([once(child, "message"), hasEnded(child)])) as [number];
  child.unref();
  child.channel?.unref();
  const { call } = calling(port, EXPORT, [], message);
  const exportAll = async (): Promise<number> => {
    let left = exports;
    const one = async (): Promise<void> => {
      while (left-- > 0) await call();
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, one));
    return exports;
  };
  return { pid: child.pid!, exportAll };
}

async function hasEnded(child: ChildProcess): Promise<never> {
  const [code] = (await once(child, "exit")) as [number | null];
  throw new Error(`the receiver ended with code ${code} before it was ready`);
}

function exportsOf(spans: number, exports: number): BenchmarkCase {
  // The orders' service has six spans an order.
  const message = Buffer.from(
    shopSpans(Math.ceil(spans / 6), 1_790_000_000_000, 1_000)[1]!.request,
  );
  const one = (name: string, who: string, about: { readonly package?: string }) =>
    contender({
      name,
      ...about,
      setup: () => receiving(who, message, exports),
      op: ({ exportAll }) => exportAll(),
      cpuNs: ({ pid }) => cpuNsOf(pid),
      check: ({ exportAll }) => exportAll(),
    });
  return {
    name: `receiving ${exports} exports of ${spans} spans, ${Math.round(message.length / 1_000)} kB each`,
    kind: "long",
    figure: "server CPU",
    async: true,
    contenders: [
      one("ours", "ours", {}),
      one("in grpc-js", "grpc-js", { package: "@grpc/grpc-js" }),
    ],
    budgets: [{ against: "in grpc-js", atLeast: 1.6 }],
  };
}

const CHECK = "/grpc.health.v1.Health/Check";
const EVERYTHING = Buffer.alloc(0);

const op = (state: Calling): Promise<number> => state.call();
const check = (state: Calling): Promise<number> => state.call();

export const grpc: Suite = suite("grpc", {
  title: "gRPC: what counting costs a call, an answer of health, and receiving exports",
  cases: [
    {
      name: "unary call, counted on both sides",
      kind: "loop",
      async: true,
      checkOps: 10,
      contenders: [
        contender({
          name: "ours",
          setup: () =>
            echo(
              [grpcClientInterceptor(new MetricsCollector(new Registry()))],
              [grpcServerInterceptor(new MetricsCollector(new Registry()))],
            ),
          op,
          check,
        }),
        contender({ name: "bare", package: "@grpc/grpc-js", setup: () => echo([], []), op, check }),
        contender({
          name: "by hand",
          package: "@prometheus-io/client",
          setup: () => {
            const { client, server } = byHand();
            return echo([client], [server]);
          },
          op,
          check,
        }),
      ],
      budgets: [
        { against: "bare", atLeast: 0.95 },
        { against: "by hand", atLeast: 1 },
      ],
    },
    {
      name: "grpc.health.v1 Check, 50 components",
      kind: "loop",
      async: true,
      checkOps: 10,
      contenders: [
        contender({
          name: "ours",
          setup: async () => {
            const { port } = await startGrpcHealthServer({ health: health(), port: 0 });
            return calling(port, CHECK, [], EVERYTHING);
          },
          op,
          check,
        }),
        contender({
          name: "in grpc-js",
          package: "@grpc/grpc-js",
          setup: async () => {
            const server = new Server();
            addHealthService(server, health());
            return calling(await listening(server), CHECK, [], EVERYTHING);
          },
          op,
          check,
        }),
      ],
      budgets: [{ against: "in grpc-js", atLeast: 1 }],
    },
    exportsOf(24, 2_000),
    exportsOf(510, 400),
  ],
});
