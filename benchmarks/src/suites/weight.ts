// What the SDK costs a process that starts: ms of import and start, MB of memory, beside the Prometheus clients and
// OpenTelemetry.
//
//   ours            startMonitoring: metrics, system metrics, health, tracing, export, the admin server listening
//   ours, metrics   metrics, system metrics and the admin server alone: what the Prometheus clients are
//   clients         their default metrics, and a server for them
//   OpenTelemetry   a meter provider, and a server: it has no exposition without another package
//   node:http       the server alone: what every contender has in it
//
// The built JavaScript is measured (`npm run build` first), as a service gets it. Every contender has counted once and
// answers a request, so nothing that is loaded late is left out of the start.

import { requireBuilt } from "../harness/built-packages.ts";
import { suite, type StartUpCase, type StartUpContender, type Suite } from "../harness/suite.ts";

/** Everything: one call, a count and a span. */
const everything = `
  const { startMonitoring } = await import("@flx/monitoring");
  const flx = await startMonitoring({ service: "shop", admin: { port: 0, host: "127.0.0.1" } });
  flx.metrics.counter({ name: "orders_total", help: "Orders" }).inc();
  const { port } = flx.admin;`;

/** The parts of the SDK that are started without it, in order. */
const parts: readonly string[] = [
  `const { Counter, startAdminServer } = await import("@flx/monitoring/metrics");
   new Counter({ name: "orders_total", help: "Orders" }).inc();`,
  `const { collectSystemMetrics } = await import("@flx/monitoring/system-metrics");
   collectSystemMetrics();`,
  `const { port } = await startAdminServer({ port: 0, host: "127.0.0.1" });`,
];

/** Listens with `answer`; without the import of node:http, which would load 14 MB that are not the client's. */
const server = (answer: string): string => `
  const { createServer } = process.getBuiltinModule("node:http");
  const http = createServer(async (_, response) => response.end(await (${answer})));
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address();`;

const answer = 'fetch("http://127.0.0.1:" + port + "/metrics").then((response) => response.text())';

function client(name: string): StartUpContender {
  return {
    name,
    package: name,
    program: `
      const { default: client } = await import("${name}");
      client.collectDefaultMetrics();
      new client.Counter({ name: "orders_total", help: "Orders" }).inc();
      ${server("client.register.metrics()")}`,
    proof: answer,
  };
}

const contenders: readonly StartUpContender[] = [
  { name: "ours", program: everything, proof: answer },
  { name: "ours, metrics", program: parts.join("\n"), proof: answer },
  {
    name: "ours, entry prom-client",
    program: client("@flx/monitoring/prom-client").program,
    proof: answer,
  },
  client("prom-client"),
  client("@prometheus-io/client"),
  {
    name: "@opentelemetry/sdk-metrics",
    package: "@opentelemetry/sdk-metrics",
    program: `
      const { MeterProvider, MetricReader } = await import("@opentelemetry/sdk-metrics");
      class Reader extends MetricReader { async onShutdown() {} async onForceFlush() {} }
      const reader = new Reader();
      const meter = new MeterProvider({ readers: [reader] }).getMeter("shop");
      meter.createCounter("orders_total").add(1);
      ${server("reader.collect().then((all) => JSON.stringify(all))")}`,
    proof: answer,
  },
  { name: "node:http alone", program: server('"orders_total"'), proof: answer },
];

function start(name: string, figure: StartUpCase["figure"], atMost: number): StartUpCase {
  const budgets = [{ atMost }];
  return { name, kind: "start-up", figure, expected: "orders_total", contenders, budgets };
}

requireBuilt("model");
requireBuilt("monitoring");

export const weight: Suite = suite("weight", {
  title: "Import and start",
  cases: [
    start("import and start", "ms", 40),
    start("resident memory after the start, above bare Node", "MB", 15),
  ],
});
