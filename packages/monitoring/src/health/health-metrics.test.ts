import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "../metrics/registry.ts";
import { HealthChecker } from "./health-checker.ts";
import { collectHealthMetrics } from "./health-metrics.ts";
import { ManualClock } from "./manual-clock.ts";

test("collectHealthMetrics() exposes what the probes would say", async () => {
  const clock = new ManualClock();
  const health = new HealthChecker({ clock });
  const registry = new Registry();
  const db = health.heartbeat("db", { ttlMs: 60_000, critical: true, tags: ["storage"] });
  using metrics = collectHealthMetrics(health, { registry });
  const lines = async () =>
    (await registry.metrics()).split("\n").filter((line) => !line.startsWith("#"));
  const f = async (...wanted: string[]) => {
    const got = await lines();
    for (const line of wanted) assert.ok(got.includes(line), `${line} in\n${got.join("\n")}`);
  };

  await f(
    'flx_health_status{component="db",status="unknown"} 1',
    'flx_health_serving{group="overall"} 0',
    'flx_health_serving{group="liveness"} 1',
    'flx_health_transitions_total{component="db",status="unhealthy"} 0',
  );
  assert.ok(!(await lines()).some((line) => line.startsWith("flx_health_check_age_seconds")));

  db.beat();
  db.fail("no");
  db.fail("no");
  health.register("slow", async () => {
    await new Promise<void>((resolve) => void clock.setTimer(resolve, 30));
  });
  const run = health.run("slow");
  await clock.advance(2_000);
  await run;
  await f(
    'flx_health_status{component="db",status="unhealthy"} 1',
    'flx_health_status{component="db",status="healthy"} 0',
    'flx_health_group_status{group="storage",status="unhealthy"} 1',
    'flx_health_group_status{group="overall",status="unhealthy"} 1',
    'flx_health_serving{group="readiness"} 0',
    'flx_health_check_failures{component="db"} 2',
    'flx_health_check_age_seconds{component="db"} 2',
    'flx_health_transitions_total{component="db",status="unhealthy"} 1',
    'flx_health_transitions_total{component="db",status="healthy"} 1',
    'flx_health_check_duration_seconds_bucket{component="slow",le="0.025"} 0',
    'flx_health_check_duration_seconds_bucket{component="slow",le="0.05"} 1',
  );

  health.unregister("slow");
  assert.ok(!(await lines()).some((line) => line.includes("slow")));
  metrics[Symbol.dispose]();
  assert.ok(!(await lines()).some((line) => line.startsWith("flx_health")));
  await health.stop();
});
