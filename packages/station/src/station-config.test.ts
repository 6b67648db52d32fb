import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { readConfig } from "./config/load-config.ts";
import { ConfigError } from "./config/problem.ts";
import { ConfiguredAccess } from "./config/configured-access.ts";
import { scrapeJobs } from "./ingest/scrape/scrape-config.ts";
import { readRuleFiles } from "./rules/rule-files.ts";
import { defaultStationConfig, stationJsonSchema, stationShape } from "./station-config.ts";

function read(yaml: string) {
  return readConfig(yaml, stationShape, { file: "f.yml", folder: "/etc/prometheus" });
}

function jobs(yaml: string) {
  const { global, scrape_configs: configs } = read(yaml).value;
  return scrapeJobs(global, configs);
}

/** What a Prometheus in a company looks like, with parts that the station does not have. */
const prometheusYml = `
global:
  scrape_interval: 15s
  evaluation_interval: 30s
  external_labels: { cluster: eu1, replica: "0" }
  query_log_file: /var/log/queries

rule_files:
  - rules/*.yml

alerting:
  alertmanagers:
    - static_configs: [{ targets: ["alertmanager:9093"] }]

remote_write:
  - url: https://long-term/api/v1/write
    queue_config: { max_shards: 10 }

storage:
  tsdb: { out_of_order_time_window: 30m }

scrape_configs:
  - job_name: prometheus
    static_configs:
      - targets: ["localhost:9090"]
  - job_name: node
    scrape_interval: 1m
    scrape_timeout: 20s
    honor_labels: true
    scheme: https
    params: { "collect[]": [cpu, meminfo] }
    basic_auth: { username: scraper, password_file: secrets/node }
    tls_config: { ca_file: ca.pem, insecure_skip_verify: true }
    file_sd_configs:
      - files: [targets/*.json, more.yml]
        refresh_interval: 5m
    dns_sd_configs:
      - names: [nodes.internal]
        type: A
        port: 9100
    relabel_configs:
      - source_labels: [__address__]
        regex: "(.*):.*"
        target_label: host
        replacement: "\${1}"
      - { action: labelmap, regex: "__meta_label_(.+)" }
    metric_relabel_configs:
      - { source_labels: [__name__], regex: "go_.*", action: drop }
    sample_limit: 5000
  - job_name: pods
    kubernetes_sd_configs:
      - role: pod
    scrape_protocols: [OpenMetricsText1.0.0]
  - job_name: services
    http_sd_configs:
      - url: http://registry/targets
        authorization: { credentials: s3cret }
`;

test("a prometheus.yml is taken as it is, and what the station does not do is named", () => {
  const { warnings } = read(prometheusYml);
  assert.deepEqual(
    warnings.map(({ line, path }) => `${line} ${path}`),
    [
      "6 global.query_log_file",
      "11 alerting",
      "17 remote_write[0].queue_config.max_shards",
      "51 scrape_configs[2].kubernetes_sd_configs",
      "53 scrape_configs[2].scrape_protocols",
    ],
  );
  const [prometheus, node, pods, services] = jobs(prometheusYml);
  assert.deepEqual(
    [prometheus?.jobName, prometheus?.intervalMs, prometheus?.timeoutMs, prometheus?.metricsPath],
    ["prometheus", 15_000, 10_000, "/metrics"],
  );
  assert.deepEqual(prometheus?.discoveries, [
    { kind: "static", groups: [{ targets: ["localhost:9090"], labels: {} }] },
  ]);
  assert.deepEqual([node?.intervalMs, node?.timeoutMs, node?.scheme], [60_000, 20_000, "https"]);
  assert.deepEqual(node?.params, { "collect[]": ["cpu", "meminfo"] });
  assert.deepEqual(node?.relabel?.[0], {
    sourceLabels: ["__address__"],
    regex: "(.*):.*",
    targetLabel: "host",
    replacement: "${1}",
  });
  assert.deepEqual(node?.discoveries, [
    {
      kind: "file",
      files: ["/etc/prometheus/targets/*.json", "/etc/prometheus/more.yml"],
      refreshMs: 300_000,
    },
    { kind: "dns", names: ["nodes.internal"], type: "A", port: 9100 },
  ]);
  assert.equal(node?.sampleLimit, 5_000);
  assert.deepEqual(pods?.discoveries, []);
  assert.equal(services?.discoveries[0]?.kind, "http");
});

test("remote_write and store.metrics are read in Prometheus' words, secrets masked, and refused when they cannot be", () => {
  const { value, explained } = read(`
remote_write:
  - url: https://u:p@long-term:9009/push?tenant=a
    headers: { X-Scope-OrgID: shop }
    write_relabel_configs: [{ source_labels: [job], regex: a, action: drop }]
    send_exemplars: true
    protobuf_message: io.prometheus.write.v2.Request
    queue_config: { max_size: 1GB, max_backoff: 1m }
  - { url: "http://b/write", name: b, basic_auth: { username: u, password: s3cret } }
store: { metrics: { url: "http://vm:8428/prefix", authorization: { credentials: s3cret } } }
`);
  const [first, second] = value.remote_write;
  assert.equal(first?.name, "long-term:9009/push");
  assert.deepEqual([...(first?.http.headers.keys() ?? [])], ["X-Scope-OrgID"]);
  // 2.0 always has native histograms.
  assert.deepEqual([first?.sendsExemplars, first?.sendsNativeHistograms], [true, true]);
  assert.equal(first?.message, "io.prometheus.write.v2.Request");
  assert.deepEqual(
    [first?.queue.max_size, first?.queue.max_backoff, first?.queue.max_samples_per_send],
    [1024 ** 3, 60_000, 10_000],
  );
  assert.equal(second?.http.authorization?.kind, "basic");
  assert.deepEqual(
    [second?.message, second?.sendsNativeHistograms],
    ["prometheus.WriteRequest", false],
  );
  assert.equal(value.store.metrics?.message, "prometheus.WriteRequest");
  assert.equal(value.store.metrics?.url, "http://vm:8428/prefix");
  const shown = explained.map((each) => each.shown).join("\n");
  assert.doesNotMatch(shown, /s3cret|u:p@/);

  const f = (yaml: string, why: RegExp): void => {
    assert.throws(
      () => read(yaml),
      (error: Error) => error instanceof ConfigError && why.test(error.message),
    );
  };
  f("remote_write: [{ name: a }]", /url: must be given/);
  f("remote_write: [{ url: http://a/b }, { url: http://a/b }]", /two are named a\/b/);
  f("remote_write: [{ url: http://a, sigv4: {} }]", /sigv4: is not supported/);
  f("remote_write: [{ url: http://a, headers: { Host: b } }]", /sender's own/);
  f("remote_write: [{ url: http://a, queue_config: { max_size: 1KB } }]", /max_size/);
  f(
    "remote_write: [{ url: http://a, queue_config: { min_backoff: 1m } }]",
    /must not be longer than max_backoff/,
  );
  f("remote_write: [{ url: http://a, write_relabel_configs: [{ regex: '(' }] }]", /regex|\(/);
  f("store: { metrics: { urls: http://a } }", /did you mean url/);
  f("store: { metrics: {} }", /url: must be given/);
  f("remote_write: [{ url: http://a, protobuf_message: v2 }]", /is none of these/);
  f(
    "store: { metrics: { url: http://a, protobuf_message: io.prometheus.write.v2.request } }",
    /did you mean io\.prometheus\.write\.v2\.Request/,
  );
  f("store: { metrics: { url: ftp://a } }", /http:\/\//);
});

test("a configuration that cannot be is refused with its place", () => {
  const f = (yaml: string, ...want: (string | RegExp)[]) => {
    try {
      read(yaml);
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      const lines = error.message.split("\n");
      assert.equal(lines.length, want.length, error.message);
      for (const [i, each] of want.entries()) {
        if (typeof each === "string") assert.equal(lines[i], each);
        else assert.match(lines[i]!, each);
      }
      return;
    }
    assert.fail(`taken: ${yaml}`);
  };

  f(
    "scrape_config: []",
    "f.yml:1:1: scrape_config: there is no such key; did you mean scrape_configs?",
  );
  f(
    "scrape_configs:\n  - job_name: a\n  - job_name: a\n",
    "f.yml:3:5: scrape_configs[1]: there is another job a",
  );
  f(
    "scrape_configs:\n  - { job_name: a, scrape_interval: 5s, scrape_timeout: 10s }\n",
    "f.yml:2:5: scrape_configs[0]: scrape_timeout is longer than scrape_interval",
  );
  const urls = 'static_configs: [{ targets: ["http://a:80/metrics"] }]';
  f(
    `scrape_configs:\n  - job_name: a\n    ${urls}\n`,
    'f.yml:2:5: scrape_configs[0]: "http://a:80/metrics" is no target: a target is host:port; scheme and metrics_path are keys of the job',
  );
  read(
    `scrape_configs:\n  - job_name: a\n    ${urls}\n    relabel_configs: [{ action: labelmap, regex: x }]\n`,
  );
  f(
    "global: { scrape_interval: 5s, scrape_timeout: 10s }",
    "f.yml:1:32: global.scrape_timeout: is longer than scrape_interval",
  );
  f(
    "scrape_configs: [{ job_name: flx }]",
    "f.yml:1:30: scrape_configs[0].job_name: is the job under which the station watches itself",
  );
  f("scrape_configs: [{ job_name: a, oauth2: {} }]", /oauth2: is not supported: give a token/);
  f(
    'scrape_configs: [{ job_name: a, relabel_configs: [{ regex: "(" }] }]',
    /relabel_configs\[0\]: .*missing/,
  );
  f(
    "scrape_configs: [{ job_name: a, relabel_configs: [{ action: hashmod, target_label: b }] }]",
    /relabel_configs\[0\]: hashmod needs a modulus above 0/,
  );
  f(
    "scrape_configs: [{ job_name: a, dns_sd_configs: [{ names: [x], type: A }] }]",
    /dns_sd_configs\[0\]\.port: must be given for type A/,
  );
  f(
    'scrape_configs: [{ job_name: a, file_sd_configs: [{ files: ["a/*/b.json", "c.txt"] }] }]',
    /files\[0\]: must end with/,
    /files\[1\]: must end with/,
  );
  f("memory: 1MB", /memory: the size 1MB is not within/);
  f("query: { max_concurency: 1 }", /did you mean max_concurrency\?/);
});

test("an empty configuration is a station with defaults", () => {
  const { value, explained } = defaultStationConfig();
  assert.deepEqual(value.listen.http, { host: "127.0.0.1", port: 3590 });
  assert.equal(value.store.retention, 15 * 86_400_000);
  assert.equal(value.query.timeout, 120_000);
  const retention = explained.find(({ path }) => path === "store.retention");
  assert.deepEqual(retention, { path: "store.retention", shown: "15d", source: "default" });
});

test("jobs of equal configurations are equal, and a changed password makes another one", () => {
  const text = (password: string) =>
    `scrape_configs: [{ job_name: a, basic_auth: { username: u, password: ${password} } }]`;
  assert.ok(isDeepStrictEqual(jobs(prometheusYml), jobs(prometheusYml)));
  assert.ok(isDeepStrictEqual(jobs(text("x")), jobs(text("x"))));
  assert.ok(!isDeepStrictEqual(jobs(text("x")), jobs(text("y"))));
});

test("ConfiguredAccess reads secrets and certificates when they are used", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "flx-access-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const yaml = `scrape_configs:
  - job_name: a
    authorization: { type: Token, credentials_file: token }
    tls_config: { ca_file: ca.pem, min_version: TLS12 }
    http_headers: { X-Tenant: { values: [t1] } }
`;
  const { value } = readConfig(yaml, stationShape, { folder });
  const [job] = scrapeJobs(value.global, value.scrape_configs);
  assert.ok(job?.access instanceof ConfiguredAccess);
  await assert.rejects(job.access.access(), { code: "FLX_CONFIG_SECRET" });
  writeFileSync(join(folder, "token"), "one\n");
  writeFileSync(join(folder, "ca.pem"), "PEM");
  const first = await job.access.access();
  assert.equal(first.authorization, "Token one");
  assert.deepEqual(first.headers, { "X-Tenant": ["t1"] });
  assert.deepEqual(first.tls, { insecureSkipVerify: false, ca: "PEM", minVersion: "TLSv1.2" });
  writeFileSync(join(folder, "token"), "two\n");
  assert.equal((await job.access.access()).authorization, "Token two");
});

test("readRuleFiles() reads what patterns name and says what is wrong", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "flx-rules-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    join(folder, "b.yml"),
    `groups:
  - name: availability
    interval: 30s
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      - alert: Down
        expr: up == 0
        for: 5m
        annotations: { summary: "{{ $labels.instance }} is down" }
`,
  );
  const [found] = await readRuleFiles([join(folder, "*.yml")]);
  assert.equal(
    found?.groups[0]?.rules[1]?.annotations.get("summary"),
    "{{ $labels.instance }} is down",
  );
  assert.deepEqual(await readRuleFiles([join(folder, "*.none")]), []);
  writeFileSync(
    join(folder, "c.yml"),
    "groups:\n  - name: x\n    rules:\n      - record: a\n        expr: sum(\n        for: 1m\n      - expr: up\n",
  );
  await assert.rejects(
    readRuleFiles([join(folder, "c.yml")]),
    (error) =>
      error instanceof ConfigError &&
      /c\.yml:5:15: groups\[0\]\.rules\[0\]\.expr: .*parse error/.test(error.message),
  );
});

test("the published JSON Schema is that of the code", () => {
  const file = new URL("../schema/station.schema.json", import.meta.url);
  const published: unknown = JSON.parse(readFileSync(file, "utf8"));
  const made: unknown = JSON.parse(JSON.stringify(stationJsonSchema()));
  assert.deepEqual(
    published,
    made,
    "npm run -s flx -- config schema > packages/station/schema/station.schema.json",
  );
});

test("problems never show a password that stands where it should not, or begins with a sign of YAML's", () => {
  const f = (yaml: string) => {
    let message = "";
    try {
      readConfig(yaml, stationShape, { file: "f.yml" });
    } catch (error) {
      message = String(error);
    }
    assert.match(message, /f\.yml:\d+:\d+: /, yaml);
    assert.doesNotMatch(message, /hunter2/, yaml);
  };
  const job = (text: string): string => `scrape_configs:\n  - job_name: a\n    ${text}\n`;
  const user = (text: string): string => `access: { users: [{ name: a, roles: [read], ${text} }] }`;

  f(job("basic_auth: hunter2"));
  f(job('authorization: "Bearer hunter2"'));
  f(job("http_headers: { A: hunter2 }"));
  f(job("tls_config: [hunter2]"));
  f(job("bearer_token: [hunter2]"));
  f(job("bearer_token: { hunter2: 1 }"));
  for (const sign of ["*", "!", "&", "|", ">", "@", "`", "%", '"', "'", "[", "{", "- ", "b: "]) {
    f(job(`bearer_token: ${sign}hunter2`));
  }
  f(job('bearer_token: "hunter2\\q"'));
  f(job("bearer_token: a\n    bearer_token: hunter2"));
  f(job('http_sd_configs: [{ url: "htp://user:hunter2@host/" }]'));
  f(job('http_sd_configs: [{ url: "http://user:hunter2@host:99999/" }]'));
  f(user("token: hunter2"));
  f(user("token: [hunter2]"));
  f(user("password_hash: hunter2"));
  f(user("password: hunter2aaaaaaaaaaaaaaaaa"));
  f("tls: { cert_file: a, key_file: b, key: hunter2 }");
});
