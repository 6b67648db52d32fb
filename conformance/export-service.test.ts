// What a receiver does to a service that exports to it: nothing. The same service without the SDK, with a receiver that
// takes everything, with none, with one that is slow and with one that lies, under the same load in turns.
//
//   load ──► bare │ live │ dead │ slow │ lying ──► the next in turn ...      each a process of its own
//
// Every request must be answered, and memory must not depend on the receiver. How long requests take is printed; on a
// machine that does other things it says something only with FLX_FULL=1, which runs many rounds, of what `npm run build`
// has built: sources bring the compiler's stripper into every thread.

import assert from "node:assert/strict";
import { createServer, get, Agent, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { freePort, startProcess } from "@flx/testkit";

const fixture = join(import.meta.dirname, "fixture/export-service/service.ts");
const isFull = process.env["FLX_FULL"] === "1";
const ROUNDS = isFull ? 12 : 2;
const ROUND_MS = isFull ? 2_000 : 1_000;
const PER_SECOND = 100;
/** The spool aside, what the SDK may hold more when nobody takes anything. */
const MEMORY_BYTES = 32 * 1024 * 1024;

const receivers: Readonly<Record<string, RequestListener>> = {
  live: (request, response) => {
    request.resume().on("end", () => response.end());
  },
  slow: (request, response) => {
    request.resume();
    setTimeout(() => response.end(), 3_000).unref();
  },
  // More rejected than sent, in a message that goes on for ever.
  lying: (request, response) => {
    request.resume().on("end", () => {
      response.write(
        Buffer.from([0x0a, 0x0b, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
      );
      response.end(Buffer.alloc(1024 * 1024, 0xff));
    });
  },
};

const agent = new Agent({ keepAlive: true, maxSockets: 50 });

function ask(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${url} answered ${response.statusCode}`));
      });
    }).on("error", reject);
  });
}

interface Figures {
  readonly ms: readonly number[];
  readonly rss: number;
}

/** Requests at a steady rate, whether or not earlier ones are answered. */
async function load(url: string): Promise<Figures> {
  const asked: Promise<string>[] = [];
  const began = performance.now();
  while (performance.now() - began < ROUND_MS) {
    const due = ((performance.now() - began) / 1_000) * PER_SECOND;
    while (asked.length < due) asked.push(ask(`${url}/work`));
    await delay(2);
  }
  await Promise.all(asked);
  return JSON.parse(await ask(`${url}/figures`)) as Figures;
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

test("a dead, slow or lying receiver costs no request and no memory", async (t) => {
  await using stack = new AsyncDisposableStack();
  stack.defer(() => agent.destroy());
  const addresses: Record<string, string> = { dead: `http://127.0.0.1:${await freePort()}` };
  for (const [name, listener] of Object.entries(receivers)) {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    stack.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    addresses[name] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const kinds = ["bare", "live", "dead", "slow", "lying"];
  const urls = new Map<string, string>();
  for (const kind of kinds) {
    const service = await startProcess({
      name: kind,
      command: process.execPath,
      args: isFull ? [fixture] : ["--conditions=@flx/source", fixture],
      env: {
        FLX_EXIT_TIMEOUT_MS: "100",
        ...(kind === "bare" ? { FLX_BARE: "1" } : { OTEL_EXPORTER_OTLP_ENDPOINT: addresses[kind] }),
      },
    });
    stack.use(service);
    const [, port] = await service.waitForLine(/^listening (\d+)$/, 60_000);
    urls.set(kind, `http://127.0.0.1:${port}`);
  }
  for (const url of urls.values()) await load(url);
  const ms = new Map<string, number[]>(kinds.map((kind) => [kind, []]));
  const rss = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < kinds.length; i++) {
      const kind = kinds[(round + i) % kinds.length]!;
      const figures = await load(urls.get(kind)!);
      assert.ok(figures.ms.length >= (ROUND_MS / 1_000) * PER_SECOND * 0.5, kind);
      ms.get(kind)!.push(...figures.ms);
      rss.set(kind, figures.rss);
    }
  }
  for (const kind of kinds) {
    const [p50, p99] = [0.5, 0.99].map((q) => quantile(ms.get(kind)!, q).toFixed(2));
    const mb = (rss.get(kind)! / 1e6).toFixed(1);
    t.diagnostic(
      `${kind}: p50 ${p50} ms, p99 ${p99} ms, ${ms.get(kind)!.length} requests, ${mb} MB`,
    );
  }
  for (const kind of ["dead", "slow", "lying"]) {
    assert.ok(rss.get(kind)! - rss.get("live")! < MEMORY_BYTES, `${kind}: ${rss.get(kind)} bytes`);
  }
});
