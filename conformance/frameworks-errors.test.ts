// The error hooks inside real fastify, express and koa, over real sockets.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { expressErrors, fastifyErrors, koaErrors, RichErrorHandler } from "@flx/monitoring/errors";
import express from "express";
import fastify from "fastify";

/** koa has no types of its own. */
type KoaMiddleware = ReturnType<typeof koaErrors> | ((context: { path: string }) => void);
type KoaApplication = { use(middleware: KoaMiddleware): void; callback(): RequestListener };
const Koa = createRequire(import.meta.url)("koa") as new () => KoaApplication;

const output: string[] = [];
const handler = new RichErrorHandler({
  format: "plain",
  limit: false,
  output: { write: (text) => output.push(text) },
});

function fail(path: string): never {
  if (path.startsWith("/missing")) throw Object.assign(new Error("no such order"), { status: 404 });
  throw new TypeError("secret plans: password=hunter2hunter2");
}

interface Server extends AsyncDisposable {
  readonly url: string;
}

async function serve(listener: RequestListener): Promise<Server> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

type Start = (development: boolean) => Promise<Server>;

const frameworks: Readonly<Record<string, Start>> = {
  async fastify(development) {
    const app = fastify();
    app.setErrorHandler(fastifyErrors({ handler, development }));
    app.get("/*", (request) => fail(request.url));
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    return { url, [Symbol.asyncDispose]: async () => app.close() };
  },
  async express(development) {
    const app = express();
    app.get("/{*all}", (request) => fail(request.path));
    app.use(expressErrors({ handler, development }));
    return await serve(app);
  },
  async koa(development) {
    const app = new Koa();
    app.use(koaErrors({ handler, development }));
    app.use((context: { path: string }) => fail(context.path));
    return await serve(app.callback());
  },
};

for (const [name, start] of Object.entries(frameworks)) {
  test(`${name} answers a failed request with problem+json, and tells nothing but the error's id`, async () => {
    await using server = await start(false);
    output.length = 0;
    const answer = await fetch(`${server.url}/orders?token=abc`, {
      headers: { accept: "text/html" },
    });
    assert.equal(answer.status, 500);
    assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
    const problem = (await answer.json()) as Record<string, string>;
    assert.deepEqual(problem, {
      type: "about:blank",
      title: "Internal Server Error",
      status: 500,
      instance: `urn:flx:error:${problem["errorId"]}`,
      errorId: problem["errorId"],
    });
    assert.equal(output.length, 1);
    assert.ok(output[0]!.includes(problem["errorId"]!), output[0]);
    assert.ok(!output[0]!.includes("hunter2hunter2"));
    assert.match(output[0]!, /frames? of|conformance\/frameworks-errors/);
  });

  test(`${name} answers what the client has done wrong with its status and message`, async () => {
    await using server = await start(false);
    const answer = await fetch(`${server.url}/missing`);
    assert.equal(answer.status, 404);
    const problem = (await answer.json()) as Record<string, string>;
    assert.deepEqual([problem["title"], problem["detail"]], ["Not Found", "no such order"]);
  });

  test(`${name} shows the report to a browser of this machine in development`, async () => {
    await using server = await start(true);
    const answer = await fetch(`${server.url}/orders`, { headers: { accept: "text/html" } });
    const html = await answer.text();
    assert.equal(answer.status, 500);
    assert.match(
      answer.headers.get("content-security-policy") ?? "",
      /^default-src 'none'; style-src 'sha256-/,
    );
    assert.match(html, /<h1>TypeError<\/h1>/);
    assert.ok(!html.includes("hunter2hunter2"));
    const json = await fetch(`${server.url}/orders`);
    assert.match(json.headers.get("content-type") ?? "", /problem\+json/);
  });
}
