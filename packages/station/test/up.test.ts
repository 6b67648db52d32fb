// flx up as a process: starts with nothing, refuses what it must, reloads all or nothing, ends in order.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { test } from "node:test";
import { startOtlpReceiver, temporaryFolder, waitUntil } from "@flx/testkit";
import { failedUp, StationProcess } from "./running-station.ts";

const WAIT = { timeoutMs: 60_000, everyMs: 100 };

test("flx up needs nothing: it answers, watches itself, and prints lines that work", async () => {
  await using station = await StationProcess.start();
  const { url, otlpHttp } = station;

  const [up] = await station.query("up");
  assert.equal(up?.[0], `{"__name__":"up","instance":"${new URL(url).host}","job":"flx"}`);
  assert.equal(up?.[1], "1");
  const [beat] = await station.query("time() - flx_station_heartbeat_timestamp_seconds < 60");
  assert.ok(beat !== undefined);
  assert.equal((await station.query('flx_health_serving{group="readiness"} == 1')).length, 1);
  assert.equal((await station.query("flx_memory_cap_bytes")).length, 1);

  for (const path of ["/livez", "/readyz", "/startupz", "/healthz", "/-/healthy", "/-/ready"]) {
    assert.equal((await fetch(url + path)).status, 200, path);
  }
  const targets = await fetch(`${url}/api/v1/targets`);
  assert.match(await targets.text(), /"scrapePool":"flx".*"health":"up"/);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(metrics, /^flx_http_requests_total\{.*route="\/livez".*\} 1$/m);

  const pushed = await fetch(`${otlpHttp}/v1/metrics`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(gaugeOf("pushed", 7, Date.now())),
  });
  assert.equal(pushed.status, 200);
  assert.deepEqual(
    (await station.query("pushed")).map(([, value]) => value),
    ["7"],
  );

  const { code, killed } = await station.stop();
  assert.deepEqual([code, killed], [0, []]);
  assert.ok(!readdirSync(station.folder.file("data")).includes("lock"));
});

test("flx up says when a port is taken, and when another station has the data", async () => {
  await using station = await StationProcess.start();
  const data = station.folder.file("data");
  const second = await failedUp(station.folder.path, "--data", data);
  assert.equal(second.exit.code, 4);
  assert.match(
    second.log,
    new RegExp(`${data} is used by process \\d+; stop it, or give this one another folder`),
  );
  await using folder = await temporaryFolder("taken");
  const server = createTcpServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port: taken } = server.address() as AddressInfo;
  const { exit, log } = await failedUp(folder.path, "--listen", String(taken));
  server.close();
  assert.equal(exit.code, 3);
  assert.match(
    log,
    new RegExp(`port ${taken} is taken: http cannot listen on 127\\.0\\.0\\.1:${taken}`),
  );
  assert.match(log, new RegExp(`ss -ltnp 'sport = :${taken}'.*--listen 127\\.0\\.0\\.1:PORT`));
  assert.deepEqual(
    readdirSync(folder.file(".flx")).filter((name) => name.endsWith("lock")),
    [],
  );
});

test("flx up listens beyond this machine only when somebody is known or everybody is allowed", async () => {
  await using folder = await temporaryFolder("wide");
  const { exit, log } = await failedUp(folder.path, "--listen", "0.0.0.0:0");
  assert.equal(exit.code, 2);
  assert.match(log, /0\.0\.0\.0:0 can be reached by others.*--allow-without-access-control/);

  writeFileSync(
    folder.file("flx.yml"),
    `listen: { http: "0.0.0.0:0" }
access: { users: [{ name: a, roles: [read], token: 0123456789abcdef }] }
`,
  );
  await using closed = await StationProcess.start({
    args: ["--config", folder.file("flx.yml")],
  });
  assert.equal((await fetch(`${closed.url}/api/v1/query?query=up`)).status, 401);
  const known = await fetch(`${closed.url}/api/v1/query?query=up`, {
    headers: { authorization: "Bearer 0123456789abcdef" },
  });
  assert.equal(known.status, 200);
  assert.equal((await fetch(`${closed.otlpHttp}/v1/metrics`, { method: "POST" })).status, 415);
  assert.equal((await fetch(`${closed.url}/livez`)).status, 200);
});

test("flx up says what is wrong with its configuration", async () => {
  await using folder = await temporaryFolder("config");
  writeFileSync(folder.file("flx.yml"), "scrape_configs:\n  - job_nam: a\n");
  const f = async (want: RegExp, ...args: string[]) => {
    const { exit, log } = await failedUp(folder.path, ...args);
    assert.match(log, want);
    assert.equal(exit.code, 2);
  };

  await f(
    /flx\.yml:2:5: scrape_configs\[0\]\.job_nam: there is no such key/,
    "--config",
    "flx.yml",
  );
  await f(
    /cannot read none\.yml: there is no such file or folder \(ENOENT\)/,
    "--config",
    "none.yml",
  );
  await f(/command line:1:\d+: memory: the size 1MB is not within/, "--memory", "1MB");
  writeFileSync(folder.file("rules.yml"), "rule_files: [r.yml]\n");
  writeFileSync(
    folder.file("r.yml"),
    "groups: [{ name: a, rules: [{ record: b, expr: '1 +' }] }]\n",
  );
  await f(/r\.yml:1:\d+: groups\[0\]\.rules\[0\]\.expr: /, "--config", "rules.yml");
  const usage = await failedUp(folder.path, "--lisen", "1");
  assert.equal(usage.exit.code, 64);
});

test("a reload brings everything into force, or nothing; what cannot change says so", async () => {
  await using folder = await temporaryFolder("reload");
  const config = folder.file("flx.yml");
  const targets = [1, 2].map((value) => {
    const server = createServer((_request, response) => {
      response.end(`# TYPE answer gauge\nanswer ${value}\n`);
    }).listen(0, "127.0.0.1");
    return { server, port: () => (server.address() as AddressInfo).port };
  });
  await Promise.all(
    targets.map(({ server }) => new Promise((resolve) => server.once("listening", resolve))),
  );
  const job = (name: string, index: number): string =>
    `  - { job_name: ${name}, scrape_interval: 1s, static_configs: [{ targets: ["127.0.0.1:${targets[index]!.port()}"] }] }\n`;
  writeFileSync(config, `scrape_configs:\n${job("one", 0)}`);
  await using station = await StationProcess.start({ args: ["--config", config] });
  const reload = async () => {
    const response = await fetch(`${station.url}/-/reload`, { method: "POST" });
    return { status: response.status, text: await response.text() };
  };
  const jobs = async () =>
    (await station.query("answer")).map(([labels]) => (JSON.parse(labels) as { job: string }).job);
  await waitUntil(async () => (await jobs()).join() === "one", { ...WAIT, what: "job one" });

  writeFileSync(config, `scrape_configs:\n${job("one", 0)}${job("two", 1)}`);
  assert.equal((await reload()).status, 200);
  await waitUntil(async () => (await jobs()).toSorted().join() === "one,two", {
    ...WAIT,
    what: "job two",
  });

  writeFileSync(config, `scrape_configs:\n${job("three", 0)}  - { job_name: "" }\n`);
  const refused = await reload();
  assert.equal(refused.status, 500);
  assert.match(
    refused.text,
    /failed to reload config: .*flx\.yml:3:\d+: scrape_configs\[1\]\.job_name/,
  );
  writeFileSync(config, `scrape_configs:\n${job("three", 0)}query: { timeout: 1s }\n`);
  assert.match((await reload()).text, /cannot change while the station runs: query; start it anew/);
  const pools = await (await fetch(`${station.url}/api/v1/scrape_pools`)).text();
  assert.match(pools, /"one","two","flx"/);
  const metrics = await (await fetch(`${station.url}/metrics`)).text();
  assert.match(metrics, /^flx_config_reload_success 0$/m);

  writeFileSync(config, `scrape_configs:\n${job("two", 1)}`);
  station.process.signal("SIGHUP");
  await waitUntil(async () => (await jobs()).join() === "two", { ...WAIT, what: "SIGHUP" });
  for (const { server } of targets) server.close();
});

test("limits of series change by a reload while data comes in, and nothing acknowledged is lost", async () => {
  await using folder = await temporaryFolder("reload");
  const config = folder.file("flx.yml");
  const limitTo = (series: number): void =>
    writeFileSync(config, `limits: { series_per_source: ${series} }\n`);
  limitTo(1);
  await using station = await StationProcess.start({ args: ["--config", config] });
  const push = async (name: string, value: number): Promise<string> => {
    const response = await fetch(`${station.otlpHttp}/v1/metrics`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(gaugeOf(name, value, Date.now())),
    });
    assert.equal(response.status, 200);
    return await response.text();
  };
  assert.equal(await push("first", 0), "{}");
  assert.match(await push("second", 0), /rejectedDataPoints.*has brought 1 series, its limit/);
  let taken = 1;
  const reloads = { areDone: false };
  const pushing = (async () => {
    for (; !reloads.areDone; taken++) {
      assert.equal(await push("first", taken), "{}");
      await new Promise((resolve) => void setTimeout(resolve, 2));
    }
  })();
  for (let i = 0; i < 20; i++) {
    limitTo(1 + (i % 2));
    assert.equal((await fetch(`${station.url}/-/reload`, { method: "POST" })).status, 200);
  }
  reloads.areDone = true;
  await pushing;
  assert.equal(await push("second", 1), "{}");
  const [[, count] = ["", ""]] = await station.query("count_over_time(first[10m])");
  assert.equal(Number(count), taken);
});

test("POST /-/quit ends the station where that is allowed", async () => {
  await using station = await StationProcess.start({ args: ["--allow-quit"] });
  assert.equal((await fetch(`${station.url}/-/quit`, { method: "POST" })).status, 200);
  assert.deepEqual(await station.process.exited, { code: 0, signal: null });
  await using other = await StationProcess.start();
  assert.equal((await fetch(`${other.url}/-/quit`, { method: "POST" })).status, 403);
});

test("queries are spans where tracing is set up", async () => {
  await using receiver = await startOtlpReceiver();
  await using station = await StationProcess.start({
    nodeArgs: ["--import", import.meta.resolve("@flx/monitoring/register")],
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_METRICS_EXPORTER: "none",
      OTEL_LOGS_EXPORTER: "none",
      FLX_ADMIN_PORT: "0",
      OTEL_BSP_SCHEDULE_DELAY: "100",
    },
  });
  await station.query("up");
  await waitUntil(() => receiver.spans.some(({ name }) => name === "flx.query"), {
    ...WAIT,
    what: "a span of the query",
  });
});

/** An OTLP request in JSON with one gauge. */
function gaugeOf(name: string, asDouble: number, timeMs: number) {
  const gauge = { dataPoints: [{ timeUnixNano: `${timeMs}000000`, asDouble }] };
  return { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name, gauge }] }] }] };
}
