// Ports, folders, waiting and the log: what needs no process of its own.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import {
  freePort,
  freePorts,
  isListening,
  isPortFree,
  temporaryFolder,
  TestkitError,
  waitForHttp,
  waitUntil,
} from "@flx/testkit";
import { ProcessLog } from "../src/process-log.ts";

test("freePorts() never gives a port twice", async () => {
  const ports = [...(await freePorts(20)), await freePort(), ...(await freePorts(5))];
  assert.equal(new Set(ports).size, 26);
  assert.ok(ports.every((port) => port >= 20_000 && port < 32_768));
});

test("isPortFree() and isListening() see a server come and go", async () => {
  const port = await freePort();
  const f = async (free: boolean) => {
    assert.equal(await isPortFree(port), free);
    assert.equal(await isListening(port), !free);
  };

  await f(true);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await f(false);
  await new Promise((resolve) => server.close(resolve));
  await f(true);
});

test("waitUntil() returns the first truthy value and looks again after an error", async () => {
  let looks = 0;
  const value = await waitUntil(
    () => {
      looks++;
      if (looks === 1) throw new Error("not yet");
      return looks === 3 && { looks };
    },
    { everyMs: 1 },
  );
  assert.deepEqual(value, { looks: 3 });
});

test("waitUntil() says what it waited for and what it saw last", async () => {
  const f = async (look: () => unknown, message: RegExp) =>
    assert.rejects(
      waitUntil(look, { timeoutMs: 20, everyMs: 1, what: "the alert" }),
      (error: unknown) => {
        assert.ok(error instanceof TestkitError);
        assert.equal(error.code, "TESTKIT_TIMEOUT");
        assert.match(error.message, message);
        return true;
      },
    );

  await f(() => 0, /^waited 20 ms for the alert; last seen: 0$/);
  await f(async () => "", /last seen: ''$/);
  await f(() => {
    throw new Error("connection refused");
  }, /last error: connection refused$/);
  await f(() => new Promise(() => {}), /the first look never came back$/);
});

test("waitForHttp() waits for the status and returns the answer", async () => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    response.writeHead(asked < 3 ? 503 : 200).end(`answer ${asked}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  const url = `http://127.0.0.1:${port}/`;
  const answer = await waitForHttp(url);
  assert.equal(answer.body, "answer 3");
  await assert.rejects(waitForHttp(url, { status: 404, timeoutMs: 1_000 }), {
    code: "TESTKIT_TIMEOUT",
    message: /to answer 404; last error: .* answered 200, not 404/,
  });
  // No connection is kept, so this returns at once.
  await new Promise((resolve) => server.close(resolve));
});

test("temporaryFolder() is there inside its block and gone after it", async () => {
  let path: string;
  {
    await using folder = await temporaryFolder("block");
    path = folder.path;
    writeFileSync(folder.file("a.txt"), "a");
    assert.ok(existsSync(folder.file("a.txt")));
  }
  assert.equal(existsSync(path), false);
});

test("temporaryFolder() is gone when its process has ended by itself", () => {
  const program = `
    import { temporaryFolder } from "@flx/testkit";
    const folders = [await temporaryFolder(), await temporaryFolder()];
    process.stdout.write(folders.map(({ path }) => path).join("\\n"));
    process.exit(3);`;
  const args = ["--conditions=@flx/source", "--input-type=module", "--eval", program];
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: import.meta.dirname,
    encoding: "utf8",
  });
  assert.equal(status, 3);
  const paths = stdout.split("\n");
  assert.equal(paths.length, 2);
  for (const path of paths) {
    assert.match(path, /flx-test-/);
    assert.ok(!existsSync(path));
  }
});

test("ProcessLog cuts lines, finds open ones and drops the oldest", () => {
  const f = (chunks: readonly string[], want: string, maxChars?: number) => {
    const log = new ProcessLog(maxChars);
    for (const chunk of chunks) log.append("stdout", chunk);
    assert.equal(log.text(), want);
  };

  f([], "");
  f(["a\nb\n"], "a\nb");
  f(["a", "b\r\nc"], "ab\nc");
  f(["\n\nx\n"], "\n\nx");
  f(["one\ntwo\nthree\n"], "(2 older lines dropped)\nthree", 8);
  f(["0123456789"], "6789", 4);

  const log = new ProcessLog();
  log.append("stdout", "listening on :90");
  assert.equal(log.find(/:90$/)?.[0], ":90", "a line still being written");
  log.append("stderr", "warning\n");
  log.append("stdout", "90\n");
  assert.deepEqual(
    log.lines().map(({ stream, text }) => `${stream}: ${text}`),
    ["stderr: warning", "stdout: listening on :9090"],
  );
});
