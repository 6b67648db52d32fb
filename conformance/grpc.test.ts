// One state, shown in many ways: a grpc-js client asks both gRPC servers, an HTTP client the probes, a scrape the metrics,
// after each of up to 10,000 random changes. Nobody may ever be told something else than the others.

import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { addHealthService, startGrpcHealthServer } from "@flx/monitoring/grpc";
import { collectHealthMetrics, HealthChecker, healthHandler } from "@flx/monitoring/health";
import { Registry } from "@flx/monitoring/metrics";
import { waitUntil } from "@flx/testkit";
import { Client, credentials, Server, ServerCredentials } from "@grpc/grpc-js";

/** FLX_FULL=1 for all of them: 15 s. */
const CHANGES = process.env["FLX_FULL"] === "1" ? 10_000 : 2_000;
const GROUPS = ["", "liveness", "readiness", "startup", "speed"];
const PROBES = { "": "healthz", liveness: "livez", readiness: "readyz", startup: "startupz" };

const asTheyAre = (bytes: Buffer): Buffer => bytes;

/** The field `service` of a request; the names here are short. */
const requestOf = (service: string): Buffer =>
  service === ""
    ? Buffer.alloc(0)
    : Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]);

function client(t: TestContext, port: number): Client {
  const made = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  t.after(() => made.close());
  return made;
}

/** Whether a gRPC server says that a service is serving. */
function isServing(asker: Client, service: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    asker.makeUnaryRequest(
      "/grpc.health.v1.Health/Check",
      asTheyAre,
      asTheyAre,
      requestOf(service),
      (error, answer) => (error === null ? resolve(answer![1] === 1) : reject(error)),
    );
  });
}

function statusOf(agent: Agent, url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode!));
    }).on("error", reject);
  });
}

/** Numbers that look random and are the same in each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test(`HTTP, two gRPC servers, a Watch and the metrics never tell two different states in ${CHANGES} changes`, async (t) => {
  const health = new HealthChecker();
  const ttlMs = 600_000;
  const beats = [
    health.heartbeat("database", { ttlMs, critical: true }),
    health.heartbeat("queue", { ttlMs, critical: true, tags: ["speed"] }),
    health.heartbeat("cache", { ttlMs, tags: ["speed"] }),
    health.heartbeat("loop", { ttlMs, kind: "liveness" }),
  ];
  const registry = new Registry();
  collectHealthMetrics(health, { registry });

  const server = new Server();
  const service = addHealthService(server, health);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const own = await startGrpcHealthServer({ health, port: 0 });
  const http = createServer(healthHandler({ health })).listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port: httpPort } = http.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  t.after(async () => {
    service.close();
    server.forceShutdown();
    await own.close();
    agent.destroy();
    http.close();
    await health.stop();
  });
  const [theirs, ours] = [client(t, port), client(t, own.port)];
  const told: number[] = [];
  const watch = ours.makeServerStreamRequest(
    "/grpc.health.v1.Health/Watch",
    asTheyAre,
    asTheyAre,
    requestOf("readiness"),
  );
  watch.on("data", (bytes: Buffer) => told.push(bytes[1] ?? 0));
  watch.on("error", () => {});

  const random = numbers(42);
  const answers = ["healthy", "degraded", "unhealthy", "unknown"] as const;
  for (let i = 0; i < CHANGES; i++) {
    beats[random(beats.length)]!.beat(answers[random(answers.length)]);
    const group = GROUPS[i % GROUPS.length]!;
    const state = health.state(group === "" ? undefined : group)!;
    const probe = (PROBES as Readonly<Record<string, string>>)[group];
    const [byGrpcJs, byUs, status, text] = await Promise.all([
      isServing(theirs, group),
      isServing(ours, group),
      probe === undefined ? undefined : statusOf(agent, `http://127.0.0.1:${httpPort}/${probe}`),
      registry.metrics({ names: ["flx_health_serving", "flx_health_group_status"] }),
    ]);
    const name = group === "" ? "overall" : group;
    const shown = { group, i, byGrpcJs, byUs, status };
    assert.deepEqual(
      shown,
      {
        group,
        i,
        byGrpcJs: state.serving,
        byUs: state.serving,
        status: probe === undefined ? undefined : state.serving ? 200 : 503,
      },
      JSON.stringify(state),
    );
    const serving = `flx_health_serving{group="${name}"} ${state.serving ? 1 : 0}\n`;
    assert.ok(text.includes(serving), `${serving} is in\n${text}`);
    const has = `flx_health_group_status{group="${name}",status="${state.status}"} 1\n`;
    assert.ok(text.includes(has), `${has} is in\n${text}`);
  }
  const last = await isServing(ours, "readiness");
  await waitUntil(() => (told.at(-1) === 1) === last);
  assert.ok(told.length > 100, `${told.length} changes were told`);
  for (const [i, state] of told.entries()) assert.notEqual(state, told[i + 1], "told twice");
});
