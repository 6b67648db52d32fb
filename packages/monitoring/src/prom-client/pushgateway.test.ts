import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Counter, Pushgateway, Registry } from "./index.ts";

const registry: Registry = new Registry();
const jobs = new Counter({ name: "jobs_total", help: "Jobs", registers: [registry] });
jobs.inc(3);

/** A gateway that notes what it is sent and answers with a status. */
async function startGateway(
  t: TestContext,
  status = 200,
): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const gzip = request.headers["content-encoding"] === "gzip";
      seen.push(`${request.method} ${request.url} ${String(gzip ? gunzipSync(body) : body)}`);
      response.writeHead(status).end("said");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const text = "# HELP jobs_total Jobs\n# TYPE jobs_total counter\njobs_total 3\n";

test("`Pushgateway` sends POST, PUT and DELETE to the path of the group", async (t) => {
  const { url, seen } = await startGateway(t);
  const gateway = new Pushgateway(url, registry);
  const { body } = await gateway.pushAdd({ jobName: "nightly import" });
  assert.equal(body, "said");
  await gateway.push({ jobName: "a", groupings: { instance: "b c" } });
  await gateway.delete({ jobName: "a", groupings: { path: "/x", empty: "" } });
  const below = new Pushgateway(`${url}/base`, { requireJobName: false }, registry);
  await below.push({} as { jobName: string });
  const headers = { "Content-Encoding": "gzip" };
  await new Pushgateway(url, { headers }, registry).push({ jobName: "zipped" });
  assert.deepEqual(seen, [
    `POST /metrics/job/nightly%20import ${text}`,
    `PUT /metrics/job/a/instance/b%20c ${text}`,
    "DELETE /metrics/job/a/path@base64/L3g/empty@base64/= ",
    `PUT /base/metrics ${text}`,
    `PUT /metrics/job/zipped ${text}`,
  ]);
});

test("`Pushgateway` needs a job name, and rejects what the gateway refuses", async (t) => {
  const { url } = await startGateway(t, 400);
  const gateway = new Pushgateway(url, null, registry);
  assert.throws(
    () => gateway.push({} as { jobName: string }),
    /^Error: Missing jobName parameter$/,
  );
  await assert.rejects(
    gateway.push({ jobName: "a" }),
    /^Error: push failed with status 400, said$/,
  );
});
