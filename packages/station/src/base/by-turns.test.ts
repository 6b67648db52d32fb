import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { test } from "node:test";
import { byTurns, MAX_PIPELINED, type RequestListener, Turns } from "./by-turns.ts";

test("Turns begins one thing in each turn of the loop, by turns for all who wait", async () => {
  const turns = new Turns();
  const begun: string[] = [];
  for (const name of ["a1", "a2", "a3", "b1", "c1", "c2"]) {
    turns.take(name[0]!, () => begun.push(name));
  }
  const want = ["a1", "b1", "c1", "a2", "c2", "a3"];
  assert.deepEqual(begun, []);
  for (let i = 1; i <= want.length; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(begun, want.slice(0, i));
  }
});

/** Sends requests at once; how many were answered when the connection is closed, or all of them are. */
async function answered(count: number, listener: RequestListener): Promise<number> {
  const server = createServer(byTurns(listener)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => undefined);
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(count));
  let answers = 0;
  socket.setEncoding("latin1").on("data", (piece: string) => {
    answers += piece.match(/200 OK/g)?.length ?? 0;
    if (answers === count) socket.destroy();
  });
  await closed;
  server.close();
  await once(server, "close");
  return answers;
}

test("byTurns() answers requests of a connection one after the other", async () => {
  let underWay = 0;
  let most = 0;
  const answers = await answered(MAX_PIPELINED, (_request, response) => {
    most = Math.max(most, ++underWay);
    setImmediate(() => {
      underWay--;
      response.end("x");
    });
  });
  assert.equal(answers, MAX_PIPELINED);
  assert.equal(most, 1);
});

test("byTurns() closes a connection with too many requests, and begins no more of it", async () => {
  let begun = 0;
  await answered(5_000, (_request, response) => {
    begun++;
    setTimeout(() => response.end("x"), 5);
  });
  assert.ok(begun <= 1, `${begun} were begun`);
});
