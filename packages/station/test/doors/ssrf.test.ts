// Scraping and discovery never reach link-local and metadata addresses, whatever names, numbers or redirects lead there:
// a real station, a real DNS server and a server that redirects.
//
//   static target   169.254.169.254 in every notation          refused before a connection
//   dns_sd          a name that resolves there                 found, and refused
//   http_sd         a list that names them                     found, and refused
//   redirect        from a good target                         not followed
//   DNS rebinding   good the first time, bad the second        the address that was checked is the one connected to

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import nodeDns from "node:dns";
import { Resolver } from "node:dns/promises";
import { createServer } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { waitUntil } from "@flx/testkit";
import { discover } from "../../src/ingest/scrape/discovery.ts";
import { fetchExposition } from "../../src/ingest/scrape/fetch-exposition.ts";
import { StationProcess } from "../running-station.ts";

const WAIT = { timeoutMs: 90_000, everyMs: 200 };

/** Every notation of an address that is not asked, as a target. */
const REFUSED = [
  "169.254.169.254:80",
  "169.254.0.1:80",
  "2852039166:80",
  "0xa9fea9fe:80",
  "0251.0376.0251.0376:80",
  "169.254.43518:80",
  "[::ffff:169.254.169.254]:80",
  "[::ffff:a9fe:a9fe]:80",
  "[fe80::1]:80",
  "[fd00:ec2::254]:80",
  "100.100.100.200:80",
  "0.0.0.0:80",
  "0:80",
  "[::]:80",
  "224.0.0.1:80",
  "255.255.255.255:80",
];

interface ActiveTarget {
  readonly scrapeUrl: string;
  readonly lastError: string;
  readonly health: string;
  readonly scrapePool: string;
}

test("link-local and metadata addresses are refused, however they are named", async (t) => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = request.url ?? "";
    asked.push(url);
    if (url === "/list") {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify([{ targets: REFUSED.slice(0, 8) }]));
    } else if (url.startsWith("/to/")) {
      response.writeHead(302, { location: decodeURIComponent(url.slice("/to/".length)) }).end();
    } else if (url === "/here") response.end("reached 1\n");
    else response.writeHead(302, { location: "/here" }).end();
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const to = (url: string): string =>
    `{ job_name: "to ${url}", metrics_path: ${JSON.stringify(`/to/${encodeURIComponent(url)}`)}, static_configs: [{ targets: ["127.0.0.1:${port}"] }] }`;
  const redirects = [
    "http://169.254.169.254/latest/meta-data",
    "http://2852039166/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://0xa9.0xfe.0xa9.0xfe/",
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    `http://127.0.0.1:${port}/to/${encodeURIComponent("http://169.254.169.254/")}`,
  ];
  await using station = await StationProcess.start({
    config: `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: numbers
    static_configs: [{ targets: ${JSON.stringify(REFUSED)} }]
  - job_name: listed
    http_sd_configs: [{ url: "http://127.0.0.1:${port}/list" }]
  - job_name: good
    static_configs: [{ targets: ["127.0.0.1:${port}", "localhost:${port}"] }]
  - job_name: metadata list
    http_sd_configs: [{ url: "http://169.254.169.254/list" }, { url: "http://127.0.0.1:${port}/to/http%3A%2F%2F169.254.169.254%2F" }]
${redirects.map((url) => `  - ${to(url)}`).join("\n")}
`,
  });
  const targets = async (): Promise<ActiveTarget[]> => {
    const response = await fetch(`${station.url}/api/v1/targets?state=active`);
    return ((await response.json()) as { data: { activeTargets: ActiveTarget[] } }).data
      .activeTargets;
  };
  const all = await waitUntil(
    async () => {
      const found = (await targets()).filter(({ scrapePool }) => scrapePool !== "flx");
      const isDone = found.every(({ health }) => health !== "unknown");
      return isDone && found.length >= REFUSED.length + 2 + redirects.length && found;
    },
    { ...WAIT, what: "every target to be scraped" },
  );
  for (const { scrapeUrl, lastError, health, scrapePool } of all) {
    const isGood = scrapePool === "good";
    assert.equal(health, isGood ? "up" : "down", `${scrapePool} ${scrapeUrl}: ${lastError}`);
    if (!isGood) {
      assert.match(lastError, /which is not asked|is not followed/, `${scrapePool} ${scrapeUrl}`);
    }
  }
  assert.ok(asked.includes("/here"), "a redirect to where one may go is followed");
  assert.match(station.process.log(), /169\.254\.169\.254.*which is not asked/);
});

/** A DNS server of one name: each answer is the next list of addresses, the last for ever. */
async function dnsServer(answers: readonly (readonly string[])[]) {
  const socket = createSocket("udp4");
  let answered = 0;
  socket.on("message", (query, from) => {
    const end = query.indexOf(0, 12) + 5;
    const isAddress = query.readUInt16BE(end - 4) === 1;
    const addresses = isAddress ? answers[Math.min(answered++, answers.length - 1)]! : [];
    const head = Buffer.from(query.subarray(0, 12));
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(addresses.length, 6);
    head.writeUInt32BE(0, 8);
    const records = addresses.flatMap((address) => [
      Buffer.of(0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4),
      Buffer.from(address.split(".").map(Number)),
    ]);
    const message = Buffer.concat([head, query.subarray(12, end), ...records]);
    socket.send(message, from.port, from.address);
  });
  await new Promise<void>((resolve) => void socket.bind(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    [Symbol.dispose]: () => void socket.close(),
  };
}

test("addresses that DNS discovery finds are refused when they are asked", async () => {
  using dns = await dnsServer([["127.0.0.1", "169.254.169.254"]]);
  const [group] = await discover({
    kind: "dns",
    names: ["targets.example"],
    type: "A",
    port: 9,
    servers: [dns.address],
  });
  assert.deepEqual(group?.targets, ["127.0.0.1:9", "169.254.169.254:9"]);
  const code = "FLX_SCRAPE_ADDRESS";
  await assert.rejects(fetchExposition(`http://${group.targets[1]}/`, {}, 5_000, 1_000), { code });
});

test("a name is checked by what it resolves to when it is connected to, each time anew", async (t) => {
  const server = createServer((_request, response) => {
    // A connection that is kept needs no name: each scrape is to ask for it.
    response.writeHead(200, { connection: "close" }).end("reached 1\n");
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  // Good, then rebound; then both at once: one that is refused is enough.
  using dns = await dnsServer([
    ["127.0.0.1"],
    ["169.254.169.254"],
    ["127.0.0.1", "169.254.169.254"],
  ]);
  const resolver = new Resolver({ timeout: 10_000 });
  resolver.setServers([dns.address]);
  const { lookup } = nodeDns;
  // The system's resolver cannot be pointed at a server of a test: this one asks over the same wire.
  nodeDns.lookup = ((host: string, _options: object, callback: LookupCallback) => {
    const answer = async (): Promise<void> => {
      const found = await resolver.resolve4(host);
      callback(
        null,
        found.map((address) => ({ address, family: 4 })),
      );
    };
    void answer();
  }) as unknown as typeof lookup;
  syncBuiltinESMExports();
  t.after(() => {
    nodeDns.lookup = lookup;
    syncBuiltinESMExports();
  });
  const url = `http://rebound.example:${port}/metrics`;
  const ask = () => fetchExposition(url, {}, 30_000, 1_000);
  assert.equal((await ask()).body.toString(), "reached 1\n");
  const refused = { code: "FLX_SCRAPE_ADDRESS", message: /rebound\.example is 169\.254\.169\.254/ };
  await assert.rejects(ask(), refused);
  await assert.rejects(ask(), refused);
});

type LookupCallback = (error: null, addresses: nodeDns.LookupAddress[]) => void;
