// A service under load, in a process of its own: receivers.ts starts it, once for each receiver and once without monitoring.
//
//   GET /   a catalogue is searched and written as JSON; with monitoring: three spans with attributes, a line, a counter, a histogram
//   message "usage"   memory of the process, CPU time of the main thread

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Monitoring } from "@flx/monitoring";

/** What the service says of itself. */
export interface Usage {
  readonly rssBytes: number;
  /** Of the main thread, since the start. */
  readonly cpuMs: number;
}

const catalogue = Array.from({ length: 200 }, (_, id) => ({
  id,
  name: `article ${id}`,
  cents: (id * 7_919) % 10_000,
  tags: ["a", "b", String(id % 7)],
}));

function search(query: number): string {
  const found = catalogue.filter(({ cents, tags }) => cents > query && tags.includes("3"));
  return JSON.stringify(found.toSorted((a, b) => a.cents - b.cents));
}

async function monitored(flx: Monitoring): Promise<(query: number) => string> {
  const requests = flx.metrics.counter({
    name: "shop_requests_total",
    help: "Requests",
    labelNames: ["route"],
  });
  const took = flx.metrics.histogram({ name: "shop_request_seconds", help: "Time of a request" });
  const find = flx.trace("catalogue.find", { attributes: (query: number) => ({ query }) }, search);
  const check = flx.trace("request.check", (query: number) => query >= 0);
  return flx.trace(
    "GET /",
    {
      kind: "server",
      attributes: () => ({ "http.request.method": "GET", "http.route": "/", "url.path": "/" }),
    },
    (query: number) => {
      const done = took.startTimer();
      check(query);
      const body = find(query);
      flx.logger.info({ query, bytes: body.length }, "found");
      requests.inc({ route: "/" });
      done();
      return body;
    },
  );
}

let answer: (query: number) => string = search;
if (process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] !== undefined) {
  const { startMonitoring } = await import("@flx/monitoring");
  answer = await monitored(
    await startMonitoring({
      service: "shop",
      admin: { port: 0, host: "127.0.0.1" },
      logging: { destination: { write: () => {} } },
      metrics: { intervalMs: 1_000 },
      onProblem: () => {},
    }),
  );
}

const server = createServer((request, response) => {
  const body = answer(Number(new URL(request.url ?? "/", "http://shop").searchParams.get("q")));
  response.setHeader("content-type", "application/json");
  response.end(body);
}).listen(0, "127.0.0.1", () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});

process.on("message", () => {
  const { user, system } = process.threadCpuUsage();
  const usage: Usage = { rssBytes: process.memoryUsage.rss(), cpuMs: (user + system) / 1_000 };
  process.send?.(usage);
});
process.on("disconnect", () => process.exit());
