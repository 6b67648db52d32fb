// The interceptors on real grpc-js clients and servers: each call is counted once, by how it ended.

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import {
  type CallObserver,
  grpcClientInterceptor,
  grpcServerInterceptor,
} from "@flx/monitoring/grpc";
import { MetricsCollector, Registry } from "@flx/monitoring/metrics";
import { waitUntil } from "@flx/testkit";
import {
  type CallOptions,
  Client,
  type ClientOptions,
  credentials,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  InterceptingCall,
  type Interceptor,
  type InterceptorOptions,
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServiceDefinition,
  type ServiceError,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";

const toBytes = (text: string): Buffer => Buffer.from(text);
const toText = (bytes: Buffer): string => bytes.toString();

function rpc(name: string, requestStream: boolean, responseStream: boolean) {
  return {
    path: `/shop.v1.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: toBytes,
    requestDeserialize: toText,
    responseSerialize: toBytes,
    responseDeserialize: toText,
  };
}

const echo: ServiceDefinition = {
  unary: rpc("Unary", false, false),
  collect: rpc("Collect", true, false),
  repeat: rpc("Repeat", false, true),
  talk: rpc("Talk", true, true),
};

/** Tells that a call has come to its handler, by kind. */
const arrivals = new EventEmitter();

/** What a request asks for: "ok", "fail 5", "throw", "hang". */
const unary: handleUnaryCall<string, string> = (call, answer) => {
  arrivals.emit("unary");
  const [word, code] = call.request.split(" ");
  if (word === "throw") throw new Error("a bug");
  if (word === "fail") answer({ code: Number(code), details: "as asked" });
  else if (word !== "hang") answer(null, call.request);
};

const collect: handleClientStreamingCall<string, string> = (call, answer) => {
  arrivals.emit("collect");
  let all = "";
  call.on("data", (text: string) => {
    all += text;
  });
  call.on("end", () => {
    if (all.startsWith("fail")) answer({ code: 9, details: "as asked" });
    else if (all !== "hang") answer(null, all);
  });
};

const repeat: handleServerStreamingCall<string, string> = (call) => {
  const [word, code] = call.request.split(" ");
  call.write("first");
  if (word === "fail") call.emit("error", { code: Number(code), details: "as asked" });
  else if (word !== "hang") call.end();
};

const talk: handleBidiStreamingCall<string, string> = (call) => {
  let isHanging = false;
  call.on("data", (text: string) => {
    isHanging = text === "hang";
    call.write(text);
  });
  call.on("end", () => isHanging || call.end());
};

const handlers: UntypedServiceImplementation = { unary, collect, repeat, talk };

interface Sides {
  readonly client: Client;
  readonly server: Server;
  /** The counts of one side, as "Unary OK 2". */
  readonly counts: (side: "client" | "server") => Promise<string[]>;
}

interface Extras {
  readonly clientInterceptors?: readonly Interceptor[];
  readonly serverInterceptors?: readonly ServerInterceptor[];
  readonly observers?: readonly CallObserver[];
  readonly options?: ClientOptions;
}

/** A client and a server, each counted in a registry of its own. */
async function connected(t: TestContext, extras: Extras = {}): Promise<Sides> {
  const { clientInterceptors = [], serverInterceptors = [], observers = [], options } = extras;
  const registries = { client: new Registry(), server: new Registry() };
  const server = new Server({
    interceptors: [
      ...serverInterceptors,
      grpcServerInterceptor(new MetricsCollector(registries.server), ...observers),
    ],
  });
  server.addService(echo, handlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    ...options,
    interceptors: [
      grpcClientInterceptor(new MetricsCollector(registries.client), ...observers),
      ...clientInterceptors,
    ],
  });
  t.after(() => {
    client.close();
    server.forceShutdown();
  });
  const counts = async (side: "client" | "server"): Promise<string[]> => {
    const text = await registries[side].metrics({ names: ["flx_grpc_requests_total"] });
    const line =
      /^flx_grpc_requests_total\{method="shop\.v1\.Echo\/(\w+)",status="(\w+)"\} ([1-9]\d*)$/gm;
    return [...text.matchAll(line)].map(([, ...parts]) => parts.join(" ")).toSorted();
  };
  return { client, server, counts };
}

const soon = (): CallOptions => ({ deadline: Date.now() + 10_000 });

/** The status that a call ends with, whatever its kind. */
function statusOf(
  client: Client,
  kind: "unary" | "collect" | "repeat" | "talk",
  request: string,
  options: CallOptions = soon(),
  cancelWhen: "never" | "at once" | "with data" = "never",
): Promise<number> {
  const { path, requestSerialize, responseDeserialize } = echo[kind]!;
  const shape = [path, requestSerialize, responseDeserialize] as const;
  return new Promise((resolve) => {
    const done = (error: ServiceError | null): void => resolve(error?.code ?? 0);
    const none = new Metadata();
    if (kind === "unary") {
      const made = client.makeUnaryRequest(...shape, request, none, options, done);
      if (cancelWhen === "at once") made.cancel();
      else if (cancelWhen === "with data") arrivals.once("unary", () => made.cancel());
    } else if (kind === "collect") {
      const made = client.makeClientStreamRequest(...shape, none, options, done);
      for (const letter of request) made.write(letter);
      if (cancelWhen === "never") made.end();
      else arrivals.once("collect", () => made.cancel());
    } else if (kind === "repeat") {
      const made = client.makeServerStreamRequest(...shape, request, none, options);
      made.on("error", () => {});
      made.on("status", ({ code }) => resolve(code));
      made.on("data", () => cancelWhen === "with data" && made.cancel());
    } else {
      const made = client.makeBidiStreamRequest(...shape, none, options);
      made.on("error", () => {});
      made.on("status", ({ code }: { code: number }) => resolve(code));
      made.on("data", () => cancelWhen === "with data" && made.cancel());
      made.write(request);
      if (cancelWhen === "never") made.end();
    }
  });
}

test("the interceptors count all four kinds of calls once on each side, by their status", async (t) => {
  const { client, counts } = await connected(t);
  for (const kind of ["unary", "collect", "repeat", "talk"] as const) {
    assert.equal(await statusOf(client, kind, "ok"), 0, kind);
  }
  assert.equal(await statusOf(client, "unary", "fail 5"), 5);
  assert.equal(await statusOf(client, "unary", "fail 16"), 16);
  assert.equal(await statusOf(client, "unary", "throw"), 2);
  assert.equal(await statusOf(client, "collect", "fail"), 9);
  assert.equal(await statusOf(client, "repeat", "fail 8"), 8);

  const want = [
    "Collect FAILED_PRECONDITION 1",
    "Collect OK 1",
    "Repeat OK 1",
    "Repeat RESOURCE_EXHAUSTED 1",
    "Talk OK 1",
    "Unary NOT_FOUND 1",
    "Unary OK 1",
    "Unary UNAUTHENTICATED 1",
    "Unary UNKNOWN 1",
  ];
  assert.deepEqual(await counts("client"), want);
  assert.deepEqual(await counts("server"), want);
});

test("the interceptors count cancellations and deadlines as what they are, on both sides", async (t) => {
  const { client, counts } = await connected(t);
  const late = (): CallOptions => ({ deadline: Date.now() + 1500 });
  assert.equal(await statusOf(client, "unary", "hang", soon(), "with data"), 1);
  assert.equal(await statusOf(client, "collect", "hang", soon(), "with data"), 1);
  assert.equal(await statusOf(client, "repeat", "hang", soon(), "with data"), 1);
  assert.equal(await statusOf(client, "talk", "hang", soon(), "with data"), 1);
  assert.equal(await statusOf(client, "unary", "hang", late()), 4);
  assert.equal(await statusOf(client, "repeat", "hang", late()), 4);

  const want = [
    "Collect CANCELLED 1",
    "Repeat CANCELLED 1",
    "Repeat DEADLINE_EXCEEDED 1",
    "Talk CANCELLED 1",
    "Unary CANCELLED 1",
    "Unary DEADLINE_EXCEEDED 1",
  ];
  assert.deepEqual(await counts("client"), want);
  // The server hears of it a moment later.
  await waitUntil(async () => (await counts("server")).length === want.length);
  assert.deepEqual(await counts("server"), want);
});

test("the client's interceptor counts calls that never reach a server", async (t) => {
  const { client, server, counts } = await connected(t);
  assert.equal(await statusOf(client, "unary", "ok"), 0);
  server.forceShutdown();
  assert.equal(await statusOf(client, "unary", "ok"), 14);
  assert.equal(await statusOf(client, "unary", "ok", { deadline: Date.now() - 1 }), 4);
  assert.equal(await statusOf(client, "unary", "hang", soon(), "at once"), 1);
  assert.deepEqual(await counts("client"), [
    "Unary CANCELLED 1",
    "Unary DEADLINE_EXCEEDED 1",
    "Unary OK 1",
    "Unary UNAVAILABLE 1",
  ]);
});

test("the client's interceptor counts a message that cannot be written or read", async (t) => {
  const { client, counts } = await connected(t);
  const broken = () => {
    throw new Error("no such field");
  };
  const ask = (write: (text: string) => Buffer, read: (bytes: Buffer) => string) =>
    new Promise<number>((resolve) => {
      client.makeUnaryRequest("/shop.v1.Echo/Unary", write, read, "ok", soon(), (error) =>
        resolve(error?.code ?? 0),
      );
    });
  assert.equal(await ask(broken, toText), 13);
  assert.equal(await ask(toBytes, broken), 13);
  assert.deepEqual(await counts("client"), ["Unary INTERNAL 2"]);
});

test("the interceptors work among others, and observers see what they see", async (t) => {
  const seen: string[] = [];
  const observer: CallObserver = {
    started: ({ side, method, kind, metadata }) => {
      if (side === "client") metadata.set("traceparent", "00-abc-def-01");
      seen.push(`${side} ${kind} ${method} ${String(metadata.get("traceparent"))}`);
      return (status, details) => seen.push(`${side} ended ${status} ${details}`);
    },
  };
  const failing: CallObserver = {
    started: () => {
      throw new Error("an observer with a bug");
    },
  };
  const failingAtTheEnd: CallObserver = {
    started: () => () => {
      throw new Error("an observer with a bug at the end");
    },
  };
  const passing: Interceptor = (options: InterceptorOptions, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start: (metadata, _listener, next) =>
        next(metadata, { onReceiveStatus: (status, pass) => pass(status) }),
    });
  const slowing: ServerInterceptor = (_method, inner) =>
    new ServerInterceptingCall(inner, {
      start: (next) =>
        next({ onReceiveMetadata: (metadata, pass) => setImmediate(pass, metadata) }),
    });
  const { client, counts } = await connected(t, {
    clientInterceptors: [passing],
    serverInterceptors: [slowing],
    observers: [failing, observer, failingAtTheEnd],
  });
  assert.equal(await statusOf(client, "unary", "fail 7"), 7);
  assert.equal(await statusOf(client, "talk", "hello"), 0);
  for (const side of ["client", "server"] as const) {
    assert.deepEqual(await counts(side), ["Talk OK 1", "Unary PERMISSION_DENIED 1"]);
  }
  assert.deepEqual(seen.slice(0, 4), [
    "client unary shop.v1.Echo/Unary 00-abc-def-01",
    "server unary shop.v1.Echo/Unary 00-abc-def-01",
    "server ended 7 as asked",
    "client ended 7 as asked",
  ]);
});

test("the server's interceptor sees a call refused by an interceptor outside of it as cancelled, not twice", async (t) => {
  const refusing: ServerInterceptor = (_method, inner) =>
    new ServerInterceptingCall(inner, {
      start: (next) =>
        next({
          onReceiveMetadata: () => inner.sendStatus({ code: 16, details: "who are you?" }),
        }),
    });
  const { client, counts } = await connected(t, { serverInterceptors: [refusing] });
  assert.equal(await statusOf(client, "unary", "ok"), 16);
  await sleep(20);
  assert.deepEqual(await counts("client"), ["Unary UNAUTHENTICATED 1"]);
  assert.deepEqual(await counts("server"), []);
});

test("the server's interceptor never hears of methods that the server does not have", async (t) => {
  const { client, counts } = await connected(t);
  for (let i = 0; i < 20; i++) {
    const path = `/shop.v1.Echo/Made-up-${i}`;
    const status = await new Promise<number>((resolve) => {
      client.makeUnaryRequest(path, toBytes, toText, "x", soon(), (error) =>
        resolve(error?.code ?? 0),
      );
    });
    assert.equal(status, 12);
  }
  assert.deepEqual(await counts("server"), []);
});

test("the interceptors time calls from their beginning to their end", async (t) => {
  const registry = new Registry();
  const collector = new MetricsCollector(registry);
  const { client } = await connected(t, {
    clientInterceptors: [grpcClientInterceptor(collector)],
  });
  const began = performance.now();
  assert.equal(await statusOf(client, "repeat", "hang", { deadline: Date.now() + 200 }), 4);
  const tookSeconds = (performance.now() - began) / 1000;
  const text = await registry.metrics({ names: ["flx_grpc_request_duration_seconds"] });
  const sum = Number(/_sum\{.*\} (\S+)/.exec(text)?.[1]);
  assert.ok(sum > 0.1 && sum <= tookSeconds, `${sum} of ${tookSeconds}`);
});
