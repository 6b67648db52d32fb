// Each real server and tool of the table in testkit/src/peers.ts: starts, answers, and leaves nothing.
// What our own parts do beside them is tested in the other files of this folder.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test, type TestContext } from "node:test";
import {
  freePort,
  httpGet,
  isListening,
  isPortFree,
  peerNames,
  processesInGroup,
  requirePeer,
  startAlertmanager,
  startClickhouse,
  startDnsmasq,
  startExim,
  startMariadb,
  startMemcached,
  startMosquitto,
  startNats,
  startNginx,
  startNodeExporter,
  startPostgres,
  startProcess,
  startPrometheus,
  startRabbitmq,
  startRedis,
  startVictoriaMetrics,
  temporaryFolder,
  type Peer,
  type PeerName,
  type PeerServer,
} from "@flx/testkit";

type Check = (t: TestContext, installed: Peer) => Promise<void>;

const checks: Readonly<Record<PeerName, Check>> = {
  prometheus: server(startPrometheus, async (url, { version }) => {
    const { body } = await httpGet(`${url}/api/v1/status/buildinfo`);
    assert.equal(at(JSON.parse(body), "data", "version"), version);
  }),
  alertmanager: server(startAlertmanager, async (url, { version }) => {
    const { body } = await httpGet(`${url}/api/v2/status`);
    assert.equal(at(JSON.parse(body), "versionInfo", "version"), version);
    assert.equal(at(JSON.parse(body), "cluster", "status"), "disabled");
  }),
  "victoria-metrics": server(startVictoriaMetrics, async (url) => {
    assert.equal((await httpGet(`${url}/health`)).body, "OK");
    const query = `${url}/api/v1/query?query=${encodeURIComponent("1 + 1")}`;
    assert.equal(at(JSON.parse((await httpGet(query)).body), "data", "result", 0, "value", 1), "2");
  }),
  "node-exporter": server(startNodeExporter, async (url, { version }) => {
    const { body } = await httpGet(`${url}/metrics`, { timeoutMs: 10_000 });
    assert.match(body, /^node_cpu_seconds_total\{cpu="0",mode="idle"\} \d/m);
    assert.ok(body.includes(`version="${version}"`));
  }),
  promtool: tool(["--version"], /^promtool, version \d/),
  amtool: tool(["--version"], /^amtool, version \d/),
  vmagent: tool(["-help"], /^vmagent collects metrics data/m),
  vmalert: tool(["-help"], /^vmalert processes alerts/m),
  chromium: showsPage,
  curl: tool(["--version"], /^curl \d/),
  openssl: tool(["version"], /^OpenSSL \d/),
  "systemd-analyze": tool(["--version"], /^systemd \d/),
  deno: tool(["--version"], /^deno \d/),
  postgres: server(startPostgres, accepts),
  mariadb: server(startMariadb, accepts),
  redis: server(startRedis, accepts),
  memcached: server(startMemcached, accepts),
  rabbitmq: server(startRabbitmq, accepts),
  nats: server(startNats, accepts),
  mosquitto: server(startMosquitto, accepts),
  nginx: server(startNginx, async (url) => {
    assert.equal((await httpGet(url)).body, "ok");
  }),
  exim: server(startExim, accepts),
  dnsmasq: server(startDnsmasq, accepts),
  clickhouse: server(startClickhouse, async (url) => {
    assert.equal((await httpGet(`${url}/ping`)).body, "Ok.\n");
  }),
};

for (const name of peerNames) {
  test(`${name} starts, answers and leaves nothing`, async (t) => {
    const installed = requirePeer(t, name);
    if (installed === undefined) return;
    assert.match(installed.version, /^\d+\./);
    await checks[name](t, installed);
  });
}

/** A server answers, stops without SIGKILL, and neither a process nor its port nor its folder remains. */
function server(
  start: () => Promise<PeerServer>,
  answers: (url: string, installed: Peer) => Promise<void>,
): Check {
  return async (_, installed) => {
    await using started = await start();
    await answers(started.url, installed);
    assert.deepEqual((await started.stop()).killed, []);
    assert.deepEqual(processesInGroup(started.process.pid), []);
    assert.equal(await isPortFree(started.port), true);
  };
}

/** What a server says in its own protocol is asked in health-servers.test.ts; here it accepts a connection. */
async function accepts(url: string): Promise<void> {
  assert.equal(await isListening(Number(new URL(url).port)), true);
}

/** A tool runs, writes a known line and ends. */
function tool(args: readonly string[], pattern: RegExp): Check {
  return async (_, { path, name }) => {
    await using started = await startProcess({ name, command: path, args });
    await started.exited;
    assert.match(started.log(), pattern);
    assert.deepEqual(processesInGroup(started.pid), []);
  };
}

/** A browser runs the script of a page served from loopback, prints the page as it is then, and ends. */
async function showsPage(_: TestContext, { path, name }: Peer): Promise<void> {
  const page = `<!doctype html><title>page</title><p id="p"></p>
    <script>document.getElementById("p").textContent = "sum " + (40 + 2);</script>`;
  const port = await freePort();
  const pages = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end(page);
  });
  await new Promise<void>((resolve) => pages.listen(port, "127.0.0.1", resolve));
  try {
    await using profile = await temporaryFolder("profile");
    await using browser = await startProcess({
      name,
      command: path,
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        `--user-data-dir=${profile.path}`,
        "--dump-dom",
        `http://127.0.0.1:${port}/`,
      ],
    });
    await browser.waitForLine(/<p id="p">sum 42<\/p>/, 15_000);
    await browser.stop();
    assert.deepEqual(processesInGroup(browser.pid), []);
  } finally {
    pages.closeAllConnections();
    await new Promise((resolve) => pages.close(resolve));
  }
}

/** Walks into parsed JSON: `at(x, "data", 0)` is `x.data[0]`. */
function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value;
  for (const key of path) {
    assert.ok(typeof here === "object" && here !== null, `no ${key} in ${JSON.stringify(value)}`);
    here = Reflect.get(here, key);
  }
  return here;
}
