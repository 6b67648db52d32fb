import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { familyGroups } from "./families.ts";
import { unitOf } from "./family.ts";
import { REFERENCE_PAGE, withReferenceTables } from "./reference-tables.ts";

const families = familyGroups.flatMap((group) => group.families);

test("docs/reference/system-metrics.md lists the families as they are in code", () => {
  const page = readFileSync(REFERENCE_PAGE, "utf8");
  assert.ok(page.includes("`flx_cpu_usage_percent`"));
  assert.equal(page, withReferenceTables(page), "run reference-tables.ts");
});

test("every family is named as Prometheus has it", () => {
  const names = new Set(families.map(({ name }) => name));
  assert.equal(names.size, families.length);
  for (const { name, type } of families) {
    assert.equal(name.endsWith("_total"), type === "counter", name);
    assert.equal(name.endsWith("_info"), type === "info", name);
    assert.match(name, /^((cpu|memory|disk)_usage_percent|(system|process|runtime)_[a-z0-9_]+)$/);
  }
});

test("unitOf() gives the base unit a name ends with", () => {
  const f = (name: string, want: string | undefined) => assert.equal(unitOf(name), want);

  f("process_resident_memory_bytes", "bytes");
  f("system_cpu_seconds_total", "seconds");
  f("system_cpu_usage_ratio", "ratio");
  f("cpu_usage_percent", "percent");
  f("system_forks_total", undefined);
  f("system_load1", undefined);
});
