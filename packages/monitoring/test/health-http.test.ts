// Health over real sockets: the handler, the frameworks' forms of it, the admin server, and who sees what.

import assert from "node:assert/strict";
import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type RequestListener,
} from "node:http";
import { createRequire } from "node:module";
import { type AddressInfo, connect } from "node:net";
import { test, type TestContext } from "node:test";
import {
  adminHealth,
  expressHealth,
  fastifyHealth,
  type HealthChecker as Checker,
  HealthChecker,
  healthHandler,
  type HealthHandlerOptions,
  honoHealth,
  koaHealth,
} from "@flx/monitoring/health";
import { type KoaContext, Registry, startAdminServer } from "@flx/monitoring/metrics";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";

/** It brings no types. */
interface KoaApplication {
  use(
    middleware: (context: { body?: unknown } & KoaContext, next: () => Promise<unknown>) => unknown,
  ): this;
  callback(): RequestListener;
}
const Koa = createRequire(import.meta.url)("koa") as new () => KoaApplication;

const token = "0123456789abcdef-token";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function ask(
  url: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Answer> {
  const sent = request(url, { method, headers, agent: false, timeout: 10_000 });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { statusCode: status = 0, headers: answered } = response;
  return { status, headers: answered, body: Buffer.concat(chunks).toString() };
}

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A checker with a critical database, a cache and a liveness check, all in one's hands. */
async function shop(t: TestContext) {
  const health: Checker = new HealthChecker();
  t.after(() => health.stop());
  const db = health.heartbeat("postgres", { ttlMs: 600_000, critical: true });
  const cache = health.heartbeat("redis", { ttlMs: 600_000, dependsOn: ["postgres"] });
  const loop = health.heartbeat("loop", { ttlMs: 600_000, kind: "liveness" });
  for (const each of [db, cache, loop]) each.beat();
  return { health, db, cache, loop };
}

async function served(t: TestContext, options: Partial<HealthHandlerOptions> = {}) {
  const parts = await shop(t);
  const url = await serve(t, healthHandler({ health: parts.health, tokens: [token], ...options }));
  return { ...parts, url };
}

const bearer = { authorization: `Bearer ${token}` };
const json = { accept: "application/json" };
const healthJson = { accept: "application/health+json" };

test("healthHandler() answers 200 for healthy and degraded, 503 for unhealthy and draining", async (t) => {
  const { url, health, db, cache } = await served(t);
  const f = async (want: string) => {
    const probes = ["livez", "readyz", "startupz", "healthz"];
    const answers = await Promise.all(probes.map((probe) => ask(`${url}/${probe}`)));
    assert.equal(
      answers
        .map(({ status, body }) => `${status} ${body}`)
        .join("")
        .replaceAll("\n", " "),
      want,
    );
  };

  await f("200 healthy 200 healthy 200 healthy 200 healthy ");
  cache.fail("gone");
  await f("200 healthy 200 degraded 200 healthy 200 degraded ");
  db.fail("gone");
  await f("200 healthy 503 unhealthy 200 healthy 503 unhealthy ");
  db.beat();
  cache.beat();
  health.drain();
  await f("200 healthy 503 draining 200 healthy 503 draining ");
});

test("healthHandler() answers with what a probe needs, and nothing to keep", async (t) => {
  const { url } = await served(t);
  const got = await ask(`${url}/readyz`);
  assert.equal(got.headers["content-type"], "text/plain; charset=utf-8");
  assert.equal(got.headers["cache-control"], "no-store");
  assert.equal(got.headers["content-length"], "8");
  const head = await ask(`${url}/readyz`, {}, "HEAD");
  assert.deepEqual([head.status, head.body, head.headers["content-length"]], [200, "", "8"]);
  const post = await ask(`${url}/readyz`, {}, "POST");
  assert.deepEqual(
    [post.status, post.headers.allow, post.headers.connection],
    [405, "GET, HEAD", "close"],
  );
});

test("healthHandler() tells strangers a word, in the form they like", async (t) => {
  const { url, db } = await served(t);
  db.fail("password=hunter2");
  const f = async (path: string, accept: string, type: string, body: string) => {
    const got = await ask(url + path, { accept });
    assert.deepEqual(
      [got.headers["content-type"], got.body],
      [`${type}; charset=utf-8`, body],
      accept,
    );
  };

  await f("/readyz", "*/*", "text/plain", "unhealthy\n");
  await f("/readyz?verbose", "*/*", "text/plain", "unhealthy\n");
  await f("/readyz", "application/json", "application/json", '{"status":"unhealthy"}\n');
  await f("/readyz?verbose", "application/json", "application/json", '{"status":"unhealthy"}\n');
  await f("/readyz", "application/health+json", "application/health+json", '{"status":"fail"}\n');
  await f("/livez", "application/health+json", "application/health+json", '{"status":"pass"}\n');
  await f("/readyz/postgres", "application/json", "application/json", '{"status":"unhealthy"}\n');
  await f(
    "/readyz",
    "text/html, application/json;q=0.5, */*;q=0.1",
    "application/json",
    '{"status":"unhealthy"}\n',
  );
  await f("/readyz", "application/json;q=0, text/plain", "text/plain", "unhealthy\n");
  await f("/readyz", "image/png", "text/plain", "unhealthy\n");
});

test("healthHandler() shows components to those with a token", async (t) => {
  const { url, db, cache } = await served(t);
  const body = async (path: string, headers: Record<string, string>) =>
    (await ask(url + path, { ...bearer, ...headers })).body;

  assert.equal(
    await body("/readyz", json),
    '{"status":"healthy","components":{"postgres":{"status":"healthy"},"redis":{"status":"healthy"}}}\n',
  );
  assert.equal(
    await body("/readyz", healthJson),
    '{"status":"pass","checks":{"postgres":[{"status":"pass"}],"redis":[{"status":"pass"}]}}\n',
  );
  db.fail(new Error("connect\nECONNREFUSED postgres://app:hunter2@db"));
  db.fail(new Error("connect\nECONNREFUSED postgres://app:hunter2@db"));
  cache.beat({
    status: "degraded",
    message: "slow",
    measurements: { ping: { value: 900, unit: "ms", limit: 500 } },
  });
  assert.equal(
    await body("/readyz?verbose", {}),
    "[-]postgres unhealthy: connect ECONNREFUSED postgres://[redacted]@db; 2 failures in a row\n" +
      "[~]redis degraded: slow; caused by postgres\nreadyz: unhealthy\n",
  );
  const everything = JSON.parse(await body("/readyz?verbose", json)) as {
    components: Record<string, Record<string, unknown>>;
  };
  const { checkedAt, changedAt, ...redis } = everything.components["redis"]!;
  assert.deepEqual(redis, {
    status: "degraded",
    critical: false,
    kinds: ["readiness"],
    message: "slow",
    consecutiveFailures: 0,
    causedBy: ["postgres"],
    measurements: { ping: { value: 900, unit: "ms", limit: 500 } },
  });
  assert.ok(Date.parse(String(checkedAt)) >= Date.parse(String(changedAt)));
  const draft = JSON.parse(await body("/readyz?verbose", healthJson)) as {
    status: string;
    checks: Record<string, Record<string, unknown>[]>;
  };
  assert.equal(draft.status, "fail");
  assert.deepEqual(Object.keys(draft.checks), [
    "postgres:responseTime",
    "redis:responseTime",
    "redis:ping",
  ]);
  const { time, ...ping } = draft.checks["redis:ping"]![0]!;
  assert.deepEqual(ping, { observedValue: 900, observedUnit: "ms", status: "warn" });
  assert.match(String(time), /^\d{4}-\d\d-\d\dT/);
});

test("healthHandler() leaves components out, or tells of one", async (t) => {
  const { url, db } = await served(t);
  db.fail("gone");
  const f = async (path: string, want: string) => {
    const { status, body } = await ask(url + path);
    assert.equal(`${status} ${body.trim()}`, want, path);
  };

  await f("/readyz?exclude=postgres", "200 healthy");
  await f("/readyz?exclude=redis&exclude=nobody", "503 unhealthy");
  await f("/healthz?exclude=postgres&exclude=redis", "200 healthy");
  await f("/readyz/postgres", "503 unhealthy");
  await f("/readyz/redis", "200 healthy");
  await f("/readyz/%72edis", "200 healthy");
  await f("/healthz/loop", "200 healthy");
  await f("/readyz/loop", "404 not found"); // it is of liveness
  await f("/readyz/nobody", "404 not found");
  await f("/readyz/", "503 unhealthy");
  await f("/readyz/__proto__", "404 not found");
  await f(
    "/readyz/%E0%A4%A",
    "400 this cannot be read: an escape in the path, or more than 64 times exclude",
  );
  await f("/", "404 not found");
  await f("/readyzz", "404 not found");
  await f("/metrics", "404 not found");
  await f(
    `/readyz?${"exclude=a&".repeat(65)}`,
    "400 this cannot be read: an escape in the path, or more than 64 times exclude",
  );
  await f(`/readyz?verbose=${"x".repeat(2_048)}`, "414 the URL is too long");
});

test("healthHandler() answers the same bytes until a status changes, whatever is measured meanwhile", async (t) => {
  const { url, db } = await served(t);
  for (const headers of [{}, json, { ...bearer, ...json }, { ...bearer, ...healthJson }]) {
    const before = await ask(`${url}/healthz`, headers);
    db.beat({ message: "another word", measurements: { x: { value: Math.random() } } });
    const after = await ask(`${url}/healthz`, headers);
    assert.deepEqual([after.status, after.body], [before.status, before.body]);
  }
  db.beat({ message: "first" });
  assert.match((await ask(`${url}/readyz?verbose`, bearer)).body, /first/);
  db.beat({ message: "second" });
  assert.match((await ask(`${url}/readyz?verbose`, bearer)).body, /second/);
});

test("healthHandler() starts the checker it serves", async (t) => {
  const health: Checker = new HealthChecker();
  t.after(() => health.stop());
  const { promise: called, resolve } = Promise.withResolvers<void>();
  health.register("db", () => resolve(), { critical: true });
  const url = await serve(t, healthHandler({ health, prefix: "/internal/" }));
  await called;
  assert.equal((await ask(`${url}/internal/readyz`)).body, "healthy\n");
  assert.equal((await ask(`${url}/readyz`)).status, 404);
});

test("access is by token, certificate, or loopback where that is said, and cannot be claimed", async (t) => {
  const { url, health } = await served(t);
  const trusting = await serve(t, healthHandler({ health, trustLoopback: true }));
  const own = await serve(
    t,
    healthHandler({
      health,
      authorize: ({ headers }) => {
        if (headers["x-break"] !== undefined) throw new Error("broken");
        return headers["x-team"] === "ops";
      },
    }),
  );
  const f = async (base: string, headers: Record<string, string>, want: boolean) => {
    const { body } = await ask(`${base}/readyz`, { ...json, ...headers });
    assert.equal(body.includes("postgres"), want, JSON.stringify(headers));
  };

  await f(url, {}, false); // loopback is not trusted on an application's own port
  await f(url, bearer, true);
  await f(url, { authorization: `bearer   ${token}` }, true);
  await f(url, { authorization: `Bearer ${token}x` }, false);
  await f(url, { authorization: `Bearer ${token.slice(0, -1)}` }, false);
  await f(url, { authorization: `Basic ${token}` }, false);
  await f(url, { authorization: "Bearer " }, false);
  await f(url, { authorization: token }, false);
  await f(url, { authorization: `Bearer ${"x".repeat(8_000)}` }, false);
  await f(url, { "x-forwarded-for": "127.0.0.1" }, false);

  await f(trusting, {}, true);
  await f(trusting, { host: "localhost" }, true);
  await f(trusting, { host: "[::1]:9464" }, true);
  await f(trusting, { host: "shop.example.com" }, false); // a page that points its name to 127.0.0.1, or a proxy
  await f(trusting, { host: "127.0.0.1.example.com" }, false);
  await f(trusting, { host: "127.0.0.1@example.com" }, false);
  for (const name of ["x-forwarded-for", "forwarded", "via", "x-real-ip", "x-forwarded-proto"]) {
    await f(trusting, { [name]: "127.0.0.1" }, false);
  }

  await f(own, { "x-team": "ops" }, true);
  await f(own, { "x-team": "dev" }, false);
  await f(own, { "x-break": "1" }, false);
  assert.throws(() => healthHandler({ health, tokens: [""] }), { code: "FLX_HEALTH_OPTION" });
});

test("loopback is not believed of HTTP/1.0, as nginx speaks it, or without a Host", async (t) => {
  const { url } = await served(t, { trustLoopback: true });
  const raw = async (head: string) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.end(`${head}\r\nAccept: application/json\r\n\r\n`);
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    return text.includes("postgres");
  };
  assert.equal(await raw("GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close"), true);
  assert.equal(await raw("GET /readyz HTTP/1.0\r\nHost: localhost"), false);
  assert.equal(await raw("GET /readyz HTTP/1.0"), false);
});

test("adminHealth() puts health beside the metrics, with details for this machine", async (t) => {
  const { health, db } = await shop(t);
  const admin = await startAdminServer({
    port: 0,
    registry: new Registry(),
    handlers: adminHealth({ health }),
  });
  t.after(() => admin.close());
  db.fail("gone");
  assert.equal((await ask(`${admin.url}/readyz`)).status, 503);
  assert.match((await ask(`${admin.url}/readyz?verbose`)).body, /^\[-\]postgres unhealthy: gone/);
  assert.equal((await ask(`${admin.url}/readyz/redis`)).body, "healthy\n");
  assert.equal((await ask(`${admin.url}/readyz/a/b`)).status, 404);
  assert.equal((await ask(`${admin.url}/readyzz`)).status, 404);
  assert.equal((await ask(`${admin.url}/metrics`)).status, 200);
  assert.equal((await ask(`${admin.url}/`)).body.split("\n").includes("/livez"), true);
});

test("health is served inside express, koa, fastify and hono, which keep their own routes", async (t) => {
  const { health, db } = await shop(t);
  const options = { health, tokens: [token] };
  const web = express();
  web.use(expressHealth(options));
  web.use("/inner", expressHealth({ ...options, prefix: "/inner" }));
  web.get("/own", (_, response) => void response.send("own"));
  const koa = new Koa();
  koa.use(koaHealth(options)).use((context) => void (context.body = "own"));
  const fast = fastify();
  await fast.register(fastifyHealth, options);
  await fast.register(fastifyHealth as never, { ...options, prefix: "/inner" } as never);
  fast.get("/own", () => "own");
  await fast.ready();
  t.after(() => fast.close());
  const hono = new Hono();
  hono.use(honoHealth(options));
  hono.get("/own", (context) => context.text("own"));
  const honoListener: RequestListener = (incoming, response) => {
    const headers = new Headers(incoming.headers as Record<string, string>);
    const url = `http://127.0.0.1${incoming.url}`;
    void (async () => {
      const answer = await hono.fetch(
        new Request(url, { method: incoming.method ?? "GET", headers }),
      );
      response
        .writeHead(answer.status, Object.fromEntries(answer.headers))
        .end(await answer.text());
    })();
  };
  const apps: Readonly<Record<string, RequestListener>> = {
    express: web as RequestListener,
    koa: koa.callback(),
    fastify: (incoming, response) => fast.routing(incoming, response),
    hono: honoListener,
  };
  for (const [name, app] of Object.entries(apps)) {
    db.beat();
    const url = await serve(t, app);
    assert.equal((await ask(`${url}/own`)).body, "own", name);
    assert.equal((await ask(`${url}/readyz`)).body, "healthy\n", name);
    db.fail("gone");
    const got = await ask(`${url}/readyz?verbose`, bearer);
    assert.deepEqual([got.status, got.headers["cache-control"]], [503, "no-store"], name);
    assert.match(got.body, /^\[-\]postgres unhealthy: gone/, name);
    assert.equal((await ask(`${url}/readyz/postgres`)).body, "unhealthy\n", name);
    assert.deepEqual(
      [(await ask(`${url}/livez`, {}, "HEAD")).status, (await ask(`${url}/livez`)).status],
      [200, 200],
      name,
    );
    if (name === "express" || name === "fastify") {
      assert.equal((await ask(`${url}/inner/readyz/redis`)).body, "healthy\n", name);
    }
  }
});
