// A service restarted again and again behind a real nginx, under load: nobody notices.
//
//   load ──► nginx ──► instance A          each restart: a new instance is started, nginx gets it instead of the
//                 └──► instance B          old one (reload), the old one gets SIGTERM at the same time
//
// The order is the unlucky one: the old instance is told to end before nginx has stopped sending to it. What saves the
// requests is the delay in which the instance is not ready but still answers, and the connections it finishes after it.
// Each request comes on a connection of its own: nginx closes idle connections of clients when it is reloaded, and a
// request that is just being sent on one is lost there, whatever the instances do.
// nginx may not try another instance (proxy_next_upstream off): each request has one chance.

import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  freePort,
  httpGet,
  nginxConfig,
  requirePeer,
  type RunningProcess,
  startNginx,
  startProcess,
  waitUntil,
} from "@flx/testkit";

/** FLX_FULL=1 for the long form: 20 s. */
const isFull = process.env["FLX_FULL"] === "1";
const REQUESTS = isFull ? 20_000 : 4_000;
const RESTARTS = isFull ? 10 : 3;
const AT_ONCE = 16;

const fixture = fileURLToPath(new URL("fixture/rolling-service.ts", import.meta.url));

async function startInstance(): Promise<{ process: RunningProcess; port: number }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/readyz`;
  const started = await startProcess({
    name: "instance",
    command: process.execPath,
    args: ["--conditions=@flx/source", fixture, String(port)],
    ready: { url },
    stopTimeoutMs: 10_000,
  });
  return { process: started, port };
}

/** nginx in front of these instances, with connections kept open to them: the hard case. */
function front(folder: string, port: number, instances: readonly number[]): string {
  const servers = instances.map((instance) => `server 127.0.0.1:${instance};`).join(" ");
  return nginxConfig(
    folder,
    `upstream service { ${servers} keepalive 16; }
server {
  listen 127.0.0.1:${port};
  keepalive_requests 100000;
  location / {
    proxy_pass http://service;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_next_upstream off;
  }
}`,
  );
}

async function ask(url: string): Promise<string> {
  const request = get(url, { agent: false, timeout: 10_000 });
  request.on("timeout", () => request.destroy(new Error("no answer within 10 s")));
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return `${response.statusCode} ${body.replace(/\d+$/, "")}`;
}

test(`gracefulShutdown() loses none of ${REQUESTS} requests in ${RESTARTS} restarts behind nginx`, async (t) => {
  if (requirePeer(t, "nginx") === undefined) return;
  const instances = [await startInstance(), await startInstance()];
  const ports = (): number[] => instances.map(({ port }) => port);
  await using nginx = await startNginx({ config: (port, folder) => front(folder, port, ports()) });
  const outcomes = new Map<string, number>();
  const done = { requests: 0, restarts: 0 };

  const load = async (): Promise<void> => {
    // Goes on while there are restarts, so that each of them is under load.
    while (done.requests < REQUESTS || done.restarts < RESTARTS) {
      done.requests++;
      const outcome = await ask(nginx.url).catch((error: unknown) => String(error));
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  };
  const restart = async (): Promise<void> => {
    const old = instances.shift()!;
    instances.push(await startInstance());
    await writeFile(nginx.folder.file("config"), front(nginx.folder.path, nginx.port, ports()));
    // To the instance first: nginx goes on sending to it.
    process.kill(old.process.pid, "SIGTERM");
    await waitUntil(
      async () => (await httpGet(`http://127.0.0.1:${old.port}/readyz`)).status === 503,
    );
    nginx.process.signal("SIGHUP");
    const { signal } = await old.process.exited;
    assert.equal(signal, "SIGTERM", old.process.log());
    done.restarts++;
  };
  const roll = async (): Promise<void> => {
    try {
      for (let i = 0; i < RESTARTS; i++) await restart();
    } finally {
      // Also when one fails: the load ends, and the error is seen.
      done.restarts = RESTARTS;
    }
  };
  try {
    await Promise.all([roll(), ...Array.from({ length: AT_ONCE }, load)]);
  } finally {
    await Promise.all(instances.map((instance) => instance.process.stop()));
  }
  t.diagnostic(`${done.requests} requests, ${JSON.stringify([...outcomes])}`);
  assert.deepEqual([...outcomes.keys()], ["200 from "]);
  assert.ok(done.requests >= REQUESTS);
});
