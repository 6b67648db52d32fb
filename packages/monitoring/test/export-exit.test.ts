// A process that ends before its export worker has begun: what it had is on disk, and the next start sends it.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { temporaryFolder, waitUntil } from "@flx/testkit";
import { messageFields } from "../src/export/worker/message-fields.ts";
import { runProgram } from "./run-program.ts";

const SPANS = 100;

/** How many spans a request has. */
function spansOf(body: Uint8Array): number {
  return messageFields(body)
    .flatMap(({ bytes }) => messageFields(bytes).filter(({ field }) => field === 2))
    .reduce((sum, scope) => {
      return sum + messageFields(scope.bytes).filter(({ field }) => field === 2).length;
    }, 0);
}

const program = (url: string, folder: string, rest: string, exitTimeoutMs = 1_500) => `
  import { startMonitoring } from "@flx/monitoring";
  import { Registry } from "@flx/monitoring/metrics";
  const flx = await startMonitoring({
    service: "short",
    admin: false,
    health: false,
    metrics: { registry: new Registry(), system: false },
    otlp: { endpoint: ${JSON.stringify(url)}, logs: false, metrics: false },
    spool: { folder: ${JSON.stringify(folder)} },
    export: { exitTimeoutMs: ${exitTimeoutMs} },
  });
  ${rest}`;

test("a burst before the worker has begun is on disk at the end, and all of it arrives with the next start", async (t) => {
  await using folder = await temporaryFolder("rescue");
  let taken = 0;
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request
      .on("data", (chunk: Uint8Array) => chunks.push(chunk))
      .on("end", () => {
        taken += spansOf(gunzipSync(Buffer.concat(chunks)));
        response.end();
      });
  }).listen(0, "127.0.0.1");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await waitUntil(() => server.listening);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  // In a few milliseconds no thread begins, so the service's own has to do it.
  const burst = `
    const work = flx.traceSync;
    for (let i = 0; i < ${SPANS}; i++) work("work", () => {});
    process.exitCode = 7;
    process.exit();`;
  const ended = await runProgram(program(url, folder.path, burst, 2));
  assert.deepEqual([ended.code, ended.stderr], [7, ""]);
  assert.equal(taken, 0);
  const owners = readdirSync(folder.path);
  assert.equal(owners.length, 1);

  const next = await runProgram(
    program(
      url,
      folder.path,
      `await new Promise((resolve) => setTimeout(resolve, 1_000));
       flx.traceSync("work", () => {});
       console.log(await flx.flush(60_000), flx.exporter.counters.get("traces", "adopted"));`,
    ),
  );
  assert.equal(next.stderr, "");
  assert.equal(next.stdout, `true ${SPANS}\n`);
  assert.equal(taken, SPANS + 1);
});
