// The end of real processes with real sockets: what clients see, and what the parent sees.

import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Shutdown } from "@flx/monitoring/health";
import { startProcess } from "@flx/testkit";

const program = join(import.meta.dirname, "../testdata/draining-service.ts");

/** A service that listens; the port is its first line. */
async function start(t: TestContext, ...settings: string[]) {
  const service = await startProcess({
    command: process.execPath,
    args: ["--conditions=@flx/source", program, ...settings],
    ready: { line: /^\d+$/ },
  });
  t.after(() => service.stop());
  const said = (line: string) => service.waitForLine(new RegExp(`^${line}$`));
  const lines = () => service.log().trim().split("\n");
  return { service, port: Number(lines()[0]), said, lines };
}

interface Answer {
  readonly status: number | undefined;
  readonly connection: string | undefined;
  readonly body: string;
}

async function ask(port: number, path: string, agent: Agent | false = false): Promise<Answer> {
  const request = get({ port, host: "127.0.0.1", path, agent, timeout: 10_000 });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode, connection: response.headers.connection, body };
}

test("on SIGTERM readiness fails first, liveness stays, what was begun is finished, the signal is the exit", async (t) => {
  const { service, port, said, lines } = await start(t, "signal", "1500");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  assert.deepEqual(await ask(port, "/readyz", agent), {
    status: 200,
    connection: "keep-alive",
    body: "healthy\n",
  });
  const slow = ask(port, "/slow?ms=2500");
  await said("slow begins");

  process.kill(service.pid, "SIGTERM");
  await said("drain done");
  // Over the connection that is there, too: it is not cut, the answer ends it.
  assert.deepEqual(await ask(port, "/readyz", agent), {
    status: 503,
    connection: "close",
    body: "draining\n",
  });
  assert.deepEqual(await ask(port, "/livez"), {
    status: 200,
    connection: "close",
    body: "healthy\n",
  });
  assert.deepEqual(await ask(port, "/fast"), { status: 200, connection: "close", body: "fast" });

  await said("delay done");
  assert.deepEqual(await slow, { status: 200, connection: "close", body: "slow" });
  assert.deepEqual(await service.exited, { code: null, signal: "SIGTERM" });
  assert.deepEqual(lines().slice(1), [
    "slow begins",
    "drain done",
    "delay done",
    "servers done",
    "pool closed",
    "pool done",
    "health done",
  ]);
});

test("a second signal ends the process at once, as the signal says", async (t) => {
  const { service, port, said, lines } = await start(t, "signal", "60000");
  const slow = ask(port, "/slow?ms=60000").catch((error: Error) => error);
  await said("slow begins");
  process.kill(service.pid, "SIGTERM");
  await said("drain done");
  process.kill(service.pid, "SIGTERM");
  assert.deepEqual(await service.exited, { code: null, signal: "SIGTERM" });
  assert.ok((await slow) instanceof Error);
  assert.ok(lines().includes("delay forced"));
});

test("the exit code is 0 where that is wanted", async (t) => {
  const { service } = await start(t, "zero", "0");
  process.kill(service.pid, "SIGINT");
  assert.deepEqual(await service.exited, { code: 0, signal: null });
});

test("what does not finish is cut when its time is over, taken over connections as well", async (t) => {
  const { service, port, said, lines } = await start(t, "zero", "0", "200");
  const socket = connect(port, "127.0.0.1");
  socket.write("GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
  await once(socket, "data");
  const gone = once(socket, "close");
  socket.on("error", () => {});
  const slow = ask(port, "/slow?ms=60000").catch((error: Error) => error);
  await said("slow begins");
  process.kill(service.pid, "SIGTERM");
  await gone;
  assert.ok((await slow) instanceof Error);
  assert.deepEqual(await service.exited, { code: 0, signal: null });
  assert.ok(lines().includes("servers timeout"));
});

test("Shutdown closes servers of HTTP/2, and such that do not run", async (t) => {
  const http2 = createHttp2Server((_request, response) => {
    setTimeout(() => response.end("done"), 100);
  });
  http2.listen(0, "127.0.0.1");
  await once(http2, "listening");
  const notRunning = createServer();
  const shutdown = new Shutdown({ signals: [], servers: [http2, notRunning], delayMs: 0 });
  const session = connectHttp2(`http://127.0.0.1:${(http2.address() as AddressInfo).port}`);
  t.after(() => session.destroy());
  const stream = session.request({ ":path": "/" });
  stream.setEncoding("utf8");
  await once(http2, "stream");
  const goneAway = once(session, "goaway");
  const ended = shutdown.begin();
  let body = "";
  for await (const chunk of stream) body += String(chunk);
  assert.equal(body, "done");
  await goneAway;
  const { forced, steps } = await ended;
  assert.deepEqual([forced, steps.every(({ outcome }) => outcome === "done")], [false, true]);
});
