// A remote that is taken out of the configuration: what waits for it is told and kept, and a queue with nothing in it goes.

import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { encodeRemoteWrite, waitUntil } from "@flx/testkit";
import { StationProcess } from "./running-station.ts";

const WAIT = { timeoutMs: 60_000, everyMs: 50 };

test("what waits for a removed remote is told and kept; an empty queue is removed", async (t) => {
  let status = 503;
  let taken = 0;
  const remote = createServer((request, response) => {
    request.resume().on("end", () => {
      if (status === 204) taken++;
      response.writeHead(status).end();
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => remote.once("listening", resolve));
  t.after(() => {
    remote.closeAllConnections();
    remote.close();
  });
  const url = `http://127.0.0.1:${(remote.address() as AddressInfo).port}/write`;
  const config = `remote_write: [{ name: gone, url: "${url}", queue_config: { max_backoff: 100ms } }]\n`;
  await using station = await StationProcess.start({ config });
  const queues = (): Promise<string[]> => readdir(station.folder.file("data/remote-write"));
  const reload = async (text: string): Promise<void> => {
    await writeFile(station.folder.file("flx.yml"), text);
    const { status: answered } = await fetch(`${station.url}/-/reload`, { method: "POST" });
    assert.equal(answered, 200);
  };
  const body = encodeRemoteWrite([
    { labels: ["__name__", "kept"], timestamps: [Date.now()], values: Float64Array.of(1) },
  ]);
  const headers = { "content-encoding": "snappy", "content-type": "application/x-protobuf" };
  const sent = await fetch(`${station.url}/api/v1/write`, { method: "POST", headers, body });
  assert.equal(sent.status, 204);

  await reload("{}\n");
  await waitUntil(
    () => /samples wait in .*remote-write.*not configured/.test(station.process.log()),
    {
      ...WAIT,
      what: "it to be told",
    },
  );
  assert.equal((await queues()).length, 1, "the queue is kept");

  status = 204;
  await reload(config);
  await waitUntil(() => taken > 0, { ...WAIT, what: "what waited to be sent" });
  // The station writes of itself as well: until nothing waits, taking it out again leaves a queue.
  await waitUntil(
    async () => {
      await reload("{}\n");
      if ((await queues()).length === 0) return true;
      await reload(config);
      return false;
    },
    { ...WAIT, what: "the empty queue to be removed" },
  );
});
