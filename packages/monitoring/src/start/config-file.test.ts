import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseConfig, readConfigFile } from "./config-file.ts";

const env = { NAME: "orders", RATIO: "0.25", EMPTY: "", URL: "http://collector:4318/v1/traces" };

function read(text: string) {
  const { values, unsupported } = parseConfig(`file_format: "1.1"\n${text}`, "otel.yaml", env);
  return {
    values: Object.fromEntries([...values].map(([name, { raw }]) => [name, raw])),
    unsupported: unsupported.map(({ path, line, reason }) => `${line} ${path}: ${reason}`),
  };
}

test("parseConfig() finds the settings of each part that we have", () => {
  const f = (text: string, want: Record<string, unknown>) => {
    assert.deepEqual(read(text), { values: want, unsupported: [] }, text);
  };

  f("disabled: true", { disabled: true });
  f("disabled:", {});
  f("resource: { schema_url: https://opentelemetry.io/schemas/1.40.0 }", {
    resourceSchemaUrl: "https://opentelemetry.io/schemas/1.40.0",
  });
  f(
    `resource:
  attributes:
    - { name: service.name, value: orders }
    - { name: shard, value: "7", type: int }
    - { name: on, value: "true", type: bool }
    - { name: zones, value: [a, b], type: string_array }
    - { name: left.out, value: null }
  attributes_list: service.name=other,team=shop`,
    {
      resource: { "service.name": "orders", shard: 7, on: true, zones: ["a", "b"], team: "shop" },
    },
  );
  f("resource: { detection/development: { detectors: [{ host: }, { container: }] } }", {
    resourceDetectors: ["host", "container"],
  });
  f("propagator: { composite: [{ tracecontext: }, { b3: }], composite_list: 'baggage, b3' }", {
    "tracing.propagators": ["tracecontext", "b3", "baggage"],
  });
  f("attribute_limits: { attribute_count_limit: 10, attribute_value_length_limit: 99 }", {
    "tracing.limits.attributes": 10,
    "tracing.limits.valueLength": 99,
  });
  f(
    `tracer_provider: { limits: { attribute_count_limit: 20, event_count_limit: 3, link_count_limit: 4 } }
attribute_limits: { attribute_count_limit: 10 }`,
    {
      "tracing.limits.attributes": 20,
      "tracing.limits.events": 3,
      "tracing.limits.links": 4,
    },
  );
  f(
    `meter_provider:
  exemplar_filter: always_off
  readers:
    - periodic: { interval: 5000, exporter: { otlp_http: { temporality_preference: delta, encoding: json } } }
    - pull: { exporter: { prometheus/development: { host: 0.0.0.0, port: 9100 } } }`,
    {
      "metrics.exemplars": "always_off",
      "metrics.intervalMs": 5000,
      "otlp.metrics.exporter": "otlp",
      "otlp.metrics.protocol": "http/json",
      "metrics.temporality": "delta",
      "admin.host": "0.0.0.0",
      "admin.port": 9100,
    },
  );
  f("logger_provider: { processors: [{ simple: { exporter: { otlp_grpc: } } }] }", {
    "otlp.logs.exporter": "otlp",
    "otlp.logs.protocol": "grpc",
  });
  f("distribution: { flx: { admin: { enabled: false }, spool: { folder: /var/spool/flx } } }", {
    "admin.enabled": false,
    "spool.folder": "/var/spool/flx",
  });
});

test("parseConfig() reads an exporter whole", () => {
  const { values, unsupported } = read(`tracer_provider:
  processors:
    - batch:
        schedule_delay: 1000
        export_timeout: 30000
        max_queue_size: 2048
        max_export_batch_size: 512
        exporter:
          otlp_http:
            endpoint: \${URL}
            headers: [{ name: authorization, value: "Bearer \${NAME}" }]
            headers_list: authorization=lower,tenant=a
            compression: gzip
            timeout: 2000
            tls: { ca_file: /ca.pem, cert_file: /cert.pem, key_file: /key.pem }`);
  assert.deepEqual(unsupported, []);
  assert.deepEqual(values, {
    "export.delayMs": 1000,
    "export.maxRecords": 512,
    "otlp.traces.exporter": "otlp",
    "otlp.traces.protocol": "http/protobuf",
    "otlp.traces.endpoint": "http://collector:4318/v1/traces",
    "otlp.traces.headers": { authorization: "Bearer orders", tenant: "a" },
    "otlp.traces.compression": "gzip",
    "otlp.traces.timeoutMs": 2000,
    "otlp.traces.caFile": "/ca.pem",
    "otlp.traces.certFile": "/cert.pem",
    "otlp.traces.keyFile": "/key.pem",
  });
});

test("parseConfig() reads samplers", () => {
  const f = (sampler: string, want: string, ratio?: unknown) => {
    const { values, unsupported } = read(`tracer_provider: { sampler: ${sampler} }`);
    assert.deepEqual(unsupported, []);
    assert.equal(values["tracing.sampling"], want);
    assert.equal(values["tracing.samplingRatio"], ratio);
  };

  f("{ always_on: }", "always_on");
  f("{ always_off: {} }", "always_off");
  f("{ trace_id_ratio_based: { ratio: 0.5 } }", "traceidratio", 0.5);
  f("{ parent_based: }", "parentbased_always_on");
  f("{ parent_based: { root: { always_off: } } }", "parentbased_always_off");
  f(
    '{ parent_based: { root: { probability/development: { ratio: "${RATIO}" } }, local_parent_sampled: { always_on: } } }',
    "parentbased_traceidratio",
    "0.25",
  );
});

test("parseConfig() fills in variables", () => {
  const f = (value: string, want: unknown) => {
    const { values } = read(`resource: { attributes: [{ name: a, value: "${value}" }] }`);
    assert.deepEqual(values["resource"], { a: want }, value);
  };

  f("${NAME}", "orders");
  f("${env:NAME}", "orders");
  f("x-${NAME}-${NAME}", "x-orders-orders");
  f("${MISSING:-fallback}", "fallback");
  f("${EMPTY:-fallback}", "fallback");
  f("${MISSING}", "");
  f("$${NAME}", "${NAME}");
  f("$$$$", "$$");
  f("cost $5", "cost $5");

  assert.throws(() => read('resource: { schema_url: "${NO-NAME}" }'), {
    code: "FLX_CONFIG_FILE",
    message: /otel\.yaml:2:\d+: \$\{NO-NAME\} is no reference to a variable/,
  });
});

test("parseConfig() names what has no effect, with its line and the nearest name", () => {
  const f = (text: string, ...want: string[]) => {
    assert.deepEqual(read(text).unsupported, want, text);
  };

  f("meter_provider: { views: [] }", "2 meter_provider.views: not supported");
  f(
    "tracer_provider:\n  procesors: []",
    "3 tracer_provider.procesors: not supported; did you mean processors?",
  );
  f(
    "tracer_provider: { processors: [{ batch: { exporter: { console: } } }] }",
    "2 tracer_provider.processors[0].batch.exporter.console: not supported",
  );
  f(
    "tracer_provider: { processors: [{ batch: { exporter: { otlp_http: } } }, { simple: {} }] }",
    "2 tracer_provider.processors[1]: there is one exporter a signal; the first one counts",
  );
  f(
    "tracer_provider: { sampler: { jaeger_remote/development: {} } }",
    "2 tracer_provider.sampler.jaeger_remote/development: not supported; did you mean probability/development?",
  );
  f(
    "tracer_provider: { sampler: { parent_based: { remote_parent_sampled: { always_off: } } } }",
    "2 tracer_provider.sampler.parent_based.remote_parent_sampled.always_off: not supported; did you mean always_on?",
  );
  f(
    "distribution: { flx: { admin: { prot: 1 } } }",
    "2 distribution.flx.admin.prot: no setting of FLX; did you mean admin.port?",
  );
  f("log_level: debug", "2 log_level: not supported");
});

test("parseConfig() uses the propagators and detectors that there are, and names the others", () => {
  const f = (text: string, values: Record<string, unknown>, ...unsupported: string[]) => {
    assert.deepEqual(read(text), { values, unsupported }, text);
  };

  f(
    "propagator: { composite: [{ xray: }, { B3: }, tracecontxt], composite_list: 'b3multi, ottrace' }",
    { "tracing.propagators": ["b3", "b3multi"] },
    "2 propagator.composite[0].xray: not supported",
    "2 propagator.composite[2]: not supported; did you mean tracecontext?",
    "2 propagator.composite_list.ottrace: not supported",
  );
  f(
    "propagator: { composite: [{ ottrace: }] }",
    { "tracing.propagators": [] },
    "2 propagator.composite[0].ottrace: not supported",
  );
  f(
    "resource: { detection/development: { detectors: [{ aws: }, { host: }] } }",
    { resourceDetectors: ["host"] },
    "2 resource.detection/development.detectors[0].aws: not supported",
  );
});

test("parseConfig() refuses what is no configuration, with the place", () => {
  const f = (text: string, message: RegExp) => {
    const parse = () => parseConfig(text, "otel.yaml", env);
    assert.throws(parse, { code: "FLX_CONFIG_FILE", message }, text);
  };

  f("", /otel\.yaml:1:1: a file begins with file_format/);
  f("[]", /otel\.yaml:1:1: a file begins with file_format/);
  f("disabled: true", /otel\.yaml:1:1: file_format must be "1\.0" or "1\.1", got nothing/);
  f('file_format: "0.4"', /otel\.yaml:1:14: file_format must be "1\.0" or "1\.1", got "0\.4"/);
  f('file_format: "1.1"\n  a: }', /otel\.yaml:2:\d+: /);
  f('file_format: "1.1"\nresource: 5', /otel\.yaml:2:11: resource must have keys and values/);
  f('file_format: "1.1"\nresource: { attributes: {} }', /attributes must be a list/);
  f('file_format: "1.1"\nresource: { attributes: [{ value: 1 }] }', /attributes needs a name/);
});

test("parseConfig() is bounded where aliases multiply", () => {
  const levels = Array.from({ length: 9 }, (_, i) => {
    const before =
      i === 0
        ? "[x, x, x, x, x, x, x, x, x, x]"
        : `[${"*a".concat(String(i - 1), ", ").repeat(10)}]`;
    return `a${i}: &a${i} ${before}`;
  });
  const text = `file_format: "1.1"\n${levels.join("\n")}\nresource: { attributes: [{ name: a, value: *a8 }] }`;
  assert.throws(() => parseConfig(text, "otel.yaml", {}), {
    code: "FLX_CONFIG_FILE",
    message: /one too many/,
  });
});

test("readConfigFile() refuses a file that is missing or too large", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tracing-config-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const large = join(folder, "large.yaml");
  writeFileSync(large, `# ${"x".repeat(1024 * 1024)}`);
  assert.throws(() => readConfigFile(large, {}), {
    code: "FLX_CONFIG_FILE",
    message: /more than 1048576 bytes/,
  });
  assert.throws(() => readConfigFile(join(folder, "none.yaml"), {}), {
    code: "FLX_CONFIG_FILE",
    message: /none\.yaml: ENOENT/,
  });
});
