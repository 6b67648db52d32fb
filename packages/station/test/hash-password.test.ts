import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parsePasswordHash, verifyPassword } from "../src/base/access/password-hash.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

async function run(args: readonly string[], input: string) {
  const child = spawn(
    process.execPath,
    ["--conditions=@flx/source", main, "hash-password", ...args],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [out, err] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return { code: child.exitCode, out, err };
}

test("flx hash-password prints the hash of the first line it is given", async () => {
  const { code, out, err } = await run([], "correct horse\nand more\n");
  assert.deepEqual([code, err], [0, ""]);
  assert.equal(await verifyPassword("correct horse", parsePasswordHash(out.trim())), true);
});

test("flx hash-password refuses no password, and a password on the command line", async () => {
  const empty = await run([], "\n");
  assert.deepEqual([empty.code, empty.out], [1, ""]);
  assert.match(empty.err, /1 to 1024 characters/);
  const argument = await run(["sesame"], "");
  assert.equal(argument.code, 64);
  assert.doesNotMatch(argument.err, /sesame/);
});
