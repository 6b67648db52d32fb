// Health served over gRPC, by a grpc-js server and by our own, from a real HealthChecker. The client is grpc-js with
// messages of a protobuf library, which knows nothing of ours.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  addHealthService,
  grpcHealth,
  type HealthServiceOptions,
  startGrpcHealthServer,
} from "@flx/monitoring/grpc";
import { type CheckResult, HealthChecker } from "@flx/monitoring/health";
import { freePort, temporaryFolder, waitUntil } from "@flx/testkit";
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** gRPC's own health service, as much of it as a client needs. */
const healthProto = `
syntax = "proto3";
package grpc.health.v1;
service Health {
  rpc Check(Request) returns (Response);
  rpc List(ListRequest) returns (ListResponse);
  rpc Watch(Request) returns (stream Response);
}
message Request { string service = 1; }
message Response {
  enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
  ServingStatus status = 1;
}
message ListRequest {}
message ListResponse { map<string, Response> statuses = 1; }
`;

const flxProto = join(import.meta.dirname, "../proto/flx/v1/flx_service.proto");

async function definitions(): Promise<Record<"Health" | "FlxService", ServiceDefinition>> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "health.proto");
  await writeFile(file, healthProto);
  const load = (path: string, name: string) =>
    loadSync(path, { defaults: true, enums: String, longs: Number })[name] as ServiceDefinition;
  return {
    Health: load(file, "grpc.health.v1.Health"),
    FlxService: load(flxProto, "flx.v1.FlxService"),
  };
}

const { Health, FlxService } = await definitions();

/** A client of both services, as a program in any language would be. */
class Asker {
  readonly client: Client;

  constructor(port: number) {
    this.client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      // A connection each: one has room for 100 streams.
      "grpc.use_local_subchannel_pool": 1,
    });
  }

  /** The answer of a method, or the number of its status. */
  ask(
    rpc: ServiceDefinition[string],
    request: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    return new Promise((resolve) => {
      const { path, requestSerialize, responseDeserialize } = rpc;
      const shape = [path, requestSerialize, responseDeserialize] as const;
      const options = { deadline: Date.now() + 10_000 };
      this.client.makeUnaryRequest(...shape, request, metadata, options, (error, answer) =>
        resolve(error === null ? answer : error.code),
      );
    });
  }

  check(service: string): Promise<unknown> {
    return this.ask(Health["Check"]!, { service });
  }

  /** A Watch, with the states it was told of. */
  watch(service: string) {
    const { path, requestSerialize, responseDeserialize } = Health["Watch"]!;
    const shape = [path, requestSerialize, responseDeserialize] as const;
    const call = this.client.makeServerStreamRequest(...shape, { service });
    const told: string[] = [];
    const ended = new Promise<number>((resolve) => {
      call.on("data", ({ status }: { status: string }) => told.push(status));
      call.on("error", ({ code }: ServiceError) => resolve(code));
      call.on("end", () => resolve(0));
    });
    return { call, told, ended };
  }
}

interface Serving {
  readonly port: number;
  readonly watchers: () => number;
  readonly close: () => Promise<void>;
}

const token = "open-sesame-open-sesame";

/** The two ways to serve. */
const servers: Readonly<
  Record<string, (health: HealthChecker, options: HealthServiceOptions) => Promise<Serving>>
> = {
  "a grpc-js server": async (health, options) => {
    const server = new Server();
    const service = addHealthService(server, health, { trustLoopback: true, ...options });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const close = async (): Promise<void> => {
      service.close();
      await new Promise((resolve) => {
        server.tryShutdown(resolve);
      });
    };
    return { port, watchers: () => service.watchers, close };
  },
  "our own server": async (health, options) => {
    const server = await startGrpcHealthServer({ health, port: 0, ...options });
    return { port: server.port, watchers: () => server.watchers, close: () => server.close() };
  },
};

/** A service with a database and a cache, whose states the test says. */
async function started(t: TestContext, serve: string, options: HealthServiceOptions = {}) {
  const health = new HealthChecker();
  const database = health.heartbeat("database", { ttlMs: 600_000, critical: true });
  const cache = health.heartbeat("cache", { ttlMs: 600_000, tags: ["speed"] });
  const loop = health.heartbeat("loop", { ttlMs: 600_000, kind: "liveness" });
  const serving = await servers[serve]!(health, options);
  const asker = new Asker(serving.port);
  t.after(async () => {
    asker.client.close();
    await serving.close();
    await health.stop();
  });
  const beat = (): void => {
    for (const each of [database, cache, loop]) each.beat();
  };
  return { health, database, cache, loop, serving, asker, beat };
}

for (const serve of Object.keys(servers)) {
  test(`${serve} answers Check with the state of everything, of groups, tags and named services`, async (t) => {
    const services = { "shop.v1.Orders": "readiness", "shop.v1.Search": "speed" };
    const { health, database, cache, asker, beat } = await started(t, serve, { services });

    assert.deepEqual(await asker.check(""), { status: "UNKNOWN" });
    beat();
    const names = ["", "readiness", "liveness", "startup", "speed", ...Object.keys(services)];
    for (const name of names)
      assert.deepEqual(await asker.check(name), { status: "SERVING" }, name);

    cache.fail(new Error("gone"));
    assert.deepEqual(await asker.check(""), { status: "SERVING" }, "degraded is serving");
    database.fail(new Error("gone"));
    assert.deepEqual(await asker.check(""), { status: "NOT_SERVING" });
    assert.deepEqual(await asker.check("shop.v1.Orders"), { status: "NOT_SERVING" });
    assert.deepEqual(await asker.check("liveness"), { status: "SERVING" });
    assert.equal(await asker.check("shop.v1.Payments"), 5);
    assert.equal(await asker.check("__proto__"), 5);

    beat();
    health.drain();
    assert.deepEqual(await asker.check(""), { status: "NOT_SERVING" });
    assert.deepEqual(await asker.check("liveness"), { status: "SERVING" });
  });

  test(`${serve} answers List, with tags for those who may see details, and refuses a flood of services`, async (t) => {
    const { asker, beat } = await started(t, serve, { services: ["shop.v1.Orders"] });
    beat();
    const serving = { status: "SERVING" };
    const known = { "": serving, liveness: serving, readiness: serving, startup: serving };
    const stranger = { "x-forwarded-for": "203.0.113.9" };
    assert.deepEqual(await asker.ask(Health["List"]!, {}), {
      statuses: { ...known, speed: serving, "shop.v1.Orders": serving },
    });
    assert.deepEqual(await asker.ask(Health["List"]!, {}, stranger), {
      statuses: { ...known, "shop.v1.Orders": serving },
    });

    const many = Array.from({ length: 97 }, (_, i) => `shop.v1.S${i}`);
    const { asker: other } = await started(t, serve, { services: many });
    assert.equal(await other.ask(Health["List"]!, {}), 8);
  });

  test(`${serve} answers FlxService/HealthCheck; components only for loopback and the token`, async (t) => {
    const { database, cache, asker, beat } = await started(t, serve, { tokens: [token] });
    const rpc = FlxService["HealthCheck"]!;
    beat();
    cache.beat({ status: "degraded", message: "slow" });
    const { components, ...rest } = (await asker.ask(rpc, {})) as {
      components: Record<string, Record<string, unknown>>;
    };
    assert.deepEqual(rest, { healthy: true, status: "degraded" });
    assert.deepEqual(Object.keys(components), ["database", "cache", "loop"]);
    const { ageMs, ...told } = components["cache"]!;
    assert.ok(Number(ageMs) >= 0);
    const state = { status: "degraded", message: "slow", critical: false };
    assert.deepEqual(told, { ...state, durationMs: 0 });

    database.fail(new Error("refused"));
    const forwarded = { "x-forwarded-for": "203.0.113.9" };
    const short = { healthy: false, status: "unhealthy", components: {} };
    assert.deepEqual(await asker.ask(rpc, {}, forwarded), short);
    const wrong = { ...forwarded, authorization: `Bearer ${token.slice(1)}` };
    assert.deepEqual(await asker.ask(rpc, {}, wrong), short);
    const right = { ...forwarded, authorization: `Bearer ${token}` };
    const all = (await asker.ask(rpc, {}, right)) as { components: object };
    assert.deepEqual(Object.keys(all.components), ["database", "cache", "loop"]);
    const some = (await asker.ask(rpc, { service: "liveness" })) as { components: object };
    assert.deepEqual(Object.keys(some.components), ["loop"]);
    assert.equal(await asker.ask(rpc, { service: "nobody" }), 5);
  });

  test(`${serve} is understood by grpcHealth() in both protocols`, async (t) => {
    const { serving, database, beat } = await started(t, serve);
    const target = `127.0.0.1:${serving.port}`;
    const context = () => ({ signal: new AbortController().signal, timeoutMs: 5_000 });
    beat();
    assert.deepEqual(await grpcHealth({ target })(context()), { status: "healthy" });
    database.beat({ status: "unhealthy", message: "no connection" });
    const told = (await grpcHealth({ target, protocol: "flx.v1" })(context())) as CheckResult;
    assert.equal(told.status, "unhealthy");
    assert.equal(told.message, "database is unhealthy");
    assert.equal(told.components?.["database"]?.message, "no connection");
    await assert.rejects(Promise.resolve(grpcHealth({ target, service: "x" })(context())), {
      status: "NOT_FOUND",
    });
  });

  test(`${serve} tells a Watch the present state, then every change, also of a service that comes later`, async (t) => {
    const { health, database, asker, beat } = await started(t, serve);
    const all = asker.watch("");
    const live = asker.watch("liveness");
    const later = asker.watch("billing");
    await waitUntil(() => [all, live, later].every(({ told }) => told.length === 1));
    assert.deepEqual(
      [all.told[0], live.told[0], later.told[0]],
      ["UNKNOWN", "SERVING", "SERVICE_UNKNOWN"],
    );
    beat();
    await waitUntil(() => all.told.length === 2);
    database.fail(new Error("gone"));
    await waitUntil(() => all.told.length === 3);
    beat();
    await waitUntil(() => all.told.length === 4);
    health.heartbeat("invoices", { ttlMs: 600_000, tags: ["billing"] }).beat();
    await waitUntil(() => later.told.length > 1);
    assert.deepEqual(all.told.slice(0, 4), ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVING"]);
    assert.equal(later.told.at(-1), "SERVING");
    assert.deepEqual(live.told, ["SERVING"]);
  });

  test(`${serve} tells 2,000 watchers of a change, and holds nobody who does not read`, async (t) => {
    const { database, serving, asker, beat } = await started(t, serve, { maxWatchers: 2_000 });
    beat();
    const askers = [asker, ...Array.from({ length: 24 }, () => new Asker(serving.port))];
    for (const each of askers.slice(1)) t.after(() => each.client.close());
    const watches = Array.from({ length: 2_000 }, (_, i) => askers[i % 25]!.watch(""));
    await waitUntil(() => watches.every(({ told }) => told.length === 1), { timeoutMs: 20_000 });
    assert.equal(serving.watchers(), 2_000);
    assert.equal(await asker.watch("").ended, 8, "there is no room for one more");

    for (const { call } of watches.slice(0, 1_000)) call.pause();
    for (let i = 0; i < 201; i++) {
      if (i % 2 === 0) database.fail(new Error("gone"));
      else database.beat();
    }
    const reading = watches.slice(1_000);
    await waitUntil(() => reading.every(({ told }) => told.at(-1) === "NOT_SERVING"), {
      timeoutMs: 20_000,
    });
    for (const { call } of watches) {
      call.on("error", () => {});
      call.cancel();
    }
    await waitUntil(() => serving.watchers() === 0, { timeoutMs: 20_000 });
  });

  test(`${serve} ends its watches when it closes`, async (t) => {
    const { serving, asker, beat } = await started(t, serve);
    beat();
    const { told, ended } = asker.watch("");
    await waitUntil(() => told.length === 1);
    await serving.close();
    assert.equal(await ended, 14);
    assert.equal(serving.watchers(), 0);
  });

  test(`${serve} refuses requests that are none`, async (t) => {
    const { asker, serving } = await started(t, serve);
    const ask = (bytes: Buffer, path = "/grpc.health.v1.Health/Check") =>
      asker.ask({ ...Health["Check"]!, path, requestSerialize: () => bytes }, {});
    assert.equal(await ask(Buffer.from("0a05", "hex")), 3);
    assert.equal(await ask(Buffer.from("0a05", "hex"), "/grpc.health.v1.Health/Watch"), 3);
    assert.equal(await ask(Buffer.alloc(3), "/grpc.health.v1.Health/Nothing"), 12);
    const long = await ask(Buffer.alloc(6 * 1024 * 1024));
    assert.ok(long === 3 || long === 8, String(long));

    const socket = connect(serving.port, "127.0.0.1");
    socket.end("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    await closed(socket);
    const session = connectHttp2(`http://127.0.0.1:${serving.port}`);
    const page = session.request({ ":path": "/" });
    const status = await new Promise((resolve) => {
      page.on("response", (headers) => resolve(headers[":status"]));
    });
    assert.equal(status, 415);
    session.destroy();
    assert.deepEqual(await asker.check("liveness"), { status: "SERVING" });
  });
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.on("close", () => resolve());
  });
}

test("addHealthService() shows components to nobody without a credential, as it is on an application's own port", async (t) => {
  const options = { trustLoopback: false, tokens: [token] };
  const { asker, beat } = await started(t, "a grpc-js server", options);
  beat();
  const rpc = FlxService["HealthCheck"]!;
  const short = { healthy: true, status: "healthy", components: {} };
  assert.deepEqual(await asker.ask(rpc, {}), short);
  const { components } = (await asker.ask(rpc, {}, { authorization: `Bearer ${token}` })) as {
    components: object;
  };
  assert.equal(Object.keys(components).length, 3);
});

test("startGrpcHealthServer() says that its port is taken, or its address nobody's", async (t) => {
  const health = new HealthChecker();
  const port = await freePort();
  const first = await startGrpcHealthServer({ health, port });
  t.after(() => first.close());
  await assert.rejects(startGrpcHealthServer({ health, port }), {
    code: "FLX_GRPC_LISTEN",
    message: /is taken/,
  });
  await assert.rejects(startGrpcHealthServer({ health, port: 0, host: "203.0.113.1" }), {
    code: "FLX_GRPC_LISTEN",
    message: /EADDRNOTAVAIL/,
  });
});
