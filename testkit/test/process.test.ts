// Real processes: shells and small Node programs, started and ended the way tests of servers do it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  freePort,
  holdDefaultPorts,
  isPortFree,
  processesInGroup,
  startProcess,
  TestkitError,
  waitUntil,
  type ProcessOptions,
  type RunningProcess,
} from "@flx/testkit";

const testkit = import.meta.resolve("@flx/testkit");

/** A shell that runs `script`. */
function shell(script: string, options: Partial<ProcessOptions> = {}): ProcessOptions {
  return { command: "sh", args: ["-c", script], name: "the shell", ...options };
}

async function failure(options: ProcessOptions): Promise<TestkitError> {
  try {
    await using started = await startProcess(options);
    return assert.fail(`${started.name} started`);
  } catch (error) {
    assert.ok(error instanceof TestkitError, String(error));
    return error;
  }
}

test("startProcess() waits for a line, keeps the log in order and ends the process", async () => {
  const shop = await startProcess(
    shell("echo one; sleep 0.5; echo two >&2; sleep 0.5; echo ready 42; sleep 60", {
      ready: { line: /^ready/ },
    }),
  );
  assert.equal(shop.log(), "one\ntwo\nready 42");
  assert.deepEqual(
    shop.logLines().map((line) => line.stream),
    ["stdout", "stderr", "stdout"],
  );
  assert.ok(processesInGroup(shop.pid).includes(shop.pid));
  assert.equal((await shop.waitForLine(/^ready (\d+)$/g))[1], "42");

  assert.deepEqual(await shop.stop(), { code: null, signal: "SIGTERM", killed: [] });
  assert.deepEqual(processesInGroup(shop.pid), []);
  assert.deepEqual(shop.exit, { code: null, signal: "SIGTERM" });
});

test("startProcess() waits for a port and for a URL", async () => {
  const f = async (ready: (port: number) => ProcessOptions["ready"]) => {
    const port = await freePort();
    const program = `require("node:http").createServer((q, a) => {
      a.statusCode = ++globalThis.n > 2 ? 200 : 503; a.end("hello");
    }).listen(${port}, "127.0.0.1"); globalThis.n = 0;`;
    {
      await using server = await startProcess({
        command: process.execPath,
        args: ["-e", program],
        ready: ready(port),
      });
      assert.equal(await isPortFree(port), false);
      assert.equal(server.exit, undefined);
    }
    assert.equal(await isPortFree(port), true, "its port is free again");
  };

  await Promise.all([
    f((port) => ({ port })),
    f((port) => ({ url: `http://127.0.0.1:${port}/readyz` })),
  ]);
});

test("startProcess() says why a process did not become ready, and ends it", async () => {
  const f = async (options: ProcessOptions, code: string, ...texts: RegExp[]) => {
    const error = await failure(options);
    assert.equal(error.code, code);
    for (const text of texts) assert.match(error.message, text);
  };

  await f({ command: "flx-no-such-program" }, "TESTKIT_SPAWN", /flx-no-such-program.*ENOENT/);
  await f(
    shell("echo port taken >&2; exit 3", { ready: { line: /ready/ } }),
    "TESTKIT_EXITED",
    /the shell exited with code 3 before it was ready/,
    /! port taken/,
  );
  // It was ready for a moment: the line alone must not count.
  await f(shell("exit 0", { ready: { port: 1 } }), "TESTKIT_EXITED", /code 0/, /wrote nothing/);

  const error = await failure(
    shell("echo pid $$; exec sleep 60", { ready: { line: /ready/ }, readyTimeoutMs: 100 }),
  );
  assert.equal(error.code, "TESTKIT_NOT_READY");
  assert.match(error.message, /not ready after 100 ms \(waiting for a line \/ready\/\)/);
  assert.deepEqual(processesInGroup(Number(/pid (\d+)/.exec(error.message)?.[1])), []);
});

test("waitForLine() fails at its timeout and at the end of the process", async () => {
  await using running = await startProcess(shell("sleep 60"));
  await assert.rejects(running.waitForLine(/never/, 30), { code: "TESTKIT_TIMEOUT" });

  await using ending = await startProcess(shell("echo last words; exit 1"));
  await assert.rejects(ending.waitForLine(/never/), {
    code: "TESTKIT_EXITED",
    message: /last words/,
  });
  assert.deepEqual(await ending.stop(), { code: 1, signal: null, killed: [] });
});

test("stop() ends the whole group and tells who had to be killed", async () => {
  const f = async (
    script: string,
    options: Partial<ProcessOptions>,
    killed: RegExp | undefined,
  ) => {
    const family = await startProcess(shell(script, { ready: { line: /ready/ }, ...options }));
    const result = await family.stop();
    assert.deepEqual(processesInGroup(family.pid), []);
    if (killed === undefined) assert.deepEqual(result.killed, []);
    else assert.match(result.killed.join("\n"), killed);
    assert.equal(await family.stop().then((again) => again.code), result.code, "stop() twice");
    return result;
  };

  // Children and grandchildren go with their parent.
  await f("sleep 61 & (sleep 62 & wait) & echo ready; wait", {}, undefined);
  // The parent ends in order, a child ignores the signal.
  await f(
    "(trap '' TERM; sleep 63) & sleep 0.1; echo ready; wait",
    { stopTimeoutMs: 150 },
    /sleep 63/,
  );
  // The parent ended long ago and left an orphan that holds the output open.
  await f("sleep 64 & echo ready; sleep 0.1", {}, undefined);
  const result = await f(
    "trap 'exit 7' INT; echo ready; while :; do sleep 0.01; done",
    {
      stopSignal: "SIGINT",
    },
    undefined,
  );
  assert.deepEqual(result, { code: 7, signal: null, killed: [] });
});

test("kill() ends a group that ignores every other signal", async () => {
  const stubborn = await startProcess(
    shell("trap '' TERM INT HUP; echo ready; while :; do sleep 1; done", {
      ready: { line: /ready/ },
    }),
  );
  const result = await stubborn.kill();
  assert.equal(result.signal, "SIGKILL");
  assert.deepEqual(processesInGroup(stubborn.pid), []);
});

test("startProcess() adds and removes environment variables and hides the test runner", async () => {
  const names = "HOME ADDED NODE_TEST_CONTEXT";
  await using shown = await startProcess(
    shell(`for n in ${names}; do eval echo "$n=\\\${$n-none}"; done`, {
      env: { ADDED: "yes", HOME: undefined },
    }),
  );
  await shown.exited;
  assert.equal(shown.log(), "HOME=none\nADDED=yes\nNODE_TEST_CONTEXT=none");
});

test("the group ends with the test process, however that ends", async () => {
  const f = async (ending: string, signal?: NodeJS.Signals) => {
    const program = `
      import { startProcess } from ${JSON.stringify(testkit)};
      const child = await startProcess({ command: "sh", args: ["-c", "trap '' TERM INT; sleep 65 & wait"] });
      process.stdout.write("group " + child.pid + "\\n", () => { ${ending} });
    `;
    const runner = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    const [chunk] = await once(runner.stdout, "data");
    const group = Number(/group (\d+)/.exec(String(chunk))?.[1]);
    assert.ok(group > 1);
    if (signal !== undefined) process.kill(-(runner.pid ?? 0), signal);
    if (runner.exitCode === null && runner.signalCode === null) await once(runner, "exit");
    await waitUntil(() => processesInGroup(group).length === 0, { what: `${ending} ${signal}` });
  };

  const forEver = "setInterval(() => {}, 1000)";
  await Promise.all([
    f(forEver, "SIGKILL"),
    f(forEver, "SIGINT"),
    f("process.exit(0)"),
    f("process.on('uncaughtException', () => process.exit(1)); throw new Error('expected')"),
  ]);
});

test(
  "holdDefaultPorts() lets one process have them after the other, and its children with it",
  { skip: process.platform !== "linux" && "on Linux only" },
  async () => {
    const code = `
      import { holdDefaultPorts } from ${JSON.stringify(testkit)};
      console.log("asks");
      await using _ = await holdDefaultPorts();
      console.log("has them");
    `;
    const start = (mark: string | undefined): Promise<RunningProcess> =>
      startProcess({
        name: "the other",
        command: process.execPath,
        args: ["--conditions=@flx/source", "--input-type=module", "--eval", code],
        env: { ...process.env, FLX_TEST_DEFAULT_PORTS: mark },
        ready: { line: /asks/ },
      });
    const mine = await holdDefaultPorts();
    await using child = await start(process.env["FLX_TEST_DEFAULT_PORTS"]);
    await child.waitForLine(/has them/);
    await using other = await start(undefined);
    await sleep(500);
    assert.equal(other.log(), "asks");
    await mine[Symbol.asyncDispose]();
    await other.waitForLine(/has them/);
    assert.deepEqual(await other.exited, { code: 0, signal: null });
  },
);
