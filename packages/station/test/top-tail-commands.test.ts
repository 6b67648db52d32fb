// flx top and flx tail as processes, asking a real station: once, live on a terminal, following over a restart.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { freePort, remoteWrite, temporaryFolder, waitUntil } from "@flx/testkit";
import { StationProcess } from "./running-station.ts";

const main = join(import.meta.dirname, "../src/main.ts");
const NODE = ["--conditions=@flx/source", main];
const PATIENT = { timeoutMs: 90_000, everyMs: 100 };

function start(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", ...env },
  });
  const told = { out: "", error: "" };
  child.stdout.on("data", (chunk: Buffer) => (told.out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (told.error += chunk.toString()));
  return { child, told, ended: once(child, "close") };
}

async function flx(url: string, ...args: string[]) {
  const { told, ended } = start(process.execPath, [...NODE, ...args], { FLX_URL: url });
  const [code] = (await ended) as [number | null];
  return { code, ...told };
}

async function write(url: string, name: string, count: number, timeMs: number): Promise<void> {
  const series = Array.from({ length: count }, (_, i) => ({
    labels: ["__name__", name, "i", String(i), "job", "pushed"],
    timestamps: [timeMs],
    values: Float64Array.of(i),
  }));
  await remoteWrite(url, series);
}

interface Row {
  readonly name: readonly string[];
  readonly samplesPerSecond: number;
  readonly series: number;
  readonly up?: readonly [number, number];
  readonly scrapeSeconds?: number;
  readonly error?: string;
}

test("flx top shows the busiest jobs, targets and metrics, and what is down", async (t) => {
  const target = createServer((_request, response) => response.end("a 1\nb 2\n"));
  await new Promise<void>((resolve) => {
    target.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => {
    target.closeAllConnections();
    target.close();
  });
  const address = `127.0.0.1:${(target.address() as AddressInfo).port}`;
  await using station = await StationProcess.start({
    config: `
scrape_configs:
  - job_name: web
    scrape_interval: 300ms
    static_configs: [{ targets: ["${address}"] }]
  - job_name: "gone\\e[31m"
    scrape_interval: 300ms
    static_configs: [{ targets: ["127.0.0.1:${await freePort()}"] }]
`,
  });
  const { url } = station;
  for (let i = 0; i < 5; i++) await write(url, "wide", 400, Date.now() - 10_000 + i);
  await waitUntil(async () => (await station.query('up{job="web"} == 1')).length === 1, PATIENT);
  const rowsOf = async (...args: string[]): Promise<Row[]> => {
    const { code, out, error } = await flx(url, "top", "--json", ...args);
    assert.equal(code, 0, error);
    return out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Row);
  };
  const jobs = await rowsOf();
  const job = (name: string): Row | undefined => jobs.find((row) => row.name[0] === name);
  assert.equal(job("pushed")?.series, 400);
  assert.ok(Math.abs(job("pushed")!.samplesPerSecond - 2_000 / 60) < 0.01);
  assert.equal(job("pushed")?.up, undefined);
  assert.deepEqual(job("web")?.up, [1, 1]);
  assert.ok(job("web")!.scrapeSeconds! > 0);
  assert.deepEqual(job("gone\x1b[31m")?.up, [0, 1]);
  assert.match(job("gone\x1b[31m")!.error!, /ECONNREFUSED|refused/);
  const rates = jobs.map(({ samplesPerSecond }) => samplesPerSecond);
  assert.deepEqual(
    rates,
    rates.toSorted((a, b) => b - a),
  );

  const [metric] = await rowsOf("metrics", "--limit", "1");
  assert.deepEqual([metric?.name, metric?.series], [["wide"], 400]);
  const targets = await rowsOf("targets", "--sort", "series");
  assert.ok(targets.some(({ name }) => name[0] === "web" && name[1] === address));

  // As a table, which nothing that was sent steers.
  const { code, out } = await flx(url, "top");
  assert.equal(code, 0);
  assert.doesNotMatch(out.replaceAll("\n", ""), /\p{Cc}/u);
  const [head, ...lines] = out.trimEnd().split("\n");
  assert.match(head!, /^JOB +UP +SAMPLES\/S +SERIES +SCRAPE +ERROR$/);
  assert.ok(lines.some((line) => /^pushed +33\.3 +400$/.test(line)));
  assert.ok(lines.some((line) => /^gone.* 0\/1 .*(ECONNREFUSED|refused)/.test(line)));

  for (const wrong of [
    ["top", "users"],
    ["top", "--sort", "name"],
    ["top", "--limit", "0"],
  ]) {
    assert.equal((await flx(url, ...wrong)).code, 64);
  }
  assert.equal((await flx("http://127.0.0.1:9", "top")).code, 2);
});

test("flx top is drawn anew on a terminal, and leaves it as it was", async (t) => {
  if (spawnSync("script", ["--version"]).status !== 0) {
    t.skip("script(1) of util-linux gives a terminal to the command");
    return;
  }
  await using station = await StationProcess.start();
  await waitUntil(async () => (await station.query("up")).length === 1, PATIENT);
  const command = [process.execPath, ...NODE, "top", "--every", "200ms"].join(" ");
  // Its number first, so that it can be told to end as Ctrl-C does.
  const line = `stty rows 20 cols 100; echo pid=$$; exec ${command}`;
  const { child, told, ended } = start("script", ["-qfec", line, "/dev/null"], {
    FLX_URL: station.url,
  });
  t.after(() => child.kill("SIGKILL"));
  const draws = (): number => told.out.split("\x1b[H").length - 1;
  await waitUntil(() => draws() >= 2, PATIENT);
  assert.ok(told.out.includes("\x1b[?1049h\x1b[?25l"));
  assert.match(told.out, /JOB +UP +SAMPLES\/S/);
  await station.process.kill();
  await waitUntil(() => /asking again/.test(told.out), PATIENT);
  process.kill(Number(/pid=(\d+)/.exec(told.out)![1]), "SIGINT");
  await waitUntil(() => told.out.includes("\x1b[?25h\x1b[?1049l"), {
    ...PATIENT,
    what: "the cursor and the screen to be back",
  });
  await ended;
});

test("flx tail follows a selector, over a restart of the station, and ends in order", async () => {
  await using folder = await temporaryFolder("station");
  const port = await freePort();
  const args = ["--listen", `127.0.0.1:${port}`];
  const url = `http://127.0.0.1:${port}`;
  let station = await StationProcess.start({ args, folder });
  await write(url, "before", 1, Date.now());
  const { child, told, ended } = start(
    process.execPath,
    [...NODE, "tail", "--every", "100ms", '{__name__=~"before|after"}'],
    { FLX_URL: url },
  );
  const json = start(
    process.execPath,
    [
      ...NODE,
      "tail",
      "--json",
      "--every",
      "100ms",
      "--since",
      "10m",
      "--limit",
      "3",
      '{job="pushed"}',
    ],
    { FLX_URL: url },
  );
  try {
    // What was there is shown to whoever asks for it, and then what comes.
    await waitUntil(() => json.told.out.includes('"before"'), PATIENT);
    await write(url, "after", 1, Date.now() + 500);
    await waitUntil(() => told.out.includes("after{"), PATIENT);
    assert.doesNotMatch(told.out, /before/);
    await station.process.kill();
    await waitUntil(() => /asking again/.test(told.error), PATIENT);
    station = await StationProcess.start({ args, folder });
    await write(url, "after", 2, Date.now() + 1_000);
    await waitUntil(() => told.out.trimEnd().split("\n").length === 3, PATIENT);
    for (const line of told.out.trimEnd().split("\n")) {
      assert.match(line, /^\d{4}-\d\d-\d\d [\d:.]{12} {2}after\{i="[01]", job="pushed"\} {2}[01]$/);
    }
    child.kill("SIGINT");
    const [code] = (await ended) as [number | null];
    assert.equal(code, 0, told.error);
    const [jsonCode] = (await json.ended) as [number | null];
    assert.equal(jsonCode, 0, "so many and no more");
    const samples = json.told.out
      .trimEnd()
      .split("\n")
      .map(
        (line) => JSON.parse(line) as { time: number; metric: { __name__: string }; value: string },
      );
    assert.deepEqual(
      samples.map(({ metric: { __name__: name } }) => name),
      ["before", "after", "after"],
    );
    for (const wrong of [["tail"], ["tail", "a", "b"], ["tail", "up", "--limit", "x"]]) {
      assert.equal((await flx(url, ...wrong)).code, 64);
    }
    const refused = await flx(url, "tail", "rate(up[5m])");
    assert.equal(refused.code, 1);
    assert.match(refused.error, /flx tail: /);
  } finally {
    child.kill("SIGKILL");
    json.child.kill("SIGKILL");
    await station.process.stop();
  }
});
