// Metrics over real sockets: the handler, the frameworks' forms of it, the admin server, the Pushgateway client.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { parseExpositionStrict, parseProtobufExpositionStrict } from "@flx/model";
import {
  Counter,
  expressMetrics,
  fastifyMetrics,
  Gauge,
  honoMetrics,
  type KoaContext,
  koaMetrics,
  metricsHandler,
  Pushgateway,
  Registry,
  startAdminServer,
} from "@flx/monitoring/metrics";
import { waitUntil } from "@flx/testkit";
import fastify from "fastify";

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

/** Two metrics, and many series when asked for. */
function shop(series = 1): Registry {
  const registry = new Registry();
  const registers = [registry];
  const placed = new Counter({
    name: "orders_placed_total",
    help: "Orders placed",
    labelNames: ["shop"],
    maxSeries: 100_000,
    registers,
  });
  for (let i = 0; i < series; i++) placed.inc({ shop: `shop number ${i}` });
  new Gauge({ name: "queue.length", help: "Waiting", registers }).set(3);
  return registry;
}

/** A gauge whose callback is called before each exposition. */
function observe(registry: Registry, name: string, collect: () => void | Promise<void>): Gauge {
  return new Gauge({ name, help: "x", registers: [registry], collect });
}

test("metricsHandler() answers in the format that is asked for", async (t) => {
  const url = await serve(t, metricsHandler({ registry: shop() }));

  const text = await ask(url);
  assert.equal(text.status, 200);
  assert.equal(text.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(text.headers["cache-control"], "no-store");
  assert.equal(text.headers["vary"], "Accept, Accept-Encoding");
  assert.equal(text.headers["content-length"], String(text.body.length));
  assert.match(text.body.toString(), /^orders_placed_total\{shop="shop number 0"\} 1$/m);
  assert.match(text.body.toString(), /^queue_length 3$/m);

  const openMetrics = await ask(url, {
    accept: "application/openmetrics-text; version=1.0.0; escaping=allow-utf-8",
  });
  assert.match(openMetrics.headers["content-type"] ?? "", /escaping=allow-utf-8$/);
  const families = parseExpositionStrict(openMetrics.body, { format: "openmetrics" });
  assert.deepEqual(
    families.map(({ name }) => name),
    ["orders_placed", "queue.length"],
  );

  const protobuf = await ask(url, {
    accept:
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
  });
  assert.match(protobuf.headers["content-type"] ?? "", /^application\/vnd\.google\.protobuf/);
  const read = parseProtobufExpositionStrict(protobuf.body);
  assert.deepEqual(
    read.map(({ name }) => name),
    ["orders_placed", "queue_length"],
  );
});

test("metricsHandler() filters by name[]", async (t) => {
  const url = await serve(t, metricsHandler({ registry: shop() }));
  const f = async (query: string, want: string[]) => {
    const { body } = await ask(`${url}/metrics?${query}`);
    const names = parseExpositionStrict(body, { format: "text" }).map(({ name }) => name);
    assert.deepEqual(names, want);
  };
  await f("name[]=queue.length", ["queue_length"]);
  await f("name%5B%5D=orders_placed_total&name[]=nobody", ["orders_placed"]);
  await f("other=1", ["orders_placed", "queue_length"]);
});

test("metricsHandler() answers HEAD without collecting, and other methods with 405", async (t) => {
  let collected = 0;
  const registry = new Registry();
  observe(registry, "g", () => void collected++);
  const url = await serve(t, metricsHandler({ registry }));
  const head = await ask(url, {}, "HEAD");
  assert.deepEqual([head.status, head.body.length, collected], [200, 0, 0]);
  assert.match(head.headers["content-type"] ?? "", /^text\/plain; version=0\.0\.4/);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const { status, headers } = await ask(url, {}, method);
    assert.deepEqual(
      [status, headers["allow"], headers["connection"]],
      [405, "GET, HEAD", "close"],
    );
  }
  assert.equal(collected, 0);
});

test("metricsHandler() compresses what is worth it, with what the scraper takes", async (t) => {
  const url = await serve(t, metricsHandler({ registry: shop(20_000) }));
  const plain = (await ask(url)).body;
  assert.ok(plain.length > 500_000);
  const gzip = await ask(url, { "accept-encoding": "gzip" });
  assert.equal(gzip.headers["content-encoding"], "gzip");
  assert.equal(gzip.headers["content-length"], undefined);
  assert.ok(gzip.body.length < plain.length / 5);
  assert.deepEqual(gunzipSync(gzip.body), plain);
  const zstd = await ask(url, { "accept-encoding": "gzip, zstd" });
  assert.equal(zstd.headers["content-encoding"], "zstd");
  assert.deepEqual(zstdDecompressSync(zstd.body), plain);

  const small = await serve(t, metricsHandler({ registry: shop() }));
  assert.equal(
    (await ask(small, { "accept-encoding": "gzip" })).headers["content-encoding"],
    undefined,
  );
  const never = await serve(t, metricsHandler({ registry: shop(1_000), compress: false }));
  assert.equal(
    (await ask(never, { "accept-encoding": "gzip" })).headers["content-encoding"],
    undefined,
  );
});

test("metricsHandler() gives callbacks the scraper's timeout less its margin", async (t) => {
  const registry = shop();
  observe(registry, "late", () => new Promise(() => {}));
  const url = await serve(t, metricsHandler({ registry, timeoutMarginMs: 9_900 }));
  const { status, body } = await ask(url, { "x-prometheus-scrape-timeout-seconds": "0.2" });
  assert.equal(status, 200);
  assert.match(body.toString(), /^queue_length 3$/m);
  assert.doesNotMatch(body.toString(), /^late/m);
  assert.match(body.toString(), /^flx_metrics_collect_failures_total\{metric="late"\} 1$/m);
});

test("metricsHandler() answers 500 and goes on when the registry fails, and tells nobody why", async (t) => {
  const registry = shop();
  const expose = registry.expose.bind(registry);
  const errors: unknown[] = [];
  registry.expose = () => Promise.reject(new Error("secret"));
  const url = await serve(
    t,
    metricsHandler({
      registry,
      onError: (error) => {
        errors.push(error);
        throw new Error("the service's own mistake");
      },
    }),
  );
  const { status, body } = await ask(url);
  assert.deepEqual([status, body.toString()], [500, "the metrics could not be written\n"]);
  assert.equal(errors.length, 1);
  registry.expose = expose;
  assert.equal((await ask(url)).status, 200);
});

test("metricsHandler() stops for a scraper that goes away, while collecting and while sending", async (t) => {
  const registry = shop(50_000);
  const errors: unknown[] = [];
  let collecting = 0;
  let finish = () => {};
  observe(registry, "slow", () => {
    collecting++;
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  });
  const signals: AbortSignal[] = [];
  const expose = registry.expose.bind(registry);
  registry.expose = (how) => {
    if (how?.signal !== undefined) signals.push(how.signal);
    return expose(how);
  };
  const options = { registry, maxInFlight: 1, onError: (error: unknown) => errors.push(error) };
  const url = await serve(t, metricsHandler(options));
  const gone = request(url, { agent: false });
  gone.on("error", () => {});
  gone.end();
  await waitUntil(() => collecting === 1, { what: "the callback to be called" });
  assert.equal((await ask(url)).status, 503);
  gone.destroy();
  await waitUntil(() => signals[0]?.aborted, { what: "the scrape to be given up" });
  finish();

  const reader = request(url, { agent: false });
  reader.on("error", () => {});
  reader.end();
  await waitUntil(async () => (finish(), (await Promise.resolve(signals.length)) === 2), {
    what: "the second scrape",
  });
  const answered = once(reader, "response");
  const pulse = setInterval(() => finish(), 5);
  const [response] = (await answered) as [IncomingMessage];
  response.destroy();
  await waitUntil(async () => (await ask(url)).status === 200, { what: "room for another scrape" });
  clearInterval(pulse);
  assert.deepEqual(errors, []);
});

test("expressMetrics() answers its path and leaves the rest to the next", async (t) => {
  const middleware = expressMetrics({ registry: shop() });
  const url = await serve(t, (incoming, response) => {
    middleware(incoming, response, () => response.writeHead(418).end());
  });
  assert.equal((await ask(`${url}/metrics?x=1`)).status, 200);
  assert.equal((await ask(`${url}/orders`)).status, 418);
  // Under app.use("/metrics", ...) express takes the path off `url`.
  const mounted = await serve(t, (incoming, response) => {
    const original = Object.assign(incoming, { originalUrl: incoming.url ?? "/", url: "/" });
    middleware(original, response, () => response.writeHead(418).end());
  });
  assert.equal((await ask(`${mounted}/metrics`)).status, 200);
});

test("koaMetrics() answers its path and leaves the rest to the next", async (t) => {
  const middleware = koaMetrics({ registry: shop(), path: "/m" });
  const contexts: KoaContext[] = [];
  const url = await serve(t, (req: IncomingMessage, res: ServerResponse) => {
    const context: KoaContext = { req, res, path: req.url ?? "/" };
    contexts.push(context);
    void middleware(context, async () => void res.writeHead(418).end());
  });
  assert.equal((await ask(`${url}/m`)).status, 200);
  assert.equal((await ask(`${url}/orders`)).status, 418);
  assert.deepEqual(
    contexts.map(({ respond }) => respond),
    [false, undefined],
  );
});

test("fastifyMetrics() is a plugin of fastify", async (t) => {
  const app = fastify();
  t.after(() => app.close());
  await app.register(fastifyMetrics, { registry: shop(1_000), path: "/internal/metrics" });
  app.get("/orders", () => "none");
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const { status, headers, body } = await ask(`${url}/internal/metrics`, {
    "accept-encoding": "gzip",
  });
  assert.deepEqual([status, headers["content-encoding"]], [200, "gzip"]);
  assert.match(gunzipSync(body).toString(), /^queue_length 3$/m);
  assert.equal((await ask(`${url}/internal/metrics`, {}, "HEAD")).status, 200);
  assert.equal((await ask(`${url}/orders`)).body.toString(), "none");
});

test("honoMetrics() turns a Request into a Response", async () => {
  const respond = honoMetrics({ registry: shop(1_000), maxInFlight: 1 });
  const f = async (headers: Record<string, string>, method = "GET") => {
    const raw = new Request("http://shop/metrics?name[]=queue.length&name[]=orders_placed", {
      headers,
      method,
    });
    return respond({ req: { raw } });
  };
  const plain = await f({});
  const text = await plain.text();
  assert.match(text, /^queue_length 3$/m);
  const gzip = await f({ "accept-encoding": "gzip" });
  assert.equal(gunzipSync(await gzip.bytes()).toString(), text);
  const head = await f({}, "HEAD");
  assert.deepEqual([head.status, (await head.bytes()).length], [200, 0]);
  assert.equal((await f({}, "POST")).status, 405);
});

test("startAdminServer() serves metrics and further routes on loopback", async () => {
  const errors: unknown[] = [];
  await using server = await startAdminServer({
    port: 0,
    host: "127.0.0.1",
    registry: shop(),
    handlers: { "/livez": (_, response) => void response.end("ok") },
    maxUrlLength: 100,
    onError: (error) => errors.push(error),
  });
  server.route("/broken", () => {
    throw new Error("secret");
  });
  server.route("/late", async () => {
    await Promise.resolve();
    throw new Error("secret");
  });
  const f = async (path: string, status: number, body: string) => {
    const answer = await ask(server.url + path);
    assert.deepEqual([answer.status, answer.body.toString()], [status, body]);
  };
  assert.match((await ask(`${server.url}/metrics`)).body.toString(), /^queue_length 3$/m);
  await f("/livez?verbose=1", 200, "ok");
  await f("/", 200, "/broken\n/late\n/livez\n/metrics\n");
  await f("/nothing", 404, "not found\n");
  await f(`/${"x".repeat(100)}`, 414, "the URL is too long\n");
  await f("/broken", 500, "internal error\n");
  await f("/late", 500, "internal error\n");
  assert.equal(errors.length, 2);
});

test("startAdminServer() says which port is taken and what to do", async () => {
  await using server = await startAdminServer({ port: 0, host: "127.0.0.1", registry: shop() });
  const again = startAdminServer({ port: server.port, host: "127.0.0.1", registry: shop() });
  await assert.rejects(again, {
    code: "FLX_ADMIN_LISTEN",
    message: `port ${server.port} on 127.0.0.1 is taken; choose another one with \`port\` (0 for any that is free)`,
  });
  await assert.rejects(startAdminServer({ port: 0, host: "192.0.2.1", registry: shop() }), {
    code: "FLX_ADMIN_LISTEN",
  });
});

test("AdminServer.close() ends a connection that is kept open", async () => {
  const server = await startAdminServer({ port: 0, host: "127.0.0.1", registry: shop() });
  let entered = false;
  server.route("/hang", () => {
    entered = true;
  });
  const hanging = assert.rejects(ask(`${server.url}/hang`));
  await waitUntil(() => entered, { what: "the request to arrive" });
  await Promise.all([server.close(10), server.close()]);
  await hanging;
  await assert.rejects(ask(server.url), { code: "ECONNREFUSED" });
});

test("an admin server and its connections keep no process alive", async () => {
  const script = `
    const { startAdminServer } = await import("@flx/monitoring/metrics");
    const { connect } = await import("node:net");
    const server = await startAdminServer({ port: 0, host: "127.0.0.1" });
    const waiting = setTimeout(() => process.exit(1), 10_000);
    await new Promise((resolve) => {
      server.route("/hang", resolve);
      connect(server.port, "127.0.0.1").unref().end("GET /hang HTTP/1.1\\r\\nhost: a\\r\\n\\r\\n");
    });
    clearTimeout(waiting);
    setTimeout(() => process.exit(2), 10_000).unref();
    console.log("asked");
    process.exitCode = 7;`;
  const run = promisify(execFile)(
    process.execPath,
    ["--conditions=@flx/source", "--input-type=module", "-e", script],
    { timeout: 20_000, cwd: import.meta.dirname },
  );
  await assert.rejects(run, { code: 7, stdout: "asked\n" });
});

interface Pushed {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What a Pushgateway is asked, and its answers. */
async function gateway(t: TestContext, status = 202): Promise<{ url: string; pushed: Pushed[] }> {
  const pushed: Pushed[] = [];
  const url = await serve(t, (incoming, response) => {
    let body = "";
    incoming.setEncoding("utf8").on("data", (part: string) => (body += part));
    incoming.on("end", () => {
      pushed.push({ method: incoming.method, url: incoming.url, headers: incoming.headers, body });
      if (status > 0) response.writeHead(status).end("pushed metrics are invalid\n");
    });
  });
  return { url, pushed };
}

test("Pushgateway pushes, adds and deletes, with the user of its URL", async (t) => {
  const { url, pushed } = await gateway(t);
  const address = `${url.replace("//", "//me:p%40ss@")}/gateway/`;
  const client = new Pushgateway(address, { registry: shop(), headers: { "x-team": "a" } });
  await client.push({ jobName: "nightly", groupings: { path: "/var" } });
  await client.pushAdd({ jobName: "nightly" });
  await client.delete({ jobName: "nightly" });
  assert.deepEqual(
    pushed.map(({ method, url: path }) => [method, path]),
    [
      ["PUT", "/gateway/metrics/job/nightly/path@base64/L3Zhcg"],
      ["POST", "/gateway/metrics/job/nightly"],
      ["DELETE", "/gateway/metrics/job/nightly"],
    ],
  );
  const [first, , last] = pushed;
  assert.match(first?.body ?? "", /^queue_length 3$/m);
  assert.equal(first?.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(last?.body, "");
  for (const { headers } of pushed) {
    assert.equal(headers["authorization"], `Basic ${Buffer.from("me:p@ss").toString("base64")}`);
    assert.equal(headers["x-team"], "a");
  }
});

test("Pushgateway says why a push failed, without the password", async (t) => {
  const f = async (url: string, message: RegExp, timeoutMs = 5_000) => {
    const client = new Pushgateway(url.replace("//", "//me:secret@"), {
      registry: shop(),
      timeoutMs,
    });
    await assert.rejects(client.push({ jobName: "a" }), (error: Error) => {
      assert.equal((error as Error & { code: string }).code, "FLX_METRIC_PUSH");
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  };
  const refusing = await gateway(t, 400);
  await f(refusing.url, /failed: it answered 400: pushed metrics are invalid$/);
  const silent = await gateway(t, 0);
  await f(silent.url, /failed: no answer within 50 ms$/, 50);
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  await f(`http://127.0.0.1:${port}`, /ECONNREFUSED/);

  const client = new Pushgateway(silent.url, { registry: shop() });
  const leaving = new AbortController();
  const left = client.push({ jobName: "a", signal: leaving.signal });
  leaving.abort(new Error("enough"));
  await assert.rejects(left, { code: "FLX_METRIC_PUSH" });
});
