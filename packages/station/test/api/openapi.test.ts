// The OpenAPI file beside the table of routes of a whole station: a route of our own that is not described fails, and so does a
// description of what is not there. What others have described (Prometheus' API, probes, receivers) is listed here.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { temporaryFolder, waitUntil } from "@flx/testkit";
import { startStation } from "../../src/start-station.ts";
import { openapi, validate } from "./openapi-file.ts";

/** Described by Prometheus: https://prometheus.io/docs/prometheus/latest/querying/api/ and management_api/ */
const PROMETHEUS =
  /^\/(?:api\/v1\/(?:query|query_range|query_exemplars|format_query|parse_query|labels|series|label\/\{name\}\/values|metadata|targets|scrape_pools|targets\/metadata|read|write|status\/(?:active_queries|buildinfo|runtimeinfo|flags|config|tsdb|walreplay))|federate|metrics|-\/(?:healthy|ready|reload|quit))$/;
/** By OpenTelemetry and Zipkin. */
const RECEIVERS = /^\/(?:v1\/(?:metrics|traces|logs)|api\/v1\/otlp\/v1\/metrics|api\/v2\/spans)$/;
/** Probes: in docs/guides/station.md. */
const PROBES = /^\/(?:livez|readyz|startupz|healthz)(?:\/\{name\})?$/;
/** For people. */
const PAGES =
  /^\/(?:|query|traces|traces\/\{id\}|errors|errors\/\{fingerprint\}|logs|page\/[\w.]+)$/;

const folder = await temporaryFolder("openapi");
const station = await startStation({
  configFile: undefined,
  dataFolder: folder.file("data"),
  http: "0",
  otlpGrpc: "0",
  otlpHttp: "0",
  memory: undefined,
  allowWithoutAccessControl: false,
  allowQuit: true,
  logLevel: "silent",
  onQuit: () => undefined,
});
after(async () => {
  assert.deepEqual(await station.stop(), []);
  await folder.remove();
});

test("the OpenAPI file has every route of our own, and no other", () => {
  const served = station.rules
    .filter(({ door }) => door === "http")
    .map(({ method, path }) => [method, path.replaceAll(/:(\w+)/g, "{$1}")] as const);
  const elsewhere = [PROMETHEUS, RECEIVERS, PROBES, PAGES];
  const own = served.filter(([, path]) => !elsewhere.some((pattern) => pattern.test(path)));
  const described = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(
    described.toSorted(),
    own.map(([method, path]) => `${method} ${path}`).toSorted(),
  );
});

/** Asks, and looks whether the answer is one that is described. */
async function ask(
  method: "get" | "post",
  path: string,
  { query = "", body, name = "" }: { query?: string; body?: string; name?: string } = {},
): Promise<{ readonly status: number; readonly data: unknown }> {
  const url = `${station.urls.http}${path.replace("{name}", name)}?${query}`;
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const response = await fetch(url, {
    method: method.toUpperCase(),
    ...(body !== undefined && { body, headers }),
  });
  const answer = (await response.json()) as { readonly data?: unknown };
  const described = openapi.paths[path]![method]!.responses[String(response.status)];
  assert.ok(described !== undefined, `${method} ${url}: ${response.status} is described`);
  validate(answer, described.content["application/json"].schema, path);
  return { status: response.status, data: answer.data };
}

test("what is busiest is answered as the file says, with every parameter", async () => {
  const path = "/api/v1/status/busiest";
  await waitUntil(async () => ((await ask("get", path)).data as unknown[]).length > 0, {
    timeoutMs: 60_000,
    what: "the station to have samples of itself",
  });
  const query = new URLSearchParams();
  for (const { name, example } of openapi.paths[path]!["get"]!.parameters) {
    for (const value of [example].flat()) query.append(name, String(value));
  }
  const { status, data } = await ask("get", path, { query: query.toString() });
  assert.equal(status, 200);
  assert.ok((data as readonly { labels: object }[]).every(({ labels }) => "job" in labels));
  assert.equal((await ask("get", path, { query: "sort=x" })).status, 400);
});

test("a backup is begun, asked for and refused as the file says", async () => {
  const begun = await ask("post", "/api/v1/backups", { body: "name=nightly" });
  assert.equal(begun.status, 200);
  const done = await waitUntil(
    async () => {
      const { data } = await ask("get", "/api/v1/backups/{name}", { name: "nightly" });
      const found = data as { readonly state: string; readonly error?: string };
      return found.state !== "running" && found;
    },
    { timeoutMs: 60_000, what: "the backup to be made" },
  );
  assert.equal(done.state, "done", done.error);
  assert.equal((await ask("post", "/api/v1/backups", { body: "name=.." })).status, 400);
  assert.equal((await ask("get", "/api/v1/backups/{name}", { name: "none" })).status, 404);
});
