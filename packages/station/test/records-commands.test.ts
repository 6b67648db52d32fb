// flx trace, traces, logs and errors as processes, asking a server over a real store: what they print and how they end.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { freePort, temporaryFolder, waitUntil } from "@flx/testkit";
import { NOW_MS, startRecordServer } from "./api/record-server.ts";
import { madeLogs } from "./store/made-records.ts";

const folder = await temporaryFolder("commands");
const server = await startRecordServer(folder.path);
after(async () => {
  await server[Symbol.asyncDispose]();
  await folder.remove();
});

const main = join(import.meta.dirname, "../src/main.ts");

function start(args: readonly string[], url = server.url) {
  const child = spawn(process.execPath, ["--conditions=@flx/source", main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, FLX_URL: url, NO_COLOR: "1" },
  });
  const told = { out: "", error: "" };
  child.stdout.on("data", (chunk: Buffer) => (told.out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (told.error += chunk.toString()));
  return { child, told, ended: once(child, "close") };
}

async function flx(...args: string[]) {
  const { told, ended } = start(args);
  const [code] = (await ended) as [number | null];
  // Nothing that was sent steers the terminal.
  assert.doesNotMatch(told.out.replaceAll("\n", ""), /[\p{Cc}\u202a-\u202e]/u);
  return { code, ...told };
}

test("flx trace draws a waterfall, and prints JSON", async () => {
  const { traceId } = server.spans[0]!;
  const spans = server.spans.filter((span) => span.traceId === traceId);
  const { code, out } = await flx("trace", traceId.toUpperCase());
  assert.equal(code, 0);
  const lines = out.trimEnd().split("\n");
  assert.match(lines[0]!, new RegExp(`^trace ${traceId}  ${spans.length} spans?, `));
  assert.ok(lines.length >= spans.length + 1);
  assert.match(out, /[━─]/);
  const json = await flx("trace", traceId, "--json");
  assert.equal((JSON.parse(json.out) as { spans: unknown[] }).spans.length, spans.length);
});

test("flx traces lists what fits", async () => {
  const { code, out } = await flx(
    "traces",
    "--status",
    "error",
    "--since",
    "100000h",
    "--limit",
    "5",
  );
  assert.equal(code, 0);
  const lines = out.trimEnd().split("\n");
  assert.equal(lines.length, 5);
  for (const line of lines)
    assert.match(
      line,
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} {2}[0-9a-f]{32} {2} *[\d.]+ (µs|ms|s|ns|min) /,
    );
  const nothing = await flx("traces", "--since", "100000h", "no.such=attribute");
  assert.equal(nothing.out, "(nothing)\n");
  const json = await flx("traces", "--json", "--since", "100000h", "owner=team-a", "--limit", "1");
  assert.equal((JSON.parse(json.out) as unknown[]).length, 1);
});

test("flx logs shows records by text and severity, the newest last", async () => {
  const { code, out } = await flx("logs", "ORDER 1", "--severity", "warn", "--since", "100000h");
  assert.equal(code, 0);
  const lines = out.trimEnd().split("\n");
  assert.ok(lines.length > 1);
  for (const line of lines) assert.match(line, /(WARN|ERROR|FATAL) .*Order 1/);
  assert.deepEqual(
    lines.map((line) => line.slice(0, 23)).toSorted(),
    lines.map((line) => line.slice(0, 23)),
  );
});

test("flx logs --event shows only events of a name", async () => {
  const args = ["logs", "--json", "--since", "100000h", "--limit", "10000"];
  const namesOf = async (...more: readonly string[]): Promise<readonly string[]> => {
    const { code, out } = await flx(...args, ...more);
    assert.equal(code, 0);
    const lines = out.split("\n").filter((line) => line.startsWith("{"));
    return lines.map((line) => (JSON.parse(line) as { eventName: string }).eventName);
  };
  const all = await namesOf();
  const events = all.filter((name) => name === "exception");
  assert.ok(events.length > 0 && events.length < all.length);
  assert.deepEqual(await namesOf("--event", "exception"), events);
  assert.deepEqual(await namesOf("--event", "no.such"), []);
});

test("flx logs --tail follows, and ends with Ctrl-C", async () => {
  const { child, told, ended } = start(["logs", "--tail", "--json", "--since", "100000h"]);
  await waitUntil(() => told.out.split("\n").length > 10, { timeoutMs: 30_000 });
  const made = madeLogs(99, { count: 5, startMs: NOW_MS, first: server.logs.length + 1 });
  await server.stores.append("logs", made.request, 5);
  await waitUntil(() => told.out.split("\n").length > 15, { timeoutMs: 30_000 });
  child.kill("SIGINT");
  const [code] = (await ended) as [number | null];
  assert.equal(code, 0, told.error);
  const positions = told.out
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { position: number }).position);
  assert.deepEqual(
    positions.slice(-5),
    made.records.map(({ position }) => position),
  );
  assert.equal(new Set(positions).size, positions.length);
});

test("flx errors lists, shows, resolves and reopens", async () => {
  const list = await flx("errors");
  assert.equal(list.code, 0);
  const [first] = list.out.split("\n");
  assert.match(first!, /^[0-9a-f]{16} {2}open +\d+ {2}1970-01-01 00:00:01 {2}TypeError: number \d/);
  const fingerprint = first!.slice(0, 16);
  const shown = await flx("errors", fingerprint);
  assert.match(shown.out, /^> at place \(src\/orders\.ts:7\)$/m);
  assert.match(shown.out, /^ +order = \{ id: 7 \}$/m);
  assert.match(shown.out, /^trace: (?:npx )?flx trace 0123456789abcdef0123456789abcdef$/m);
  const resolved = await flx("errors", "resolve", fingerprint, "--note", "fixed");
  assert.equal(resolved.out, `${fingerprint} is resolved\n`);
  assert.match((await flx("errors", "--state", "resolved")).out, new RegExp(`^${fingerprint}`));
  assert.match((await flx("errors", fingerprint)).out, /resolved {2}by ann {2}fixed/);
  await flx("errors", "reopen", fingerprint);
  assert.equal((await flx("errors", "--state", "resolved")).out, "(nothing)\n");
});

test("the commands end with a code of their own for each way to fail", async () => {
  assert.equal((await flx("trace")).code, 64);
  assert.equal((await flx("trace", "xyz")).code, 64);
  const missing = await flx("trace", "123");
  assert.equal(missing.code, 1);
  assert.match(missing.error, /there is no trace 0+123/);
  assert.equal((await flx("traces", "=x")).code, 64);
  assert.match((await flx("traces", "--kind", "x")).error, /none of unspecified/);
  assert.equal((await flx("errors", "xyz")).code, 64);
  const { told, ended } = start(["logs"], `http://127.0.0.1:${await freePort()}`);
  assert.deepEqual((await ended)[0], 2, told.error);
});

test("the commands and requests of the guide are understood", async () => {
  const guide = await readFile(
    join(import.meta.dirname, "../../../docs/guides/traces-and-logs.md"),
    "utf8",
  );
  const lines = guide.split("\n");
  const commands = lines.filter((line) => line.startsWith("flx "));
  assert.ok(commands.length >= 6);
  for (const command of commands) {
    // The server of this test lives in another year.
    const words = [
      ...command.replace("--since 1h", "--since 100000h").matchAll(/"([^"]*)"|(\S+)/g),
    ].map(([, text, word]) => text ?? word!);
    const { code, error } = await flx(...words.slice(1));
    // The trace of the guide is not here.
    const want = words.includes("trace") ? 1 : 0;
    assert.equal(code, want, `${command}: ${error}`);
  }
  const requests = lines.filter((line) => line.startsWith("GET /"));
  assert.ok(requests.length >= 13);
  for (const request of requests) {
    const { status } = await fetch(`${server.url}${request.slice(4)}`);
    assert.equal(status, request.startsWith("GET /api/v1/traces/") ? 404 : 200, request);
  }
});
