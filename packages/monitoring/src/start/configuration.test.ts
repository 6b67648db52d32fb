import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "./config-file.ts";
import { Configuration } from "./configuration.ts";
import { endpointOf } from "./export-of.ts";
import { loadConfiguration } from "./load-configuration.ts";
import type { MonitoringOptions } from "./options.ts";
import { SETTING_NAMES, type SettingName } from "./settings.ts";

type Env = Readonly<Record<string, string>>;

function configured(options: MonitoringOptions, env: Env = {}, yaml?: string): Configuration {
  const values =
    yaml === undefined ? undefined : parseConfig(`file_format: "1.1"\n${yaml}`, "f", env);
  return new Configuration({
    options,
    env,
    file: values === undefined ? undefined : { path: "otel.yaml", values },
  });
}

test("Configuration takes options before the file, the file before variables, variables before defaults", () => {
  const yaml = "meter_provider: { readers: [{ periodic: { interval: 2000 } }] }";
  const env = { OTEL_METRIC_EXPORT_INTERVAL: "3000" };
  const f = (config: Configuration, value: number, source: string) => {
    assert.equal(config.get("metrics.intervalMs"), value);
    const explained = config.explain().settings.find(({ name }) => name === "metrics.intervalMs");
    assert.equal(explained?.source, source);
  };

  f(configured({ metrics: { intervalMs: 1000 } }, env, yaml), 1000, "option metrics.intervalMs");
  f(configured({}, env, yaml), 2000, "file otel.yaml:2");
  f(configured({}, env), 3000, "OTEL_METRIC_EXPORT_INTERVAL");
  f(configured({}, { OTEL_METRIC_EXPORT_INTERVAL: "" }), 60_000, "default");
});

test("Configuration reads every variable of OpenTelemetry and ours", () => {
  const f = (env: Env, name: SettingName, want: unknown) => {
    assert.deepEqual(configured({}, env).get(name), want, JSON.stringify(env));
  };

  f({ OTEL_SDK_DISABLED: "true" }, "disabled", true);
  f({ OTEL_SDK_DISABLED: "TRUE" }, "disabled", true);
  f({ OTEL_SERVICE_NAME: "orders" }, "service", "orders");
  f({ OTEL_RESOURCE_ATTRIBUTES: "a=b%20c,d=e=f" }, "resource", { a: "b c", d: "e=f" });
  f({ OTEL_NODE_RESOURCE_DETECTORS: "host,process" }, "resourceDetectors", ["host", "process"]);
  f({ OTEL_NODE_RESOURCE_DETECTORS: "none" }, "resourceDetectors", []);
  f({ OTEL_EXPORTER_PROMETHEUS_PORT: "9000" }, "admin.port", 9000);
  f({ FLX_ADMIN_PORT: "9001", OTEL_EXPORTER_PROMETHEUS_PORT: "9000" }, "admin.port", 9001);
  f({ OTEL_TRACES_EXPORTER: "none" }, "otlp.traces.exporter", "none");
  f({ OTEL_METRICS_EXPORTER: "prometheus" }, "otlp.metrics.exporter", "none");
  f({ OTEL_METRICS_EXPORTER: "prometheus,otlp" }, "otlp.metrics.exporter", "otlp");
  f({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, "otlp.logs.protocol", "grpc");
  f({ OTEL_EXPORTER_OTLP_HEADERS: "a=b,c=%22d%22" }, "otlp.logs.headers", { a: "b", c: '"d"' });
  f({ OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "5" }, "otlp.traces.timeoutMs", 5);
  f({ OTEL_EXPORTER_OTLP_CERTIFICATE: "/ca" }, "otlp.traces.caFile", "/ca");
  f({ OTEL_TRACES_SAMPLER: "traceidratio" }, "tracing.sampling", "traceidratio");
  f({ OTEL_TRACES_SAMPLER_ARG: "0.1" }, "tracing.samplingRatio", 0.1);
  f({ OTEL_PROPAGATORS: "b3, jaeger" }, "tracing.propagators", ["b3", "jaeger"]);
  f({ OTEL_SPAN_EVENT_COUNT_LIMIT: "7" }, "tracing.limits.events", 7);
  f({ OTEL_ATTRIBUTE_COUNT_LIMIT: "8" }, "tracing.limits.attributes", 8);
  f({ OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "Delta" }, "metrics.temporality", "delta");
  f({ OTEL_METRICS_EXEMPLAR_FILTER: "always_off" }, "metrics.exemplars", false);
  f({ FLX_BAGGAGE: "tenant,plan" }, "tracing.baggage", ["tenant", "plan"]);
  f({ FLX_METRICS_BAGGAGE: "tenant, plan.name" }, "metrics.baggage", ["tenant", "plan.name"]);
  f({ FLX_REDACT_KEYS: "iban, ssn" }, "redaction.keys", ["iban", "ssn"]);
  f({ FLX_REDACT_PATTERNS: " cust-\\d{3,5}  x,y " }, "redaction.patterns", [/cust-\d{3,5}/, /x,y/]);
  f({ FLX_REDACT_SECRETS: "hunter2,sesame" }, "redaction.secrets", ["hunter2", "sesame"]);
  f({ FLX_TAIL_SLOW_MS: "GET /=200,*=1000" }, "tracing.tail.slowMs", { "GET /": 200, "*": 1000 });
  f({ FLX_TAIL_SLOW_MS: "250" }, "tracing.tail.slowMs", 250);
});

test("Configuration refuses what stands for a part and is none", () => {
  const f = (options: Readonly<Record<string, unknown>>, message: RegExp) =>
    assert.throws(() => configured(options), {
      code: "FLX_CONFIG_VALUE",
      message,
    });

  f({ admin: 9464 }, /^option admin must be an object with port, .*, got 9464$/);
  f({ otlp: "http://a" }, /^option otlp must be an object with .*endpoint.*, got "http:\/\/a"$/);
  f({ tracing: { limits: 7 } }, /^option tracing\.limits must be an object with .*events/);
  configured({ admin: false, otlp: true, tracing: undefined } as unknown as MonitoringOptions);
});

test("loadConfiguration() refuses what is no object", async () => {
  for (const wrong of ["orders", null, 7]) {
    await assert.rejects(loadConfiguration(wrong as never), {
      code: "FLX_CONFIG_VALUE",
      message:
        /^what startMonitoring is given must be an object like \{ service: "orders" \}, got /,
    });
  }
});

test("Configuration refuses values that cannot be, and says where they stand", () => {
  const f = (env: Env, message: RegExp) => {
    assert.throws(() => configured({}, env), { code: "FLX_CONFIG_VALUE", message });
  };

  f(
    { FLX_ADMIN_PORT: "70000" },
    /^FLX_ADMIN_PORT must be a whole number from 0 to 65535, got "70000"$/,
  );
  f({ OTEL_TRACES_SAMPLER: "allways_on" }, /did you mean always_on\?/);
  f({ OTEL_TRACES_SAMPLER_ARG: "2" }, /a number from 0 to 1/);
  f({ OTEL_TRACES_EXPORTER: "zipkin" }, /must be otlp or none, got "zipkin"/);
  f({ OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://user:password@host" }, /begins with http/);
  f({ OTEL_SDK_DISABLED: "maybe" }, /must be true or false, got "maybe"/);
  f({ FLX_METRICS_BAGGAGE: "tenant,le" }, /^FLX_METRICS_BAGGAGE must be names that a label may/);
  f({ FLX_REDACT_PATTERNS: "fine cust-(" }, /^FLX_REDACT_PATTERNS must be a list of regular/);
  f({ OTEL_EXPORTER_OTLP_HEADERS: "=secret" }, /^OTEL_EXPORTER_OTLP_HEADERS must be pairs/);
  assert.throws(
    () => configured({}, { OTEL_EXPORTER_OTLP_HEADERS: "=secret" }),
    (error: Error) => {
      return !error.message.includes("secret");
    },
  );
  assert.throws(() => configured({ admin: { prot: 1 } as never }), {
    code: "FLX_CONFIG_OPTION",
    message: /has no option "admin\.prot"; did you mean admin\.port\?/,
  });
  assert.throws(() => configured({ admin: { port: -1 } }), /^FlxError: option admin.port must be/);
});

test("Configuration switches parts off by false", () => {
  const config = configured({ admin: false, tracing: false, health: false, otlp: { logs: false } });
  assert.equal(config.get("admin.enabled"), false);
  assert.equal(config.get("tracing.enabled"), false);
  assert.equal(config.get("health.enabled"), false);
  assert.equal(config.get("otlp.logs.exporter"), "none");
  assert.equal(config.get("otlp.traces.exporter"), "otlp");
  assert.equal(configured({ otlp: false }).get("otlp.metrics.exporter"), "none");
});

test("Configuration merges attributes of the resource, key by key", () => {
  const env = { OTEL_RESOURCE_ATTRIBUTES: "a=env,b=env,c=env" };
  const yaml = "resource: { attributes: [{ name: b, value: file }, { name: c, value: file }] }";
  const config = configured({ resource: { c: "option" } }, env, yaml);
  assert.deepEqual(config.get("resource"), { a: "env", b: "file", c: "option" });
});

test("Configuration takes baggage for metrics from the file and options", () => {
  const yaml = "distribution: { flx: { metrics: { baggage: [tenant] } } }";
  assert.deepEqual(configured({}, {}, yaml).get("metrics.baggage"), ["tenant"]);
  const options = { metrics: { baggage: ["plan"] } };
  assert.deepEqual(configured(options, {}, yaml).get("metrics.baggage"), ["plan"]);
});

test("Configuration takes rules of redaction from options, the file, and variables", () => {
  const yaml = `distribution:
  flx:
    redaction:
      paths: [user.email, "headers.*"]
      patterns: ["cust-\\\\d+"]
      secrets: ["\${DB_PASSWORD}"]`;
  const options = { redaction: { keys: ["iban"] } };
  const config = configured(options, { DB_PASSWORD: "hunter2", FLX_REDACT_KEYS: "ssn" }, yaml);
  assert.deepEqual(config.unsupported, []);
  assert.deepEqual(config.get("redaction.keys"), ["iban"]);
  assert.deepEqual(config.get("redaction.paths"), ["user.email", "headers.*"]);
  assert.deepEqual(config.get("redaction.patterns"), [/cust-\d+/]);
  assert.deepEqual(config.get("redaction.secrets"), ["hunter2"]);
  const text = String(config.explain());
  assert.match(text, /^redaction\.secrets +\*\*\* +file otel\.yaml:7$/m);
  assert.match(text, /^redaction\.patterns +\["\/cust-/m);
  assert.ok(!text.includes("hunter2"));
});

test("endpointOf() appends the path to an address for all signals, and takes one for a signal as it is", () => {
  const f = (options: MonitoringOptions, env: Env, want: string | undefined) => {
    assert.equal(endpointOf(configured(options, env), "traces")?.url, want);
  };

  f({}, {}, "http://localhost:4318/v1/traces");
  f({ otlp: { protocol: "grpc" } }, {}, "http://localhost:4317");
  f({ otlp: { endpoint: "http://c:1/otlp/" } }, {}, "http://c:1/otlp/v1/traces");
  f({ otlp: { endpoint: "http://c:1", traces: { endpoint: "http://d:2/x" } } }, {}, "http://d:2/x");
  f({ otlp: { traces: false } }, {}, undefined);
  f({}, { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:1" }, "http://c:1/v1/traces");
  f({}, { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" }, "http://collector:4318/v1/traces");
  f({}, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://c:1/in" }, "http://c:1/in");
  const grpc = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:1", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" };
  f({}, grpc, "http://c:1");
});

test("explain() lists every setting, and masks secrets", () => {
  const config = configured({
    service: "orders",
    otlp: { headers: { authorization: "Bearer abcdef" }, endpoint: "http://u:hunter2@c:4318" },
  });
  const explained = config.explain();
  assert.deepEqual(
    explained.settings.map(({ name }) => name),
    SETTING_NAMES,
  );
  const text = String(explained);
  assert.match(text, /^service +orders +option service$/m);
  assert.match(text, /^otlp\.traces\.headers +authorization=\*\*\* +option otlp\.headers$/m);
  assert.ok(!text.includes("abcdef") && !text.includes("hunter2"), text);
});

test("explain() says who the service is where only the resource does", () => {
  const shown = (env: Env, name: SettingName) => {
    const { settings } = configured({}, env).explain();
    const { value, source } = settings.find((each) => each.name === name)!;
    return [value, source];
  };
  const given = "OTEL_RESOURCE_ATTRIBUTES";
  assert.deepEqual(shown({ [given]: "service.name=shop" }, "service"), ["shop", given]);
  assert.deepEqual(shown({ OTEL_SERVICE_NAME: "a" }, "service"), ["a", "OTEL_SERVICE_NAME"]);
  assert.deepEqual(shown({ OTEL_NODE_RESOURCE_DETECTORS: "none" }, "version"), ["", "default"]);
});

test("endpointOf() refuses certificates and keys that cannot be read", () => {
  const f = (options: MonitoringOptions, env: Env, message: RegExp) =>
    assert.throws(() => endpointOf(configured(options, env), "traces"), {
      code: "FLX_CONFIG_VALUE",
      message,
    });
  f({ otlp: { caFile: "/nowhere/ca.pem" } }, {}, /^otlp\.caFile names a file .* read: ENOENT$/);
  f({}, { OTEL_EXPORTER_OTLP_CLIENT_KEY: "/nowhere" }, /^OTEL_EXPORTER_OTLP_CLIENT_KEY names/);
  const env = { OTEL_EXPORTER_OTLP_CERTIFICATE: import.meta.filename };
  assert.equal(endpointOf(configured({}, env), "traces")?.tls?.caFile, import.meta.filename);
});

test("explain() names the parts of the file that have no effect", () => {
  const config = configured({}, {}, "meter_provider: { views: [] }");
  assert.match(
    String(config.explain()),
    /without effect:\n2:19 meter_provider\.views: not supported/,
  );
});
