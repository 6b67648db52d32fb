// What an entry loads of Node when it is imported, and when it is started: heavy parts only with what needs them.
//
// node:http is cheap; its import is not: the loader reads every export of a builtin, and one of them is a getter that loads
// undici (40 ms, 14 MB). Therefore `process.getBuiltinModule`.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

/** Parts of Node that cost a process milliseconds and megabytes. */
const heavy = [
  "internal/deps/undici/undici",
  "http",
  "https",
  "cluster",
  "child_process",
  "zlib",
  "crypto",
  "inspector",
];

/** Which heavy parts a fresh process has loaded after a program. */
async function loadedBy(program: string): Promise<string[]> {
  const source = `${program}
    process.stdout.write(JSON.stringify(process.moduleLoadList), () => process.exit());`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@flx/source", "--input-type=module", "--eval", source],
    { cwd: import.meta.dirname, timeout: 30_000 },
  );
  const loaded = new Set(JSON.parse(stdout) as string[]);
  return heavy.filter((name) => loaded.has(`NativeModule ${name}`));
}

test("entries load what is heavy only with what needs it", async () => {
  const f = async (program: string, more: readonly string[]) => {
    assert.deepEqual(await loadedBy(program), more, program);
  };
  assert.ok((await loadedBy('await import("node:http");')).includes(heavy[0]!));

  await f(`import "@flx/monitoring/prom-client";`, []);
  await f(`import "@flx/monitoring/metrics";`, []);
  await f(`import "@flx/monitoring/system";`, []);
  await f(`import "@flx/monitoring/errors";`, []);
  await f(`import "@flx/monitoring/errors/fingerprint";`, []);
  await f(`import "@flx/monitoring/errors/source-map";`, []);
  // Crashes handled, an error told on the terminal, as a line and as a page: nothing of it needs the network.
  await f(
    `import { getErrorHandler, installErrorHandler } from "@flx/monitoring/errors";
     installErrorHandler();
     const handler = getErrorHandler();
     handler.handle(new Error("no"));
     handler.toHtml(new Error("no")) + handler.toJson(new Error("no"));`,
    [],
  );
  // The debugger comes with the first error of a group, and not before.
  await f(
    `import { getErrorHandler } from "@flx/monitoring/errors";
     getErrorHandler().configure({ showLocals: "armed" });`,
    [],
  );
  await f(
    `import { getErrorHandler } from "@flx/monitoring/errors";
     getErrorHandler().configure({ showLocals: "armed" });
     getErrorHandler().handle(new Error("no"));`,
    ["inspector"],
  );
  await f(
    `import { collectSystemMetrics } from "@flx/monitoring/system-metrics";
     collectSystemMetrics();`,
    [],
  );
  // A server that listens asks Node's cluster whether the process is a worker.
  await f(
    `import { startAdminServer } from "@flx/monitoring/metrics";
     await startAdminServer({ port: 0, host: "127.0.0.1" });`,
    ["http", "cluster", "child_process"],
  );
});

test("what is loaded of @flx/model is what writes, not what reads", async () => {
  const program = `
    const { registerHooks } = process.getBuiltinModule("node:module");
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    await import("@flx/monitoring");
    process.stdout.write(JSON.stringify(loaded), () => process.exit());`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@flx/source", "--input-type=module", "--eval", program],
    { cwd: import.meta.dirname, timeout: 30_000 },
  );
  const loaded = (JSON.parse(stdout) as string[]).map((url) => url.replace(/.*\/packages\//, ""));
  assert.ok(loaded.includes("model/src/write.ts"));
  const readers = loaded.filter((path) => /^model\/src\/(index|.*(read|parse|snappy))/.test(path));
  assert.deepEqual(readers, []);
});
