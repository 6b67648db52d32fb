// Lines of every kind of logger arrive as OTLP log records, with the ids of the span that was active.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startMonitoring } from "@flx/monitoring";
import {
  attachConsole,
  attachPino,
  withLogContext,
  winstonTransport,
} from "@flx/monitoring/logging";
import { Registry } from "@flx/monitoring/metrics";
import { startOtlpReceiver, waitUntil } from "@flx/testkit";
import { pino } from "pino";
import { createLogger, transports } from "winston";

test("lines of our logger, of pino, winston and the console arrive with their trace", async () => {
  await using receiver = await startOtlpReceiver();
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  await using flx = await startMonitoring({
    service: "orders",
    version: "1.4.0",
    admin: { port: 0, host: "127.0.0.1" },
    otlp: { endpoint: receiver.url, protocol: "http/json", metrics: false },
    metrics: { registry: new Registry() },
    health: false,
    tracing: { baggage: ["tenant"] },
    logging: { destination, level: "debug" },
  });
  const exporter = flx.exporter!;
  const theirs: string[] = [];
  const own = pino({ name: "theirs" }, { write: (line) => void theirs.push(line) });
  const child = own.child({ part: "stock" });
  using pinoAttached = attachPino(own, { exporter });
  const winston = createLogger({
    transports: [new transports.Console({ silent: true }), winstonTransport({ exporter })],
  });
  const place = flx.trace("place", () => {
    withLogContext({ orderId: 7 }, () => flx.logger.info({ password: "planted" }, "ours"));
    child.warn({ sku: "a" }, "pino's");
    winston.error("winston's", { code: 42, token: "planted", err: new TypeError("w") });
    using _ = attachConsole({ exporter });
    console.debug("console's %d", 1, { password: "planted" });
  });
  place();
  pinoAttached[Symbol.dispose]();
  own.info("detached");
  console.debug("detached, too");
  flx.logger.error(new RangeError("failed", { cause: new Error("why") }));
  await flx.flush();
  await waitUntil(() => receiver.logs.length >= 5 && receiver.spans.length === 1, {
    what: "records and span",
  });

  const [span] = receiver.spans;
  const byBody = new Map(receiver.logs.map((log) => [log.body, log]));
  assert.deepEqual(
    new Set(byBody.keys()),
    new Set(["console's 1 { password: '[redacted]' }", "failed", "ours", "pino's", "winston's"]),
  );
  for (const [body, severity] of [
    ["ours", 9],
    ["pino's", 13],
    ["winston's", 17],
    ["console's 1 { password: '[redacted]' }", 5],
  ] as const) {
    const log = byBody.get(body)!;
    assert.equal(log.traceId, span!.traceId, body);
    assert.equal(log.spanId, span!.spanId, body);
    assert.equal(log.severityNumber, severity, body);
    assert.equal(log.resource["service.name"], "orders");
  }
  assert.equal(byBody.get("ours")!.attributes["orderId"], 7);
  assert.equal(byBody.get("pino's")!.attributes["part"], "stock");
  assert.equal(byBody.get("winston's")!.attributes["code"], 42);
  assert.equal(byBody.get("winston's")!.attributes["exception.type"], "TypeError");
  const failed = byBody.get("failed")!;
  assert.equal(failed.traceId, "");
  assert.equal(failed.attributes["exception.type"], "RangeError");
  assert.match(String(failed.attributes["exception.stacktrace"]), /logging-export\.test\.ts/);
  assert.ok(!JSON.stringify(receiver.logs).includes("planted"));
  assert.equal(theirs.length, 2);
  assert.match(theirs[0]!, /"trace_id":"[0-9a-f]{32}"/);
  assert.ok(!theirs[1]!.includes("trace_id"));
  assert.match(written[0]!, /"service":"orders","version":"1\.4\.0"/);
  const text = await flx.metrics.registry.metrics();
  assert.ok(text.includes('flx_log_lines_total{level="info"} 1\n'), text);
});

test("records of lines have the fingerprint, the id and the frames of the error's report, whoever logs", async () => {
  await using receiver = await startOtlpReceiver();
  const written: string[] = [];
  await using flx = await startMonitoring({
    service: "orders",
    admin: false,
    otlp: { endpoint: receiver.url, protocol: "http/json", metrics: false },
    metrics: { registry: new Registry(), system: false },
    health: false,
    logging: { destination: { write: (line) => void written.push(line) } },
    errors: { output: { write: () => true } },
  });
  const exporter = flx.exporter!;
  const own = pino({ base: null }, { write: () => undefined });
  using attached = attachPino(own, { exporter });
  assert.ok(attached);
  const winston = createLogger({
    transports: [new transports.Console({ silent: true }), winstonTransport({ exporter })],
  });
  const failed = (message: string): Error => {
    const cause = new RangeError("why");
    return new TypeError(message, { cause });
  };
  const errors = ["bare", "field", "child", "pino", "winston", "console", "error"].map(failed);
  const [bare, field, ofChild, ofPino, ofWinston, ofConsole, named] = errors;
  flx.logger.error(bare);
  flx.logger.error({ err: field, orderId: 7 }, "field");
  flx.logger.error({ error: named }, "error");
  flx.logger.child({ part: "stock" }).error({ err: ofChild }, "child");
  flx.logger.error({ orderId: 8 }, "none");
  own.error({ err: ofPino }, "pino");
  own.error("none of pino");
  winston.error("winston", { err: ofWinston });
  {
    using _ = attachConsole({ exporter });
    console.debug("console", ofConsole);
  }
  await flx.flush();
  await waitUntil(() => receiver.logs.length >= 9, { what: "records" });
  const byBody = new Map(receiver.logs.map((log) => [log.body, log.attributes]));
  for (const error of errors) {
    const { fingerprint, errorId, frames } = flx.errors.handler.report(error);
    const attributes = byBody.get(error.message)!;
    assert.equal(attributes["flx.error.fingerprint"], fingerprint, error.message);
    assert.equal(attributes["flx.error.id"], errorId, error.message);
    const [first] = attributes["flx.error.frames"] as { function: string; own: boolean }[];
    const [shown] = frames;
    assert.equal(shown!.kind === "frame" && shown!.functionName, "failed");
    assert.deepEqual([first!.function, first!.own], ["failed", true], error.message);
  }
  for (const body of ["none", "none of pino"]) {
    assert.equal(byBody.get(body)!["flx.error.fingerprint"], undefined, body);
  }
  // What the terminal has stays as it was.
  assert.ok(!written.join("").includes("flx.error"));
});

test("transitions of health arrive as records, and what becomes of records is seen in health and metrics", async () => {
  await using receiver = await startOtlpReceiver();
  await using flx = await startMonitoring({
    admin: false,
    otlp: { endpoint: receiver.url, protocol: "http/json" },
    metrics: { registry: new Registry(), system: false },
  });
  const database = flx.health.heartbeat("database", { ttlMs: 60_000, critical: true });
  database.beat();
  database.fail(new Error("connection refused"));
  database.beat("degraded");
  await flx.flush();
  // The machine may be ill, too.
  const ofDatabase = () =>
    receiver.logs.filter(({ attributes }) => attributes["component"] === "database");
  await waitUntil(() => ofDatabase().length === 2, { what: "two transitions" });
  const [worse, better] = ofDatabase();
  assert.equal(worse!.body, "database: healthy -> unhealthy");
  assert.equal(worse!.severityNumber, 17);
  assert.deepEqual(
    [worse!.eventName, worse!.attributes["component"], worse!.attributes["to"]],
    ["flx.health.transition", "database", "unhealthy"],
  );
  assert.equal(worse!.attributes["message"], "connection refused");
  assert.equal(better!.severityNumber, 13);
  assert.equal((await flx.health.run("export")).status, "healthy");
  const text = await flx.metrics.registry.metrics();
  assert.match(text, /^flx_export_records_total\{signal="logs",outcome="accepted"\} [23]$/m);
});

test("the level is a setting, and changes at run time", async () => {
  const written: string[] = [];
  await using flx = await startMonitoring({
    otlp: false,
    admin: false,
    metrics: { registry: new Registry(), system: false },
    health: false,
    logging: { destination: { write: (line) => void written.push(line) }, level: "error" },
  });
  const child = flx.logger.child({ a: 1 });
  child.info("no");
  flx.setLogLevel("info");
  child.info("yes");
  assert.equal(written.length, 1);
  assert.throws(() => flx.setLogLevel("loud"), { code: "FLX_LOG_LEVEL", message: /got "loud"$/ });
  assert.throws(() => flx.setLogLevel("toString"), { code: "FLX_LOG_LEVEL" });
  flx.setLogLevel("silent");
  child.fatal("no");
  assert.equal(written.length, 1);
  await assert.rejects(startMonitoringWithLevel("loud"), { code: "FLX_CONFIG_VALUE" });
});

async function startMonitoringWithLevel(level: string): Promise<void> {
  const { explainConfig } = await import("@flx/monitoring");
  await explainConfig({ logging: { level } });
}
