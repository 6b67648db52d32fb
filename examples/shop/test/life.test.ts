// How the shop starts, stops and survives: no process and no port is left, whatever happens.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import {
  isPortFree,
  processesInGroup,
  startProcess,
  temporaryFolder,
  waitUntil,
} from "@flx/testkit";
import { openShop, runCommand, shopCommand, startShopProcess, type OpenShop } from "./open-shop.ts";

/** Waits until no process of the shop is left, then looks at its ports. */
async function assertGone(shop: OpenShop): Promise<void> {
  await waitUntil(() => processesInGroup(shop.process.pid).length === 0, {
    what: "every process to be gone",
  });
  const free = await Promise.all(Object.values(shop.ports).map((port) => isPortFree(port)));
  assert.deepEqual(
    free,
    free.map(() => true),
  );
}

/** Without lines about requests whose calls took too long: a busy machine, and not the end, makes them. */
function withoutLateCalls(log: string): string {
  const lines = log.split("\n");
  const late = new Set(
    lines
      .filter((line) => line.includes("DEADLINE_EXCEEDED"))
      .map((line) => /request=\S+/.exec(line)?.[0] ?? line),
  );
  return lines.filter((line) => ![...late].some((request) => line.includes(request))).join("\n");
}

test("Ctrl-C in a terminal, which reaches every process, ends all of them quietly with code 0", async () => {
  await using shop = await openShop({ args: ["--traffic", "20"] });
  shop.process.signal("SIGINT");
  assert.deepEqual(await shop.process.exited, { code: 0, signal: null });
  await assertGone(shop);
  const farewell = withoutLateCalls(shop.process.log().split("The shop is closing")[1] ?? "");
  assert.equal(farewell.trimEnd(), " ... (Ctrl-C again ends it at once)\nThe shop is closed.");
});

test("SIGTERM to the supervisor alone ends every process with code 0", async () => {
  await using shop = await openShop();
  process.kill(shop.process.pid, "SIGTERM");
  assert.deepEqual(await shop.process.exited, { code: 0, signal: null });
  await assertGone(shop);
});

test("kill -9 of the supervisor leaves no child, and the shop opens again on the same folder", async () => {
  await using shop = await openShop({ args: ["--traffic", "20"] });
  process.kill(shop.process.pid, "SIGKILL");
  await shop.process.exited;
  await assertGone(shop);
  await using again = await startShopProcess(shop.folder.path, ["--traffic", "none"]);
  assert.match(again.log(), /The shop is open/);
});

test("Ctrl-C while the shop is opening leaves nothing and is no failure", async () => {
  await using folder = await temporaryFolder("shop");
  await using opening = await startProcess({
    command: process.execPath,
    args: [...shopCommand, "up", "--port", "0", "--data", folder.path],
    ready: { line: /The shop is opening/ },
  });
  opening.signal("SIGINT");
  assert.deepEqual(await opening.exited, { code: 0, signal: null });
  await waitUntil(() => processesInGroup(opening.pid).length === 0);
  assert.doesNotMatch(opening.log(), /Error|WARN|crashed|The shop is open\./);
});

test("a taken port is named with the way out, and nothing is left running", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as { port: number };
  await using folder = await temporaryFolder("shop");
  const { code, stderr } = await runCommand(
    "up",
    "--port",
    "0",
    "--orders-port",
    String(port),
    "--data",
    folder.path,
  );
  holder.close();
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`cannot open: port ${port} \\(orders\\) is already in use`));
  assert.match(stderr, /--orders-port N/);
  assert.doesNotMatch(stderr, /\n\s+at /);
});

test("a second shop on the same folder is refused, `shop stop` stops the first", async () => {
  await using shop = await openShop();
  const second = await shop.command("up", "--port", "0");
  assert.equal(second.code, 1);
  assert.match(second.stderr, /a shop is already running on/);
  const stopped = await shop.command("stop");
  assert.equal(stopped.stdout, "the shop has stopped.\n");
  await assertGone(shop);
});

test("payments is restarted when it dies, and orders works again; all of it over TLS", async () => {
  await using shop = await openShop({ args: ["--traffic", "none", "--tls"] });
  assert.equal((await shop.place()).status, 201);
  const { pid } = await shop.processStatus("payments");
  process.kill(pid!, "SIGKILL");
  await waitUntil(async () => (await shop.processStatus("payments")).restarts === 1);
  await waitUntil(async () => (await shop.place()).status === 201, { timeoutMs: 60_000 });
  await shop.process.waitForLine(/payments crashed reason="signal SIGKILL"/);
});
