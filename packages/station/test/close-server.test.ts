// A server that ends while clients keep their connections busy, or never finish their requests.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { closeServer } from "../src/base/close-server.ts";

async function listening() {
  const server = createServer((request, response) => {
    if (request.method === "POST") return;
    setTimeout(() => response.end("done"), 20);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}

test("closeServer() answers what is under way and lets go of clients that are always busy", async () => {
  const { server, port } = await listening();
  let answered = 0;
  const client = (async () => {
    for (;;) {
      const text = await fetch(`http://127.0.0.1:${port}/`)
        .then((response) => response.text())
        .catch(() => "");
      if (text === "") return;
      answered++;
    }
  })();
  await sleep(100);
  const graceMs = 60_000;
  await closeServer(server, graceMs);
  await client;
  assert.ok(answered > 0);
});

test("closeServer() ends what does not end by itself", async () => {
  const { server, port } = await listening();
  const socket = connect(port, "127.0.0.1").resume();
  socket.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n12");
  const ended = new Promise((resolve) => {
    socket.once("close", resolve);
  });
  socket.on("error", () => undefined);
  await sleep(50);
  await closeServer(server, 100);
  await ended;
});
