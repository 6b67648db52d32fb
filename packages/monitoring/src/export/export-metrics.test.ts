import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "../metrics/registry.ts";
import { exportCheck } from "./export-check.ts";
import { ExportCounters } from "./export-counters.ts";
import type { Signal } from "./signal.ts";
import { collectExportMetrics } from "./export-metrics.ts";

function exporting() {
  const counters = new ExportCounters();
  const faults = new Map<Signal, string>();
  return {
    counters,
    lastFault: undefined as string | undefined,
    faults,
    deliveryFault: (signal: Signal) => faults.get(signal),
    certificates: new Map<Signal, string>(),
    certificateFault(signal: Signal) {
      return this.certificates.get(signal);
    },
    exports: (signal: string) => signal !== "metrics",
  };
}

test("collectExportMetrics() tells what became of each record, of signals that are exported", async () => {
  const exporter = exporting();
  const registry = new Registry();
  const exposed = collectExportMetrics(exporter, { registry });
  const { counters } = exporter;
  counters.add("traces", "offered", 100);
  counters.add("traces", "accepted", 60);
  counters.add("traces", "lostRing", 5);
  counters.add("traces", "rejected", 3);
  counters.add("traces", "spooled", 20);
  counters.add("traces", "retries", 2);
  const text = await registry.metrics();
  for (const line of [
    'flx_export_records_total{signal="traces",outcome="accepted"} 60',
    'flx_export_records_total{signal="traces",outcome="no_room"} 5',
    'flx_export_records_total{signal="traces",outcome="rejected"} 3',
    'flx_export_records_total{signal="logs",outcome="refused"} 0',
    'flx_export_waiting_records{signal="traces"} 32',
    'flx_export_spooled_records_total{signal="traces"} 20',
    'flx_export_retries_total{signal="traces"} 2',
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line} is in\n${text}`);
  }
  assert.ok(!text.includes('signal="metrics"'));
  exposed[Symbol.dispose]();
  assert.equal(registry.catalogue().length, 0);
});

test("exportCheck() is degraded by what happened since the last look, and good again after", async () => {
  const exporter = exporting();
  const check = exportCheck(exporter);
  const look = () => check({ signal: new AbortController().signal, timeoutMs: 1_000 });
  const { counters } = exporter;
  const f = (status: string | undefined, message: string | undefined) => {
    const result = look() as { status?: string; message?: string };
    assert.deepEqual([result.status, result.message], [status, message]);
  };

  f(undefined, undefined);
  counters.add("traces", "offered", 10);
  counters.add("traces", "lostRing", 4);
  counters.add("logs", "expired", 2);
  f("degraded", "4 records of traces lost; 2 records of logs lost");
  f(undefined, undefined);
  counters.add("logs", "retries", 1);
  f("degraded", "the receiver of logs does not take them");
  exporter.faults.set("logs", "http://receiver answered 503");
  counters.add("logs", "retries", 1);
  f("degraded", "the receiver of logs does not take them: http://receiver answered 503");
  counters.add("logs", "lostRing", 1);
  f("degraded", "1 records of logs lost");
  counters.add("logs", "rejected", 2);
  f("degraded", "2 records of logs lost: http://receiver answered 503");
  counters.add("logs", "retries", 1);
  counters.add("logs", "accepted", 1);
  f(undefined, undefined);
  // Nothing is tried between two looks, and records wait.
  counters.add("logs", "offered", 20);
  counters.add("logs", "retries", 1);
  const away = "the receiver of logs does not take them: http://receiver answered 503";
  f("degraded", away);
  f("degraded", away);
  counters.add("logs", "accepted", 1);
  f(undefined, undefined);
  f(undefined, undefined);
  exporter.certificates.set("traces", "a.pem cannot be used: expired");
  const message =
    "traces are sent with certificates that were replaced: a.pem cannot be used: expired";
  f("degraded", message);
  f("degraded", message);
  exporter.certificates.clear();
  f(undefined, undefined);
  exporter.lastFault = "out of memory";
  f("degraded", "the export worker failed: out of memory");
  f(undefined, undefined);
});
