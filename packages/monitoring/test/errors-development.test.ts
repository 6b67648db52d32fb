// The values of variables in development: the first error that is reported has them, since the debugger is on from the start.
// Real processes; one of them on a terminal.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";

const START = `
  import { startMonitoring } from "@flx/monitoring";
  import inspector from "node:inspector";
  const start = (options) => startMonitoring({ service: "shop", admin: false, otlp: false, ...options });
  function charge(order) {
    const password = "hunter2hunter2";
    if (order.id > 0) throw new RangeError("order " + order.id + ": no credit for " + password);
  }
  const failed = (work) => { try { work(); } catch (error) { return error; } };`;

/** What a process wrote to standard error; `env` in place of whatever is said here of NODE_ENV. */
async function stderrOf(
  program: string,
  env: Readonly<Record<string, string>>,
  command: (file: string) => readonly [string, readonly string[]] = (file) => [
    process.execPath,
    ["--conditions=@flx/source", file],
  ],
): Promise<string> {
  const file = join(import.meta.dirname, `development-${process.pid}-${counter++}.mjs`);
  await writeFile(file, `${START}${program}`);
  try {
    const { NODE_ENV: _, NODE_OPTIONS: __, CI: ___, ...rest } = process.env;
    const child = spawn(...command(file), {
      env: { ...rest, NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 120_000,
    });
    let text = "";
    const add = (more: string): void => void (text += more);
    child.stderr.setEncoding("utf8").on("data", add);
    child.stdout.setEncoding("utf8").on("data", add);
    await once(child, "close");
    return stripVTControlCharacters(text).replaceAll("\r", "");
  } finally {
    await rm(file);
  }
}
let counter = 0;

const REPORTED = `
  const flx = await start({});
  flx.errors.handle(failed(() => charge({ id: 7, card: "4111111111111111" })));
  process.stderr.write("listening: " + inspector.url());
  await flx.shutdown();`;

function assertLocals(text: string, has: boolean, what: string): void {
  assert.match(text, /RangeError/, what);
  assert.equal(/order = \{ id: 7, card: '\[redacted\]' \}/.test(text), has, `${what}: ${text}`);
  assert.equal(/password = \[redacted\]/.test(text), has, what);
  assert.doesNotMatch(text, has ? /hunter2|4111/ : /4111/, what);
  assert.match(text, /listening: undefined/, what);
}

test("the first error has the values of its variables where NODE_ENV or the environment is development", async () => {
  const f = async (env: Readonly<Record<string, string>>, has: boolean): Promise<void> =>
    assertLocals(await stderrOf(REPORTED, env), has, JSON.stringify(env));
  await f({ NODE_ENV: "development" }, true);
  await f({ FLX_ENVIRONMENT: "development" }, true);
  await f({ OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=development" }, true);
  // Nobody said anything, and nobody looks: a service under a supervisor.
  await f({}, false);
  await f({ NODE_ENV: "test" }, false);
});

test("in production there are none, whoever says that it is production", async () => {
  for (const env of [
    { NODE_ENV: "production" },
    { NODE_ENV: "development", FLX_ENVIRONMENT: "production" },
    { OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=production" },
  ]) {
    const text = await stderrOf(REPORTED.replace("start({})", "start({ logging: {} })"), env);
    assert.match(text, /"type":"RangeError"/, JSON.stringify(env));
    assert.doesNotMatch(text, /locals|4111/);
  }
});

const hasScript = spawnSync("script", ["--version"]).status === 0;

test(
  "on a terminal it is development, unless something else was said",
  { skip: !hasScript && process.env["CI"] === undefined && "there is no script(1)" },
  async () => {
    const onTerminal = (file: string) =>
      [
        "script",
        ["-qec", `'${process.execPath}' --conditions=@flx/source '${file}'`, "/dev/null"],
      ] as const;
    assertLocals(await stderrOf(REPORTED, {}, onTerminal), true, "terminal");
    assertLocals(await stderrOf(REPORTED, { NODE_ENV: "test" }, onTerminal), false, "test");
  },
);

test("showLocals: false is the last word, and what nobody catches has values, too", async () => {
  const off = await stderrOf(
    `const flx = await start({ errors: { showLocals: false } });
     flx.errors.handle(failed(() => charge({ id: 7 }))); await flx.shutdown();`,
    { NODE_ENV: "development" },
  );
  assert.match(off, /RangeError/);
  assert.doesNotMatch(off, /order = /);
  const crash = await stderrOf(
    `await start({}); setTimeout(() => charge({ id: 7 }), 1); await new Promise(() => {});`,
    { NODE_ENV: "development" },
  );
  assert.match(crash, /order = \{ id: 7 \}/);
  const rejection = await stderrOf(
    `await start({}); const later = async (order) => { await null; charge(order); };
     void later({ id: 7 }); setTimeout(() => {}, 10_000);`,
    { NODE_ENV: "development" },
  );
  assert.match(rejection, /order = \{ id: 7 \}/);
});

test("a flood of errors that somebody expects leaves room for the one that matters, a second later", async () => {
  const text = await stderrOf(
    `const flx = await start({});
     for (let i = 0; i < 3_000; i++) failed(() => JSON.parse("{"));
     await new Promise((resolve) => setTimeout(resolve, 12_000));
     flx.errors.handle(failed(() => charge({ id: 7 })));
     await flx.shutdown();`,
    { NODE_ENV: "development" },
  );
  assert.match(text, /order = \{ id: 7 \}/);
});

test("who begins to debug the process finds no pauses of ours", async () => {
  const text = await stderrOf(
    `const flx = await start({});
     failed(() => charge({ id: 1 }));
     inspector.open(0, "127.0.0.1");
     failed(() => charge({ id: 2 }));
     await new Promise((resolve) => setTimeout(resolve, 50));
     let pauses = 0;
     const session = new inspector.Session();
     session.connect();
     session.on("Debugger.paused", () => pauses++);
     session.post("Debugger.enable");
     failed(() => charge({ id: 3 }));
     process.stderr.write("pauses: " + pauses + "\\n");
     inspector.close();
     await flx.shutdown();`,
    { NODE_ENV: "development" },
  );
  assert.match(text, /pauses: 0/);
});
