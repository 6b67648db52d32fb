// What is written down of who did what, and that no secret is shown: secrets of every kind are planted in the configuration
// of a real station, everything it can be asked is asked, and neither an answer nor the log may hold one of them.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { requirePeer, temporaryFolder, TestAuthority, waitUntil } from "@flx/testkit";
import { hashPassword } from "../../src/base/access/password-hash.ts";
import { startStation } from "../../src/start-station.ts";
import { StationProcess } from "../running-station.ts";

const WAIT = { timeoutMs: 60_000, everyMs: 100 };
const ADMIN = "planted-token-of-the-admin";
const READER = "planted-token-of-the-reader";
const PASSWORD = "planted-password-of-alice";

interface Line {
  readonly audit?: string;
  readonly what?: string;
  readonly by?: string;
  readonly from?: string;
  readonly kind?: string;
  readonly status?: number;
  readonly leftOut?: number;
}

function auditLines(station: StationProcess): Line[] {
  return station.process
    .log()
    .split("\n")
    .filter((line) => line.startsWith("{") && line.includes('"audit"'))
    .map((line) => JSON.parse(line) as Line);
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const basic = (name: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`,
});

test("every change is written down with who, from where and how it ended, refused logins in bounds", async () => {
  await using station = await StationProcess.start({
    config: `access:
  users:
    - { name: root, roles: [admin], token: ${ADMIN} }
    - { name: reader, roles: [read], token: ${READER} }
    - { name: alice, roles: [read, write], password_hash: "${await hashPassword(PASSWORD)}" }
`,
    args: ["--allow-quit"],
  });
  const ask = async (path: string, method: string, headers: Record<string, string>) => {
    const response = await fetch(station.url + path, { method, headers });
    await response.arrayBuffer();
    return response.status;
  };
  const last = async (audit: string, count: number): Promise<Line> => {
    const found = () => auditLines(station).filter((line) => line.audit === audit);
    await waitUntil(() => found().length >= count, { ...WAIT, what: `${count} lines of ${audit}` });
    assert.equal(found().length, count);
    const { what, by, from, kind, status } = found().at(-1)!;
    return JSON.parse(JSON.stringify({ what, by, from, kind, status })) as Line;
  };
  const from = "127.0.0.1";

  assert.equal(await ask("/-/reload", "POST", bearer(ADMIN)), 200);
  assert.deepEqual(await last("change", 1), {
    what: "POST /-/reload",
    by: "root",
    from,
    status: 200,
  });
  const resolve = "/api/v1/errors/0123456789abcdef/resolve";
  assert.equal(await ask(`${resolve}?note=x`, "POST", basic("alice", PASSWORD)), 404);
  const resolved = { what: `POST ${resolve}`, by: "alice", from, status: 404 };
  assert.deepEqual(await last("change", 2), resolved);
  station.process.signal("SIGHUP");
  const signalled = { what: "reload", by: "a signal", from: "this machine", status: 200 };
  assert.deepEqual(await last("change", 3), signalled);
  await writeFile(station.folder.file("flx.yml"), "nonsense: 1\n");
  assert.equal(await ask("/-/reload", "PUT", bearer(ADMIN)), 500);
  assert.deepEqual(await last("change", 4), {
    what: "PUT /-/reload",
    by: "root",
    from,
    status: 500,
  });

  assert.equal(await ask("/-/reload", "POST", bearer(READER)), 403);
  assert.deepEqual(await last("refused", 1), { by: "reader", from, kind: "forbidden" });
  assert.equal(await ask("/api/v1/query", "GET", basic("alice", "planted-wrong-password")), 401);
  assert.deepEqual(await last("refused", 2), { by: "alice", from, kind: "unauthorized" });
  assert.equal(await ask("/api/v1/query", "GET", basic("planted-for-a-name", "x")), 401);
  const unknown = { by: "somebody unknown", from, kind: "unauthorized" };
  assert.deepEqual(await last("refused", 3), unknown);
  assert.equal(await ask("/api/v1/query", "GET", {}), 401);
  assert.deepEqual(await last("refused", 3), unknown, "no credential is no login");
  for (let i = 0; i < 200; i++) await ask("/api/v1/query", "GET", bearer(`planted-guess-${i}`));
  const refused = auditLines(station).filter(({ audit }) => audit === "refused");
  assert.ok(refused.length >= 5 && refused.length < 50, `${refused.length} lines`);
  const metrics = await (await fetch(`${station.url}/metrics`, { headers: bearer(READER) })).text();
  assert.match(metrics, /^flx_access_refusals_total\{kind="unauthorized"\} 202$/m);

  assert.equal(await ask("/-/quit", "POST", bearer(ADMIN)), 200);
  await station.process.exited;
  assert.equal(auditLines(station).at(-1)?.what, "POST /-/quit");
  assert.doesNotMatch(station.process.log(), /planted/);
});

test("no secret of the configuration is in any answer or in the log", async (t) => {
  const openssl = requirePeer(t, "openssl");
  if (openssl === undefined) return;
  await using authority = await TestAuthority.create(openssl.path);
  await using folder = await temporaryFolder("secrets");
  const client = await authority.issue({ commonName: "client" });
  const hash = await hashPassword(PASSWORD);
  const inFile = async (name: string, text: string): Promise<string> => {
    await writeFile(folder.file(name), text);
    return name;
  };
  // Refuses whoever comes, so that every target has an error to show.
  const target = createServer((request, response) => {
    response.statusCode = request.url === "/targets" ? 200 : 403;
    response.end(request.url === "/targets" ? '[{"targets":["127.0.0.1:9"]}]' : "no");
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => target.once("listening", resolve));
  t.after(() => target.close());
  const { port } = target.address() as AddressInfo;
  const jobs: readonly string[] = [
    "basic_auth: { username: a, password: planted-basic }",
    `basic_auth: { username: a, password_file: ${await inFile("p", "planted-basic-file")} }`,
    `basic_auth: { username_file: ${await inFile("u", "planted-username-file")}, password: planted-b }`,
    "authorization: { credentials: planted-credentials }",
    `authorization: { type: Token, credentials_file: ${await inFile("c", "planted-credentials-file")} }`,
    "bearer_token: planted-bearer",
    `bearer_token_file: ${await inFile("b", "planted-bearer-file")}`,
    `http_headers: { X-Key: { secrets: [planted-header], files: [${await inFile("h", "planted-header-file")}] } }`,
    `scheme: https\n    tls_config: { cert: ${JSON.stringify(client.cert)}, key: ${JSON.stringify(client.key)} }`,
    "basic_auth: { username: a, password: '${PLANTED_IN_ENVIRONMENT}' }",
  ];
  const config = (extra = ""): string => `access:
  users:
    - { name: root, roles: [admin], token: ${ADMIN} }
    - { name: filed, roles: [read], token_file: t }
    - { name: alice, roles: [read, write], password_hash: "${hash}" }
log: { level: trace }
scrape_configs:
${jobs
  .map(
    (job, i) => `  - job_name: job${i}
    scrape_interval: 1s
    static_configs: [{ targets: ["127.0.0.1:${port}"] }]
    ${job}
`,
  )
  .join("")}  - job_name: discovered
    scrape_interval: 1s
    http_sd_configs:
      - { url: "http://sd:planted-sd-url@127.0.0.1:${port}/targets" }
      - { url: "http://127.0.0.1:${port}/targets", basic_auth: { username: a, password: planted-sd } }
      - { url: "http://sd:planted-sd-broken@127.0.0.1:${port}/broken" }
${extra}`;
  await inFile("t", "planted-token-in-a-file");
  await using station = await StationProcess.start({
    folder,
    config: config(),
    env: { PLANTED_IN_ENVIRONMENT: "planted-environment" },
  });
  const secrets = [hash.split("$").at(-1)!, ...pemLines(client.key)];
  const clean = (text: string, what: string): void => {
    assert.doesNotMatch(text, /planted/, what);
    for (const secret of secrets) assert.ok(!text.includes(secret), `${what}: ${secret}`);
  };
  const targets = async (): Promise<string> =>
    (await fetch(`${station.url}/api/v1/targets`, { headers: bearer(ADMIN) })).text();
  await waitUntil(
    async () => {
      const text = await targets();
      return text.split('"lastError":"').filter((each) => !each.startsWith('"')).length > 10;
    },
    { ...WAIT, what: "every target to have failed" },
  );

  let asked = 0;
  for (const { method, path } of await rules()) {
    const url = `${station.url}${path.replaceAll(/:\w+|\*/g, "job0")}`;
    for (const query of ["", "?query=up&match[]=up&start=0&end=1&step=1&service=a", "?limit=x"]) {
      for (const headers of [bearer(ADMIN), bearer("planted-token-in-a-file"), {}]) {
        const response = await fetch(url + query, { method, headers });
        clean(JSON.stringify([...response.headers]), `headers of ${method} ${path}`);
        clean(await response.text(), `${method} ${path}${query}`);
        asked++;
      }
    }
  }
  const reload = async (text: string): Promise<string> => {
    await writeFile(folder.file("flx.yml"), text);
    const response = await fetch(`${station.url}/-/reload`, {
      method: "POST",
      headers: bearer(ADMIN),
    });
    assert.equal(response.status, 500, text);
    return response.text();
  };
  for (const broken of [
    "  - { job_name: x, authorization: Bearer planted-broken }\n",
    "  - { job_name: x, bearer_token: [planted-broken] }\n",
    "  - { job_name: x, basic_auth: { username: a, pasword: planted-broken } }\n",
    "  - job_name: x\n    bearer_token: |planted-broken\n",
    "  - job_name: x\n    bearer_token: *planted-broken\n",
    "  - { job_name: x, tls_config: { key: planted-broken, cert: planted-broken, ca: 1 ] }\n",
    "query: { timeout: 1s }\n",
  ]) {
    clean(await reload(config(broken)), broken);
  }
  const explained = await fetch(`${station.url}/api/v1/status/config`, { headers: bearer(ADMIN) });
  assert.match(await explained.text(), /<secret>/);
  await station.stop();
  const log = station.process.log();
  assert.match(log, /the configuration cannot be used/);
  clean(log, "the log");
  t.diagnostic(`${asked} answers and ${log.length} characters of log`);
});

/** Every route of the API, from the table of a station in this process. */
async function rules(): Promise<readonly { readonly method: string; readonly path: string }[]> {
  await using folder = await temporaryFolder("rules");
  const station = await startStation({
    configFile: undefined,
    dataFolder: folder.file("data"),
    http: "0",
    otlpGrpc: "0",
    otlpHttp: "0",
    memory: undefined,
    allowWithoutAccessControl: false,
    allowQuit: false,
    logLevel: "silent",
    onQuit: () => undefined,
  });
  await station.stop();
  return station.rules.filter(({ door }) => door === "http");
}

/** The lines inside a PEM text. */
function pemLines(pem: string): string[] {
  return pem.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
}
