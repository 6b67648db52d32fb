// Each check of a server against the real server: healthy, wrong password, hung (SIGSTOP), back again, stopped.
//
//   started    healthy, with the version that the package has
//   password   another one is refused, and is not in the error
//   SIGSTOP    unhealthy at the deadline: the kernel still accepts connections
//   SIGCONT    healthy
//   stopped    unhealthy: connection refused
//
// A server's states are tried one after the other; servers that start slowly start at the same time.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { after, test, type TestContext } from "node:test";
import { promisify } from "node:util";
import {
  alertmanager,
  clickhouse,
  dns,
  http,
  mariadb,
  memcached,
  mqtt,
  nats,
  otlp,
  postgres,
  prometheus,
  rabbitmq,
  redis,
  smtp,
  tcp,
  tlsCertificate,
} from "@flx/monitoring/health/plugins";
import { type CheckRun, type HealthCheck, runCheck } from "@flx/monitoring/health/testing";
import {
  type PeerName,
  type PeerServer,
  peer,
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
  startPostgres,
  startPrometheus,
  startRabbitmq,
  startRedis,
  startVictoriaMetrics,
  freePort,
  temporaryFolder,
  waitUntil,
} from "@flx/testkit";

const right = "sesame";
const wrong = "planted-wrong-password";

/** How one server is looked at. */
interface Row {
  readonly peer: PeerName;
  readonly start: () => Promise<PeerServer>;
  readonly check: (port: number, password: string) => HealthCheck;
  /** Whether a wrong password means anything to it. */
  readonly hasLogin: boolean;
  /** Whether its package's version is in the details. */
  readonly tellsVersion: boolean;
}

const user = "app";

const rows: Readonly<Record<string, Row>> = {
  postgres: {
    peer: "postgres",
    start: () => startPostgres({ password: right }),
    check: (port, password) => postgres({ port, user, password, database: "postgres" }),
    hasLogin: true,
    tellsVersion: true,
  },
  mariadb: {
    peer: "mariadb",
    start: () => startMariadb({ password: right }),
    check: (port, password) => mariadb({ port, user, password }),
    hasLogin: true,
    tellsVersion: true,
  },
  redis: {
    peer: "redis",
    start: () => startRedis({ args: ["--requirepass", right] }),
    check: (port, password) => redis({ port, password }),
    hasLogin: true,
    tellsVersion: true,
  },
  memcached: {
    peer: "memcached",
    start: () => startMemcached({ password: right }),
    check: (port, password) => memcached({ port, user, password }),
    hasLogin: true,
    tellsVersion: true,
  },
  rabbitmq: {
    peer: "rabbitmq",
    start: () => startRabbitmq(),
    check: (port, password) =>
      rabbitmq({ port, password: password === right ? "guest" : password }),
    hasLogin: true,
    tellsVersion: false,
  },
  nats: {
    peer: "nats",
    start: () => startNats({ password: right }),
    check: (port, password) => nats({ port, user, password }),
    hasLogin: true,
    tellsVersion: true,
  },
  mqtt: {
    peer: "mosquitto",
    start: () => startMosquitto({ password: right }),
    check: (port, password) => mqtt({ port, user, password }),
    hasLogin: true,
    tellsVersion: false,
  },
  smtp: {
    peer: "exim",
    start: () => startExim({ password: right }),
    check: (port, password) => smtp({ port, user, password }),
    hasLogin: true,
    tellsVersion: false,
  },
  clickhouse: {
    peer: "clickhouse",
    start: () => startClickhouse({ password: right }),
    check: (port, password) => clickhouse({ port, user, password }),
    hasLogin: true,
    tellsVersion: false,
  },
  http: {
    peer: "nginx",
    start: () => startNginx(),
    check: (port) => http({ url: `http://127.0.0.1:${port}/`, match: /^ok$/ }),
    hasLogin: false,
    tellsVersion: false,
  },
  tcp: {
    peer: "exim",
    start: () => startExim(),
    check: (port) => tcp({ port, banner: /^220 mail\.test / }),
    hasLogin: false,
    tellsVersion: false,
  },
  prometheus: {
    peer: "prometheus",
    start: () => startPrometheus(),
    check: (port) => prometheus({ port }),
    hasLogin: false,
    tellsVersion: false,
  },
  alertmanager: {
    peer: "alertmanager",
    start: () => startAlertmanager(),
    check: (port) => alertmanager({ url: `http://127.0.0.1:${port}` }),
    hasLogin: false,
    tellsVersion: false,
  },
  "http of VictoriaMetrics": {
    peer: "victoria-metrics",
    start: () => startVictoriaMetrics(),
    check: (port) => http({ url: `http://127.0.0.1:${port}/health`, match: "OK" }),
    hasLogin: false,
    tellsVersion: false,
  },
};

/** Slow ones start while others are tried. */
const slow = ["rabbitmq", "postgres", "mariadb", "prometheus"];
const started = new Map(
  slow
    .filter((name) => peer(rows[name]!.peer) !== undefined)
    .map((name) => [name, begin(rows[name]!)]),
);

function begin({ start }: Row): Promise<PeerServer> {
  const server = start();
  // Whoever awaits it is told; until then it must not count as unhandled.
  server.catch(() => undefined);
  return server;
}

after(async () => {
  const all = await Promise.allSettled(started.values());
  const running = all.filter((one) => one.status === "fulfilled");
  await Promise.all(running.map((one) => one.value.stop()));
});

const order = Object.keys(rows).toSorted((a, b) => slow.indexOf(a) - slow.indexOf(b));
for (const name of order) {
  const row = rows[name]!;
  test(`${name}() tells how a real ${row.peer} is`, async (t: TestContext) => {
    if (requirePeer(t, row.peer) === undefined) return;
    await using server = await (started.get(name) ?? row.start());
    await states(row, server);
  });
}

/** Stops a server without ending it: a signal has been sent before it has been obeyed. */
async function halt(server: PeerServer): Promise<void> {
  server.process.signal("SIGSTOP");
  const isStopped = (pid: number): boolean =>
    /\) [TtZ] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  await waitUntil(() => processesInGroup(server.process.pid).every(isStopped), {
    what: "the server to stand still",
  });
}

async function states(row: Row, server: PeerServer): Promise<void> {
  const check = row.check(server.port, right);
  const f = (timeoutMs = 5000): Promise<CheckRun> => runCheck(check, { timeoutMs });

  const healthy = await f();
  assert.equal(healthy.status, "healthy", healthy.message);
  assert.ok(Number(healthy.result?.measurements?.["latency_ms"]?.value) > 0);
  if (row.tellsVersion) {
    const { version } = peer(row.peer)!;
    assert.ok(JSON.stringify(healthy.result?.details).includes(version), version);
  }

  if (row.hasLogin) {
    const refused = await runCheck(row.check(server.port, wrong), { timeoutMs: 10_000 });
    assert.equal(refused.status, "unhealthy");
    assert.match(refused.message ?? "", /refused the password/);
    assert.ok(!refused.message?.includes(wrong));
  }

  try {
    await halt(server);
    const hung = await f(300);
    assert.equal(hung.status, "unhealthy");
    assert.match(
      hung.message ?? "",
      /no answer from 127\.0\.0\.1:\d+ within 300 ms: we waited for/,
    );
  } finally {
    server.process.signal("SIGCONT");
  }
  await waitUntil(async () => (await f()).status === "healthy", { what: "the server to go on" });

  await server.stop();
  const stopped = await f();
  assert.equal(stopped.status, "unhealthy");
  assert.match(stopped.message ?? "", /connection refused by 127\.0\.0\.1:\d+/);
}

test("redis(), postgres() and mariadb() talk through unix sockets, too", async (t) => {
  for (const name of ["redis", "postgres", "mariadb"] as const) {
    if (requirePeer(t, name) === undefined) return;
  }
  await using redisServer = await startRedis();
  const path = redisServer.folder.file("socket");
  const run = await runCheck(redis({ path }));
  assert.equal(run.status, "healthy", run.message);

  const missing = await runCheck(redis({ path: `${path}-no` }));
  assert.equal(missing.message, `there is no socket ${path}-no`);
});

test("redis() is degraded while a replica has no primary, and knows roles", async (t) => {
  if (requirePeer(t, "redis") === undefined) return;
  await using primary = await startRedis({ args: ["--repl-diskless-sync-delay", "0"] });
  await using replica = await startRedis({
    args: ["--replicaof", "127.0.0.1", String(primary.port)],
  });
  const f = (port: number, role?: "primary" | "replica"): Promise<CheckRun> =>
    runCheck(redis({ port, ...(role === undefined ? {} : { role }) }));

  await waitUntil(async () => (await f(replica.port)).status === "healthy");
  assert.equal((await f(replica.port)).result?.details?.["role"], "replica");
  assert.equal((await f(primary.port)).result?.details?.["role"], "primary");
  assert.equal((await f(replica.port, "primary")).message, "it is replica, wanted is primary");

  await primary.stop();
  await waitUntil(async () => (await f(replica.port)).status === "degraded");
  assert.equal((await f(replica.port)).message, "a replica without its primary");
});

const hba = `host all readable 127.0.0.1/32 password
host all old 127.0.0.1/32 md5
host all all 127.0.0.1/32 scram-sha-256
local all all trust
`;

test("postgres() logs in by MD5 and readable passwords, and knows databases", async (t) => {
  if (requirePeer(t, "postgres") === undefined) return;
  await using server = await startPostgres({
    password: right,
    files: { "hba.conf": hba },
    args: ["-c", "hba_file=hba.conf"],
  });
  const url = (database: string): string =>
    `postgres://app:${right}@127.0.0.1:${server.port}/${database}`;
  const f = async (check: HealthCheck, status: string, message?: RegExp) => {
    const run = await runCheck(check, { timeoutMs: 5000 });
    assert.equal(run.status, status, run.message);
    if (message !== undefined) assert.match(run.message ?? "", message);
  };

  const roles =
    `CREATE ROLE readable LOGIN PASSWORD '${right}'; SET password_encryption = 'md5'; ` +
    `CREATE ROLE old LOGIN PASSWORD '${right}'`;
  await f(postgres({ url: url("postgres"), query: roles }), "healthy");
  for (const role of ["readable", "old"]) {
    const login = { port: server.port, user: role, database: "postgres" };
    await f(postgres({ ...login, password: right }), "healthy");
    await f(postgres({ ...login, password: wrong }), "unhealthy", /refused the password for user/);
    await f(postgres(login), "unhealthy", /it wants one/);
  }

  await f(postgres({ url: url("postgres"), role: "primary" }), "healthy");
  await f(postgres({ url: url("postgres"), role: "replica" }), "unhealthy", /it is the primary/);
  await f(postgres({ url: url("nowhere") }), "unhealthy", /has no database "nowhere"/);
  await f(postgres({ url: `${url("postgres")}?sslmode=require` }), "unhealthy", /has no TLS/);
  await f(postgres({ url: url("postgres"), query: "SELECT 1/0" }), "unhealthy", /division by zero/);
  await f(
    postgres({
      path: server.folder.file(`.s.PGSQL.${server.port}`),
      user: "app",
      database: "postgres",
    }),
    "healthy",
  );
});

test("TLS: postgres(), redis(), mariadb(), mqtt(), tlsCertificate() trust whom they are told to", async (t) => {
  for (const name of ["openssl", "postgres", "redis", "mariadb", "mosquitto"] as const) {
    if (requirePeer(t, name) === undefined) return;
  }
  const files = await certificate(peer("openssl")!.path);
  const tls = { ca: files["cert.pem"] };
  const f = async (check: HealthCheck, status: string, message?: RegExp) => {
    const run = await runCheck(check, { timeoutMs: 5000 });
    assert.equal(run.status, status, run.message);
    if (message !== undefined) assert.match(run.message ?? "", message);
  };
  const untrusted =
    /certificate of 127\.0\.0\.1:\d+ is (?:refused|not trusted): it is signed by itself/;

  await using database = await startPostgres({
    password: right,
    files,
    args: ["-c", "ssl=on", "-c", "ssl_cert_file=../cert.pem", "-c", "ssl_key_file=../key.pem"],
  });
  const login = { user, password: right };
  const asked = { port: database.port, ...login, database: "postgres" };
  await f(postgres({ ...asked, tls }), "healthy");
  await f(postgres({ ...asked, tls: true }), "unhealthy", untrusted);
  await f(postgres({ ...asked, tls: { rejectUnauthorized: false } }), "healthy");

  await using maria = await startMariadb({
    password: right,
    files,
    args: ["--ssl-cert=../cert.pem", "--ssl-key=../key.pem"],
  });
  await f(mariadb({ port: maria.port, ...login, tls }), "healthy");
  await f(mariadb({ port: maria.port, ...login, tls: true }), "unhealthy", untrusted);
  await f(
    mariadb({ port: maria.port, ...login, database: "no", tls }),
    "unhealthy",
    /to database 'no'/,
  );
  await f(mariadb({ port: maria.port, ...login, query: "SELECT 1" }), "healthy");
  await f(mariadb({ port: maria.port, ...login, query: "SELECT" }), "unhealthy", /SQL syntax/);

  await using broker = await startMosquitto({
    files,
    args: [],
    config: (port) =>
      `listener ${port} 127.0.0.1\nallow_anonymous true\ncertfile cert.pem\nkeyfile key.pem\n`,
  });
  await f(mqtt({ port: broker.port, tls }), "healthy");
  await f(mqtt({ url: `mqtts://127.0.0.1:${broker.port}` }), "unhealthy", untrusted);

  const port = await freePort();
  await using _ = await startRedis({
    files,
    args: `--tls-port ${port} --tls-cert-file cert.pem --tls-key-file key.pem --tls-auth-clients no`.split(
      " ",
    ),
  });
  await f(redis({ url: `rediss://127.0.0.1:${port}`, tls }), "healthy");
  await f(tlsCertificate({ port, tls }), "healthy");
  await f(tlsCertificate({ port }), "unhealthy", untrusted);
  await f(tlsCertificate({ port, verify: false }), "healthy");
  await f(tlsCertificate({ port, tls, degradedDays: 60 }), "degraded", /ends in (?:29|30)/);
  await f(
    tlsCertificate({ port, tls, degradedDays: 60, unhealthyDays: 60 }),
    "unhealthy",
    /ends in/,
  );
  const now = (): number => Date.now() + 31 * 86_400_000;
  await f(tlsCertificate({ port, tls, now }), "unhealthy", /has expired/);
});

/** A certificate for this machine that signs itself, good for 30 days. */
async function certificate(openssl: string): Promise<Record<string, string>> {
  await using folder = await temporaryFolder("certificate");
  await promisify(execFile)(openssl, [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "30",
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=IP:127.0.0.1",
    "-keyout",
    folder.file("key.pem"),
    "-out",
    folder.file("cert.pem"),
  ]);
  const read = (name: string): Promise<string> => readFile(folder.file(name), "utf8");
  return { "key.pem": await read("key.pem"), "cert.pem": await read("cert.pem") };
}

test("dns() asks a real dnsmasq", async (t) => {
  if (requirePeer(t, "dnsmasq") === undefined) return;
  await using server = await startDnsmasq();
  const servers = [`127.0.0.1:${server.port}`];
  const f = async (check: HealthCheck, status: string, message?: RegExp) => {
    const run = await runCheck(check, { timeoutMs: 500 });
    assert.equal(run.status, status, run.message);
    if (message !== undefined) assert.match(run.message ?? "", message);
  };

  await f(dns({ name: "shop.test", servers, expect: ["10.1.2.3"], minRecords: 2 }), "healthy");
  await f(
    dns({ name: "shop.test", servers, expect: ["10.9.9.9"] }),
    "unhealthy",
    /has no A record 10\.9/,
  );
  await f(
    dns({ name: "shop.test", servers, minRecords: 3 }),
    "unhealthy",
    /2 A records, wanted are 3/,
  );
  await f(
    dns({ name: "_http._tcp.shop.test", type: "SRV", servers, expect: ["shop.test:8080"] }),
    "healthy",
  );
  await f(dns({ name: "shop.test", type: "AAAA", servers }), "unhealthy", /no such records/);

  await halt(server);
  await f(dns({ name: "shop.test", servers }), "unhealthy", /does not answer/);
  server.process.signal("SIGCONT");
  await server.stop();
  await f(dns({ name: "shop.test", servers }), "unhealthy", /nobody listens/);
});

test("otlp() is refused by a server that takes no OTLP", async (t) => {
  if (requirePeer(t, "prometheus") === undefined) return;
  await using server = await startNginx();
  assert.equal((await runCheck(otlp({ port: server.port }))).status, "healthy");
  const at = `http://127.0.0.1:${server.port}`;
  await using real = await startPrometheus();
  const run = await runCheck(otlp({ url: `http://127.0.0.1:${real.port}/api/v1/otlp` }));
  assert.match(run.message ?? "", /answered 404/);
  assert.equal((await runCheck(otlp({ url: at, signal: "traces" }))).status, "healthy");
});
