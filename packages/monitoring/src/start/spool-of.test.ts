import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Configuration } from "./configuration.ts";
import { endpointOf } from "./export-of.ts";
import type { MonitoringOptions } from "./options.ts";
import { spoolOf } from "./spool-of.ts";

/** A state folder of this test. */
function ownState(t: TestContext): string {
  const state = mkdtempSync(join(tmpdir(), "flx-state-"));
  const before = process.env["XDG_STATE_HOME"];
  process.env["XDG_STATE_HOME"] = state;
  t.after(() => {
    if (before === undefined) delete process.env["XDG_STATE_HOME"];
    else process.env["XDG_STATE_HOME"] = before;
    rmSync(state, { recursive: true, force: true });
  });
  return state;
}

function open(options: MonitoringOptions = {}, service = "orders") {
  const problems: string[] = [];
  const config = new Configuration({ options, env: {} });
  const endpoints = { traces: endpointOf(config, "traces"), logs: endpointOf(config, "logs") };
  const settings = spoolOf(config, { service, endpoints }, (problem) => problems.push(problem));
  return { settings, folder: settings?.folder, problems };
}

test("spoolOf() is in this user's state folder when nothing is said, and makes nothing", (t) => {
  const state = ownState(t);
  const { settings, folder, problems } = open();
  assert.match(folder!, /\/flx\/spool\/orders-[\da-f]{16}$/);
  assert.ok(folder!.startsWith(state));
  assert.deepEqual([settings?.maxBytes, settings?.maxAgeMs], [268_435_456, 86_400_000]);
  assert.deepEqual(problems, []);
  assert.deepEqual(readdirSync(state), []);
});

test("spoolOf() keeps services and receivers apart, and any name in one folder", (t) => {
  ownState(t);
  const { folder } = open();
  assert.equal(open().folder, folder);
  assert.notEqual(open({}, "billing").folder, folder);
  assert.notEqual(open({ otlp: { endpoint: "http://elsewhere:4318" } }).folder, folder);
  for (const service of ["../../etc", "a/b", "..", "\0", "x".repeat(1_000), ""]) {
    assert.match(open({}, service).folder!, /\/flx\/spool\/[^/]*-[\da-f]{16}$/, service);
    assert.ok(!open({}, service).folder!.includes("/.."), service);
  }
});

test("spoolOf() is the folder that is given, or none", (t) => {
  ownState(t);
  assert.equal(open({ spool: { folder: "/var/spool/orders" } }).folder, "/var/spool/orders");
  assert.equal(open({ spool: false }).settings, undefined);
  assert.equal(open({ spool: { enabled: false, folder: "/var/spool" } }).settings, undefined);
  assert.deepEqual(open({ spool: false }).problems, []);
});

test("spoolOf() puts nothing where others can write, and tells it", (t) => {
  const state = ownState(t);
  const shared = join(state, "flx");
  mkdirSync(shared, { recursive: true, mode: 0o700 });
  assert.deepEqual(open().problems, []);
  chmodSync(shared, 0o777);
  const { settings, problems } = open();
  assert.equal(settings, undefined);
  assert.match(
    problems[0]!,
    /memory only.*flx belongs to others, or they can write to it.*FLX_SPOOL/,
  );
});

test("spoolOf() tells that there is no place for a folder", (t) => {
  const state = ownState(t);
  writeFileSync(join(state, "flx"), "a file");
  const { settings, problems } = open();
  assert.equal(settings, undefined);
  assert.match(problems[0]!, /flx is no folder|cannot be looked at/);
});
