// The trackers as decorators, in code as the compiler makes it: our own sources cannot use decorators, those of services do.
//
//   testdata/decorators/*.ts ── tsc, type check included ──► a temporary folder ── imported here
//
//   standard    for Node of today           fields, accessors
//   legacy      experimentalDecorators      for an old target, where async generators are made by hand

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "node:test";
import { MetricsCollector, Registry } from "@flx/monitoring/metrics";
import { startOtlpReceiver, temporaryFolder } from "@flx/testkit";
import type { Importer, importerOf } from "../testdata/decorators/both.ts";
import { setupTracing, traced } from "@flx/monitoring/tracing";
import type { basketOf } from "../testdata/decorators/traced.ts";
import type { jobsOf } from "../testdata/decorators/standard.ts";

const root = join(import.meta.dirname, "../../..");
const fixtures = "packages/monitoring/testdata/decorators";

/** The modules that tsc makes of fixtures, by their name. */
async function compile(
  folder: string,
  names: readonly string[],
  flags: readonly string[],
): Promise<(name: string) => Promise<unknown>> {
  const strict = ["--strict", "--skipLibCheck", "--rewriteRelativeImportExtensions"];
  const modules = ["--module", "nodenext", "--customConditions", "@flx/source", "--types", "node"];
  const lib = ["--lib", "es2025,esnext.disposable,esnext.error"];
  const out = ["--ignoreConfig", "--rootDir", root, "--outDir", folder, "--noEmitOnError"];
  const files = names.map((name) => join(root, fixtures, `${name}.ts`));
  const compiler = spawn(
    join(root, "node_modules/.bin/tsc"),
    [...files, ...strict, ...modules, ...lib, ...out, ...flags],
    { cwd: root, stdio: ["ignore", "pipe", "inherit"] },
  );
  let said = "";
  compiler.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  const [code] = (await once(compiler, "close")) as [number | null];
  assert.equal(code, 0, said);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  return (name) => import(pathToFileURL(join(folder, fixtures, `${name}.js`)).href);
}

/** Runs every decorated member of the class, and checks what was counted. */
async function checkImporter(makeClass: typeof importerOf): Promise<void> {
  const registry = new Registry();
  const collector = new MetricsCollector(registry);
  const CsvImporter = makeClass(collector);
  const importer: Importer = new CsvImporter(2);

  assert.equal(CsvImporter.parse("12"), 12);
  assert.equal(importer.size, 2);
  assert.equal(importer.times(3, 1, 1), 12);
  assert.equal(importer.times.name, "times");
  assert.equal(importer.times.length, 1);
  assert.equal(Object.hasOwn(importer, "times"), false);
  assert.equal(Object.keys(CsvImporter.prototype as object).length, 0); // not enumerable, as methods are
  assert.equal(await importer.load("orders"), "orders 2");
  assert.throws(() => importer.fail(), /failed/);
  await assert.rejects(importer.refuse(), /refused/);
  assert.deepEqual([...importer.rows()], [0, 1]);
  for (const _ of importer.rows()) break;
  importer.rows();
  for await (const page of importer.pages()) assert.ok(page < 2);
  importer.pages();
  assert.equal(importer.execute(), 2);
  await assert.rejects(importer.call(), /not there/);

  const text = await registry.metrics();
  const counted = [...text.matchAll(/^(flx_\w+_total)\{\w+="(.+)",status="(\w+)"\} ([1-9]\d*)$/gm)];
  assert.deepEqual(
    counted
      .map(([, family, name, status, count]) => [family, name, status, count].join(" "))
      .toSorted(),
    [
      "flx_pipeline_runs_total static success 1",
      "flx_pipeline_runs_total getter success 1",
      "flx_pipeline_runs_total method success 1",
      "flx_pipeline_runs_total async success 1",
      "flx_pipeline_runs_total throw failure 1",
      "flx_pipeline_runs_total reject failure 1",
      "flx_pipeline_runs_total generator success 2",
      "flx_pipeline_runs_total async generator success 1",
      "flx_pipeline_runs_total both success 1",
      "flx_command_executions_total command success 1",
      "flx_grpc_requests_total /shop.v1.Orders/Place NOT_FOUND 1",
    ].toSorted(),
  );
}

test("a tracker decorates with standard decorators", async () => {
  await using folder = await temporaryFolder("decorators");
  const load = await compile(folder.path, ["both", "standard"], ["--target", "es2022"]);
  const both = (await load("both")) as { importerOf: typeof importerOf };
  await checkImporter(both.importerOf);

  const registry = new Registry();
  const standard = (await load("standard")) as { jobsOf: typeof jobsOf };
  const jobs = new (standard.jobsOf(new MetricsCollector(registry)))();
  assert.equal(jobs.field(2), 6);
  assert.equal(await jobs.accessor(), "by 3");
  const text = await registry.metrics();
  assert.match(text, /pipeline_name="field",status="success"\} 1\n/);
  assert.match(text, /pipeline_name="accessor",status="success"\} 1\n/);
});

for (const [target, more] of [
  ["es2022", []],
  // Not checked: our own sources have BigInt literals, which that target does not.
  ["es2017", ["--noCheck"]],
] as const) {
  test(`a tracker decorates with experimentalDecorators for ${target}`, async () => {
    await using folder = await temporaryFolder("decorators");
    const flags = ["--target", target, "--experimentalDecorators", ...more];
    const load = await compile(folder.path, ["both"], flags);
    const both = (await load("both")) as { importerOf: typeof importerOf };
    await checkImporter(both.importerOf);
  });
}

for (const [kind, flags] of [
  ["standard decorators", []],
  ["experimentalDecorators", ["--experimentalDecorators"]],
] as const) {
  test(`traced() makes spans of members with ${kind}`, async () => {
    await using folder = await temporaryFolder("decorators");
    const load = await compile(folder.path, ["traced"], ["--target", "es2022", ...flags]);
    const { basketOf: makeClass } = (await load("traced")) as { basketOf: typeof basketOf };
    await using receiver = await startOtlpReceiver();
    await using tracing = setupTracing({ endpoint: receiver.url, protocol: "http/json" });
    const Basket = makeClass(traced);
    assert.equal(Basket.parse("12"), 12);
    const basket = new Basket();
    assert.equal(basket.add("tea", 2), 2);
    assert.equal(basket.size, 2);
    await assert.rejects(basket.pay(), /declined/);
    await tracing.flush();
    const spans = await receiver.spansWhen((all) => all.length === 4);
    assert.deepEqual(
      spans.map(({ name, kind: number, status }) => [name, number, status.code ?? 0]),
      [
        ["ShoppingBasket.parse", 1, 0],
        ["ShoppingBasket.add", 1, 0],
        ["basket.size", 1, 0],
        ["basket.pay", 3, 2],
      ],
    );
    assert.deepEqual(spans[1]?.attributes, { name: "tea" });
  });
}
