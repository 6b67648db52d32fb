// startMonitoring and register in real processes and over real sockets: everything is wired, twice is once, and the end is clean.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { startMonitoring } from "@flx/monitoring";
import { Registry } from "@flx/monitoring/metrics";
import { trace as api } from "@opentelemetry/api";
import { freePort, httpGet, startOtlpReceiver, temporaryFolder } from "@flx/testkit";

const quiet = { port: 0, host: "127.0.0.1" } as const;

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** Runs a program as a user would, until it ends. */
async function run(
  program: string,
  { env = {}, flags = [] as readonly string[] } = {},
): Promise<Ended> {
  const args = ["--conditions=@flx/source", ...flags, "--input-type=module", "--eval", program];
  const options = {
    cwd: import.meta.dirname,
    timeout: 60_000,
    env: { ...process.env, NODE_OPTIONS: "", ...env },
  };
  try {
    return { ...(await promisify(execFile)(process.execPath, args, options)), code: 0 };
  } catch (error) {
    const { stdout, stderr, code } = error as Ended;
    return { stdout, stderr, code };
  }
}

test("one set of rules says what is a secret in lines, errors and health, until the end", async () => {
  const lines: string[] = [];
  const errors: string[] = [];
  const options = {
    service: "orders",
    admin: false,
    otlp: false,
    metrics: { registry: new Registry(), system: false },
    logging: { destination: { write: (line: string) => lines.push(line) } },
    errors: {
      format: "json",
      showCode: false,
      output: { write: (text: string) => errors.push(text) },
    },
  } as const;
  const told = async (flx: Awaited<ReturnType<typeof startMonitoring>>): Promise<string> => {
    const data = { user: { email: "ada@planted.example" }, iban: "PLANTED" };
    lines.length = 0;
    errors.length = 0;
    flx.logger.info(data, "cust-4711 came with open sesame");
    flx.errors.handler.printException(Object.assign(new Error("open sesame, cust-4711"), data));
    flx.health.register("shop", () => ({ message: "cust-4711: open sesame", details: data }));
    const { message, details } = await flx.health.run("shop");
    return [...lines, ...errors, message, JSON.stringify(details)].join("\n");
  };

  const redaction = { keys: ["iban"], paths: ["user.email"], patterns: [/cust-\d+/] };
  const rules = { ...redaction, secrets: ["open sesame"] };
  await using started = await startMonitoring({ ...options, redaction: rules });
  const text = await told(started);
  assert.doesNotMatch(text, /planted|cust-4711|open sesame/i);
  assert.equal(text.match(/"iban"/g)?.length, 3, text);
  await started.shutdown();

  await using without = await startMonitoring({
    ...options,
    metrics: { registry: new Registry() },
  });
  const plain = await told(without);
  assert.equal(plain.match(/cust-4711/g)?.length, 3, plain);
  await without.shutdown();
});

test("explainConfig() says which name and version package.json gives", async () => {
  await using folder = await temporaryFolder();
  const about = { name: "orders-of-ours", version: "7.8.9", type: "module" };
  writeFileSync(join(folder.path, "package.json"), JSON.stringify(about));
  const program = `
    process.argv[1] = ${JSON.stringify(join(folder.path, "app.js"))};
    const { explainConfig } = await import("@flx/monitoring");
    console.log(String(await explainConfig()));`;
  const { stdout } = await run(program);
  assert.match(stdout, /^service +orders-of-ours +found out \(package\.json\)$/m);
  assert.match(stdout, /^version +7\.8\.9 +found out \(package\.json\)$/m);
});

test("startMonitoring() wires metrics, health, tracing and the admin server", async () => {
  await using receiver = await startOtlpReceiver();
  await using flx = await startMonitoring({
    service: "orders",
    version: "1.4.0",
    environment: "test",
    resource: { team: "shop" },
    admin: quiet,
    otlp: { endpoint: receiver.url, protocol: "http/json" },
    metrics: { registry: new Registry() },
    tracing: { baggage: ["tenant"] },
  });
  const placed = flx.metrics.counter({
    name: "orders_placed_total",
    help: "Orders placed",
    labelNames: ["country"],
  });
  const took = flx.metrics.histogram({ name: "order_seconds", help: "Time", buckets: [1] });
  const place = flx.trace("orders.place", async (id: string) => {
    placed.inc({ country: "DE" });
    took.observe(0.5);
    return id;
  });
  assert.equal(await place("o-1"), "o-1");
  api.getTracer("somebody").startSpan("through the API").end();
  flx.health.register("postgres", () => true);
  assert.equal((await flx.health.run("postgres")).status, "healthy");

  const metrics = await fetch(`${flx.admin?.url}/metrics`, {
    headers: { accept: "application/openmetrics-text; version=1.0.0" },
  }).then((response) => response.text());
  assert.match(metrics, /^flx_app_info\{version="1.4.0",env="test"\} 1/m);
  assert.match(metrics, /^flx_health_status\{component="postgres",status="healthy"\} 1/m);
  const exemplar =
    /^order_seconds_bucket\{le="1\.0"\} 1 # \{span_id="(\w+)",trace_id="(\w+)"\}/m.exec(metrics);
  assert.equal((await httpGet(`${flx.admin?.url}/livez`)).status, 200);
  assert.equal(await flx.flush(), true);

  const spans = await receiver.spansWhen((all) => all.length >= 2);
  const span = spans.find(({ name }) => name === "orders.place");
  assert.equal(span?.resource["service.name"], "orders");
  assert.equal(span?.resource["service.version"], "1.4.0");
  assert.equal(span?.resource["deployment.environment.name"], "test");
  assert.equal(span?.resource["team"], "shop");
  assert.equal(span?.resource["process.pid"], process.pid);
  assert.deepEqual(exemplar?.slice(1), [span?.spanId, span?.traceId]);
  assert.equal(spans.find(({ name }) => name === "through the API")?.scope, "somebody");

  assert.equal(await flx.shutdown(), true);
  assert.ok(receiver.metrics.some(({ name }) => name === "orders_placed"));
  assert.deepEqual(flx.problems, []);
  await assert.rejects(fetch(`${flx.admin?.url}/livez`));
});

test("startMonitoring() started twice gives what runs; after a shutdown it starts anew", async () => {
  const options = { admin: quiet, otlp: false, metrics: { registry: new Registry() } } as const;
  const [first, second] = await Promise.all([startMonitoring(options), startMonitoring()]);
  assert.equal(first, second);
  assert.equal(await startMonitoring(options), first);
  await Promise.all([first.shutdown(), first.shutdown()]);
  await using third = await startMonitoring(options);
  assert.notEqual(third, first);
  assert.equal((await httpGet(`${third.admin?.url}/livez`)).status, 200);
});

test("startMonitoring() throws for a wrong configuration, and can be started again", async () => {
  await assert.rejects(startMonitoring({ admin: { port: -1 } }), { code: "FLX_CONFIG_VALUE" });
  await assert.rejects(startMonitoring({ configFile: "/no/such.yaml" }), {
    code: "FLX_CONFIG_FILE",
  });
  await using flx = await startMonitoring({
    admin: false,
    otlp: false,
    metrics: { registry: new Registry() },
  });
  assert.equal(flx.admin, undefined);
});

test("startMonitoring() throws for a taken port that was asked for, and does without one that was not", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address() as { port: number };
  const registry = new Registry();
  const admin = { port, host: "127.0.0.1" };
  await assert.rejects(startMonitoring({ admin, otlp: false, metrics: { registry } }), {
    code: "FLX_ADMIN_LISTEN",
  });
  taken.close();

  const other = await run(
    `import { createServer } from "node:net";
     import { startMonitoring } from "@flx/monitoring";
     const one = createServer().on("error", () => {}).listen(9464, "127.0.0.1");
     await new Promise((resolve) => one.once("listening", resolve).once("error", resolve));
     const flx = await startMonitoring({ otlp: false, admin: { host: "127.0.0.1" } });
     console.log(flx.admin === undefined, flx.problems.length);
     one.close();`,
  );
  assert.equal(other.stdout, "true 1\n");
  assert.match(other.stderr, /^flx: no admin server: port 9464 on 127\.0\.0\.1 is taken/);
  assert.equal(other.code, 0);
});

test("startMonitoring() disabled sends, serves and records nothing; counting goes on", async () => {
  const { stdout, code } = await run(
    `import { startMonitoring } from "@flx/monitoring";
     const flx = await startMonitoring();
     flx.metrics.counter({ name: "a_total", help: "a" }).inc();
     const double = flx.trace("double", (n) => n * 2);
     console.log(double(2), flx.admin, flx.exporter, flx.tracing);`,
    { env: { OTEL_SDK_DISABLED: "true" } },
  );
  assert.deepEqual({ stdout, code }, { stdout: "4 undefined undefined undefined\n", code: 0 });
});

test("startMonitoring() with spans that go nowhere still carries contexts", async () => {
  await using flx = await startMonitoring({
    admin: false,
    otlp: { traces: false, metrics: false, logs: false },
    metrics: { registry: new Registry() },
  });
  assert.equal(flx.exporter, undefined);
  flx.traceSync("work", (span) => {
    assert.match(span?.spanContext().traceId ?? "", /^[0-9a-f]{32}$/);
    assert.equal(api.getActiveSpan(), span);
  });
});

test("register starts from variables and the file alone, before the program", async () => {
  await using receiver = await startOtlpReceiver();
  await using folder = await temporaryFolder();
  const file = join(folder.path, "otel.yaml");
  writeFileSync(
    file,
    `file_format: "1.1"
resource: { attributes: [{ name: service.name, value: "\${WHO}" }] }
tracer_provider:
  processors: [{ batch: { exporter: { otlp_http: { endpoint: ${receiver.url}/v1/traces, encoding: json } } } }]
meter_provider: { views: [] }
distribution: { flx: { admin: { port: ${await freePort()} } } }
`,
  );
  const { stdout, stderr, code } = await run(
    `import { trace } from "@opentelemetry/api";
     import { startMonitoring } from "@flx/monitoring";
     trace.getTracer("app").startActiveSpan("work", (span) => span.end());
     console.log((await startMonitoring()).admin !== undefined);
     process.exitCode = 3;`,
    {
      flags: ["--import", "@flx/monitoring/register"],
      env: { OTEL_CONFIG_FILE: file, WHO: "from-file", OTEL_METRICS_EXPORTER: "none" },
    },
  );
  assert.equal(stdout, "true\n");
  assert.match(stderr, /^flx: configuration 5:19: meter_provider\.views: not supported\n$/);
  assert.equal(code, 3);
  const [span] = await receiver.spansWhen((spans) => spans.length > 0);
  assert.equal(span?.name, "work");
  assert.equal(span?.resource["service.name"], "from-file");
});

test("register says what is wrong and lets the program run", async () => {
  const { stdout, stderr, code } = await run(`console.log("runs")`, {
    flags: ["--import", "@flx/monitoring/register"],
    env: { FLX_ADMIN_PORT: "many" },
  });
  assert.equal(stdout, "runs\n");
  assert.match(stderr, /^flx: monitoring is not started: FLX_ADMIN_PORT must be a whole number/);
  assert.equal(code, 0);
});
