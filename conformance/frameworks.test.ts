// The metrics middlewares inside the real web frameworks, over HTTP: express, koa, fastify, hono on node-server.
//
//   each application    a header set on the way in    the metrics at /metrics    routes of its own    a part under /internal
//
// What a scraper gets must be the same in all four, and what is not ours must reach the application.

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
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { serve as serveHono } from "@hono/node-server";
import { parseExpositionStrict, parseProtobufExpositionStrict } from "@flx/model";
import {
  Counter,
  expressMetrics,
  fastifyMetrics,
  Gauge,
  honoMetrics,
  type KoaContext,
  koaMetrics,
  type MetricsHandlerOptions,
  Registry,
} from "@flx/monitoring/metrics";
import { waitUntil } from "@flx/testkit";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";

/** koa has no types of its own. */
type KoaApplication = {
  use(
    middleware: (
      context: KoaContext & {
        status: number;
        body: unknown;
        set(name: string, value: string): void;
      },
      next: () => Promise<unknown>,
    ) => Promise<unknown> | void,
  ): KoaApplication;
  callback(): RequestListener;
  on(event: "error", listener: (error: unknown) => void): void;
};
const Koa = createRequire(import.meta.url)("koa") as new () => KoaApplication;

/** An application under test. */
interface Application {
  readonly url: string;
  /** What the framework itself was told of as an error. */
  readonly frameworkErrors: unknown[];
}

type Start = (t: TestContext, options: MetricsHandlerOptions) => Promise<Application>;

async function listen(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What the applications answer themselves, by method and path; everything else is 404. */
const ownRoutes = ["GET /orders", "POST /orders", "GET /metricsx", "GET /metrics/orders"] as const;

async function startExpress(t: TestContext, options: MetricsHandlerOptions): Promise<Application> {
  const frameworkErrors: unknown[] = [];
  const app = express();
  app.use((_, response, next) => {
    response.setHeader("x-before", "1");
    next();
  });
  app.use(expressMetrics(options));
  for (const route of ownRoutes) {
    const [method, path] = route.split(" ") as ["GET" | "POST", string];
    app[method === "GET" ? "get" : "post"](path, (_, response) => void response.send(route));
  }
  const internal = express.Router();
  internal.use(expressMetrics(options));
  app.use("/internal", internal);
  app.use("/below/metrics", expressMetrics({ ...options, path: "/below/metrics" }));
  app.use(
    (
      error: unknown,
      _request: express.Request,
      response: express.Response,
      _next: express.NextFunction,
    ) => {
      frameworkErrors.push(error);
      response.status(500).end();
    },
  );
  return { url: await listen(t, app), frameworkErrors };
}

async function startKoa(t: TestContext, options: MetricsHandlerOptions): Promise<Application> {
  const frameworkErrors: unknown[] = [];
  const app = new Koa();
  // koa tells of every connection that breaks, whoever writes the answer.
  app.on("error", (error) => {
    if ((error as NodeJS.ErrnoException).code !== "ECONNRESET") frameworkErrors.push(error);
  });
  app.use(async (context, next) => {
    context.set("x-before", "1");
    await next();
  });
  app.use(koaMetrics(options));
  app.use(koaMetrics({ ...options, path: "/internal/metrics" }));
  app.use((context) => {
    const route = ownRoutes.find((one) => one === `${context.req.method} ${context.path}`);
    if (route !== undefined) context.body = route;
  });
  return { url: await listen(t, app.callback()), frameworkErrors };
}

async function startFastify(t: TestContext, options: MetricsHandlerOptions): Promise<Application> {
  const frameworkErrors: unknown[] = [];
  const app = fastify();
  t.after(() => app.close());
  app.addHook("onError", async (_request, _reply, error) => void frameworkErrors.push(error));
  app.addHook("onRequest", async (_, reply) => void reply.header("x-before", "1"));
  await app.register(fastifyMetrics, options);
  await app.register(fastifyMetrics, { ...options, prefix: "/internal" });
  for (const route of ownRoutes) {
    const [method = "", url = ""] = route.split(" ");
    app.route({ method, url, handler: () => route });
  }
  return { url: await app.listen({ port: 0, host: "127.0.0.1" }), frameworkErrors };
}

async function startHono(t: TestContext, options: MetricsHandlerOptions): Promise<Application> {
  const frameworkErrors: unknown[] = [];
  const app = new Hono();
  app.onError((error, context) => {
    frameworkErrors.push(error);
    return context.body(null, 500);
  });
  app.use(async (context, next) => {
    context.header("x-before", "1");
    await next();
  });
  app.all("/metrics", honoMetrics(options));
  const internal = new Hono().get("/metrics", honoMetrics(options));
  app.route("/internal", internal);
  for (const route of ownRoutes) {
    const [method = "", path = ""] = route.split(" ");
    app.on(method, path, (context) => context.text(route));
  }
  const server = serveHono({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  await once(server, "listening");
  t.after(() => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, frameworkErrors };
}

/** The frameworks, and what each answers to a method that its route of the metrics does not take. */
const frameworks: Readonly<
  Record<string, { readonly start: Start; readonly wrongMethod: number }>
> = {
  "express 5": { start: startExpress, wrongMethod: 405 },
  "koa 3": { start: startKoa, wrongMethod: 405 },
  // The route is of GET and HEAD only, so fastify itself refuses the others.
  "fastify 5": { start: startFastify, wrongMethod: 404 },
  "hono 4": { start: startHono, wrongMethod: 405 },
};

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request over a connection of its own. */
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
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks),
  };
}

/** Two metrics, and many series when asked for. */
function shop(series = 1): Registry {
  const registry = new Registry();
  const registers = [registry];
  const placed = new Counter({
    name: "orders_placed_total",
    help: "Orders placed",
    labelNames: ["shop"],
    maxSeries: 200_000,
    registers,
  });
  for (let i = 0; i < series; i++) placed.inc({ shop: `shop number ${i}` });
  new Gauge({ name: "queue.length", help: "Waiting", registers }).set(3);
  return registry;
}

const protobuf =
  "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

for (const [name, { start, wrongMethod }] of Object.entries(frameworks)) {
  test(`${name}: a scraper gets the format it asks for, some metrics, or the head alone`, async (t) => {
    const { url, frameworkErrors } = await start(t, { registry: shop() });

    const text = await ask(`${url}/metrics`);
    assert.equal(text.status, 200);
    assert.equal(text.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert.equal(text.headers["cache-control"], "no-store");
    assert.equal(text.headers["vary"], "Accept, Accept-Encoding");
    assert.equal(text.headers["x-content-type-options"], "nosniff");
    assert.equal(text.headers["content-length"], String(text.body.length));
    const names = parseExpositionStrict(text.body, { format: "text" }).map((family) => family.name);
    assert.deepEqual(names, ["orders_placed", "queue_length"]);

    const openMetrics = await ask(`${url}/metrics`, {
      accept: "application/openmetrics-text; version=1.0.0; escaping=allow-utf-8",
    });
    assert.equal(
      openMetrics.headers["content-type"],
      "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
    );
    const families = parseExpositionStrict(openMetrics.body, { format: "openmetrics" });
    assert.equal(families[1]?.name, "queue.length");

    const bytes = await ask(`${url}/metrics`, { accept: protobuf });
    assert.equal(parseProtobufExpositionStrict(bytes.body)[1]?.name, "queue_length");

    const one = await ask(`${url}/metrics?name[]=queue.length&name%5B%5D=nobody`);
    const found = parseExpositionStrict(one.body, { format: "text" }).map((family) => family.name);
    assert.deepEqual(found, ["queue_length"]);

    const head = await ask(`${url}/metrics`, {}, "HEAD");
    assert.deepEqual([head.status, head.body.length], [200, 0]);
    assert.equal(head.headers["content-type"], text.headers["content-type"]);
    assert.deepEqual(frameworkErrors, []);
  });

  test(`${name}: what is large is compressed with what the scraper takes`, async (t) => {
    const { url } = await start(t, { registry: shop(20_000) });
    const plain = await ask(`${url}/metrics`);
    assert.ok(plain.body.length > 500_000);
    assert.equal(plain.headers["content-encoding"], undefined);
    const gzip = await ask(`${url}/metrics`, { "accept-encoding": "gzip" });
    assert.deepEqual(
      [gzip.headers["content-encoding"], gzip.headers["content-length"]],
      ["gzip", undefined],
    );
    assert.deepEqual(gunzipSync(gzip.body), plain.body);
    const zstd = await ask(`${url}/metrics`, { "accept-encoding": "gzip, zstd" });
    assert.equal(zstd.headers["content-encoding"], "zstd");
    assert.deepEqual(zstdDecompressSync(zstd.body), plain.body);
  });

  test(`${name}: what is not the metrics reaches the application`, async (t) => {
    const { url } = await start(t, { registry: shop() });
    for (const route of ownRoutes) {
      const [method, path] = route.split(" ");
      const { status, body } = await ask(`${url}${path}?a=/metrics`, {}, method);
      assert.deepEqual([status, body.toString()], [200, route]);
    }
    for (const path of ["/", "/orders/metrics", "/Metrics/x", "/?/metrics"]) {
      assert.equal((await ask(url + path)).status, 404, path);
    }
    for (const method of ["POST", "PUT", "DELETE"]) {
      const { status, headers } = await ask(`${url}/metrics`, {}, method);
      assert.equal(status, wrongMethod, method);
      assert.equal(headers["allow"], wrongMethod === 405 ? "GET, HEAD" : undefined);
    }
  });

  test(`${name}: headers that the application set before are kept, under a prefix too`, async (t) => {
    const { url } = await start(t, { registry: shop(100) });
    for (const path of ["/metrics", "/internal/metrics", "/internal/metrics?name[]=queue.length"]) {
      for (const headers of [{}, { "accept-encoding": "gzip" }] as Record<string, string>[]) {
        const answer = await ask(url + path, headers);
        assert.deepEqual([answer.status, answer.headers["x-before"]], [200, "1"], path);
      }
    }
  });

  test(`${name}: a registry that fails is a 500, and the next scrape is none`, async (t) => {
    const registry = shop();
    const errors: unknown[] = [];
    const { url, frameworkErrors } = await start(t, {
      registry,
      onError: (error) => errors.push(error),
    });
    const expose = registry.expose.bind(registry);
    registry.expose = () => Promise.reject(new Error("secret"));
    const { status, headers, body } = await ask(`${url}/metrics`);
    assert.deepEqual([status, body.toString()], [500, "the metrics could not be written\n"]);
    assert.equal(headers["content-type"], "text/plain; charset=utf-8");
    assert.equal(errors.length, 1);
    registry.expose = expose;
    assert.equal((await ask(`${url}/metrics`)).status, 200);
    assert.deepEqual(frameworkErrors, []);
  });

  test(`${name}: a scraper that goes away while metrics are collected leaves nothing behind`, async (t) => {
    const registry = shop();
    const signals: AbortSignal[] = [];
    const expose = registry.expose.bind(registry);
    registry.expose = (how) => {
      if (how?.signal !== undefined) signals.push(how.signal);
      return expose(how);
    };
    const waiting: (() => void)[] = [];
    const collect = () => new Promise<void>((resolve) => void waiting.push(resolve));
    // oxlint-disable-next-line no-new -- it registers itself
    new Gauge({ name: "slow", help: "x", registers: [registry], collect });
    const errors: unknown[] = [];
    const options = { registry, maxInFlight: 1, onError: (error: unknown) => errors.push(error) };
    const { url, frameworkErrors } = await start(t, options);
    const gone = request(`${url}/metrics`, { agent: false });
    gone.on("error", () => {});
    gone.end();
    await waitUntil(() => waiting.length === 1, { what: "the callback to be called" });
    assert.equal((await ask(`${url}/metrics`)).status, 503);
    gone.destroy();
    await waitUntil(() => signals[0]?.aborted, { what: "the scrape to be given up" });
    const pulse = setInterval(() => waiting.splice(0).forEach((finish) => finish()), 5);
    await waitUntil(async () => (await ask(`${url}/metrics`)).status === 200, {
      what: "room for another scrape",
    }).finally(() => clearInterval(pulse));
    assert.deepEqual([errors, frameworkErrors], [[], []]);
  });

  for (const coding of ["identity", "gzip", "zstd"]) {
    test(`${name}: a scraper that goes away in the middle of ${coding} leaves nothing behind`, async (t) => {
      const errors: unknown[] = [];
      const { url, frameworkErrors } = await start(t, {
        registry: shop(150_000),
        maxInFlight: 1,
        onError: (error) => errors.push(error),
      });
      const reader = request(`${url}/metrics`, {
        agent: false,
        headers: { "accept-encoding": coding },
      });
      reader.on("error", () => {});
      reader.end();
      const [response] = (await once(reader, "response")) as [IncomingMessage];
      response.on("error", () => {});
      await once(response, "readable");
      response.destroy();
      await waitUntil(async () => (await ask(`${url}/metrics`)).status === 200, {
        what: "room for another scrape",
      });
      assert.deepEqual([errors, frameworkErrors], [[], []]);
    });
  }

  test(`${name}: a scraper that does not read is cut off after \`sendTimeoutMs\``, async (t) => {
    // More than the buffers of a loopback connection.
    const options = { registry: shop(150_000), maxInFlight: 1, sendTimeoutMs: 300 };
    const { url } = await start(t, options);
    const reader = request(`${url}/metrics`, { agent: false });
    reader.on("error", () => {});
    reader.end();
    const [response] = (await once(reader, "response")) as [IncomingMessage];
    response.on("error", () => {});
    assert.equal((await ask(`${url}/metrics`)).status, 503);
    await waitUntil(async () => (await ask(`${url}/metrics`, {}, "HEAD")).status === 200, {
      what: "room for another scrape",
    });
    await new Promise((resolve) => response.once("close", resolve).resume());
    assert.equal(response.complete, false);
  });
}
