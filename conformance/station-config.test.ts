// Configurations: what promtool takes the station takes, what it refuses the station refuses.
//
// Each line of the table is a whole prometheus.yml. Where we differ on purpose, the line says why.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { peer, requirePeer, temporaryFolder } from "@flx/testkit";
import { readConfig } from "../packages/station/src/config/load-config.ts";
import { ConfigError } from "../packages/station/src/config/problem.ts";
import { stationShape } from "../packages/station/src/station-config.ts";

const job = (text: string): string => `scrape_configs: [{ job_name: a, ${text} }]`;
const relabel = (text: string): string => job(`relabel_configs: [{ ${text} }]`);

/** Taken by both, or refused by both. */
const configs: readonly string[] = [
  "",
  "global: {}",
  "global: { scrape_interval: 15s, scrape_timeout: 10s, evaluation_interval: 1m }",
  "global: { scrape_interval: 1h30m }",
  "global: { scrape_interval: 5s, scrape_timeout: 10s }",
  "global: { scrape_interval: fast }",
  "global: { scrape_interval: 10 }",
  "global: { scrape_interval: 1.5s }",
  "global: { scrape_interval: 0 }",
  "global: { scrape_intervall: 15s }",
  "global: { external_labels: { a: b, c: 1 } }",
  "global: { external_labels: [a] }",
  "global: { query_log_file: /tmp/q }",
  "globals: {}",
  "scrape_configs: {}",
  "scrape_configs: [{}]",
  'scrape_configs: [{ job_name: "" }]',
  "scrape_configs: [{ job_name: a }, { job_name: a }]",
  "scrape_configs: [{ job_name: a }, { job_name: b }]",
  job("scrape_interval: 5s, scrape_timeout: 10s"),
  job("scrape_timeout: 2m"),
  job("scheme: https"),
  job("metrics_path: /m"),
  job("params: { a: [b, c] }"),
  job("params: { a: b }"),
  job("honor_labels: true, honor_timestamps: false"),
  job("honor_labels: perhaps"),
  job("static_configs: [{ targets: [a:1, b:2], labels: { x: y } }]"),
  job("static_configs: [{ target: [a:1] }]"),
  job("static_configs: { targets: [a:1] }"),
  job("static_configs: [{ targets: a:1 }]"),
  job("file_sd_configs: [{ files: [a.json, b.yml, c/*.yaml] }]"),
  job("file_sd_configs: [{ files: [a.txt] }]"),
  job("file_sd_configs: [{ files: [] }]"),
  job("http_sd_configs: [{ url: http://x/y, refresh_interval: 30s }]"),
  job("http_sd_configs: [{ refresh_interval: 30s }]"),
  job("http_sd_configs: [{ url: ftp://x/y }]"),
  job("dns_sd_configs: [{ names: [a.b] }]"),
  job("dns_sd_configs: [{ names: [] }]"),
  job("dns_sd_configs: [{ names: [a.b], type: A }]"),
  job("dns_sd_configs: [{ names: [a.b], type: A, port: 9100 }]"),
  job("dns_sd_configs: [{ names: [a.b], type: TXT }]"),
  job("basic_auth: { username: a, password: b }"),
  job("basic_auth: { username: a, password: b, password_file: c }"),
  job("basic_auth: { user: a }"),
  job("authorization: { type: Token, credentials: x }"),
  job("authorization: { type: Basic, credentials: x }"),
  job("bearer_token: x"),
  job("bearer_token: x, basic_auth: { username: a }"),
  job("authorization: { credentials: x }, basic_auth: { username: a }"),
  job("tls_config: { insecure_skip_verify: true, server_name: x }"),
  job("tls_config: { min_version: TLS12 }"),
  job("tls_config: { min_version: TLS9 }"),
  job("tls_config: { verify: false }"),
  job("follow_redirects: false"),
  job("sample_limit: 10, label_limit: 5, target_limit: 3, body_size_limit: 10MB"),
  job("sample_limit: many"),
  job("body_size_limit: 10"),
  relabel("source_labels: [a], regex: b, action: keep"),
  relabel("source_labels: [a, b], separator: '-', target_label: c, replacement: '$1'"),
  relabel("action: labelmap, regex: '__meta_(.+)'"),
  relabel("action: labeldrop, regex: x"),
  relabel("action: hashmod, source_labels: [a], target_label: b, modulus: 8"),
  relabel("action: hashmod, source_labels: [a], target_label: b"),
  relabel("action: replace, source_labels: [a]"),
  relabel("action: uppercase, source_labels: [a], target_label: b"),
  relabel("action: rename"),
  relabel("regex: '('"),
  relabel("source_label: [a]"),
  job("metric_relabel_configs: [{ source_labels: [__name__], regex: go_.*, action: drop }]"),
  "rule_files: []",
  "rule_files: a.yml",
  "alerting: { alertmanagers: [{ static_configs: [{ targets: [a:9093] }] }] }",
  "remote_write: [{ url: http://a/b }]",
  "storage: { tsdb: { out_of_order_time_window: 30m } }",
  "storage: { exemplars: { max_exemplars: 1000 } }",
  "tracing: { endpoint: a:4317 }",
  "a: [",
  "[]",
  "global: {}\nglobal: {}",
];

/** Taken by promtool and refused here, with the reason. */
const refusedHere: readonly (readonly [config: string, why: RegExp])[] = [
  [
    job("oauth2: { client_id: a, client_secret: b, token_url: http://x }"),
    /oauth2: is not supported/,
  ],
  ["remote_read: [{ url: http://a/b }]", /remote_read: is not supported/],
  [job("proxy_url: http://proxy"), /proxy_url: is not supported/],
  ["scrape_configs: [{ job_name: flx }]", /under which the station watches itself/],
];

/** Words of a newer Prometheus than this promtool is of. */
const newer: readonly (readonly [config: string, what: RegExp])[] = [
  [
    "remote_write: [{ url: http://a/b, protobuf_message: io.prometheus.write.v2.Request }]",
    /field protobuf_message not found/,
  ],
];

test("prometheus.yml files are taken and refused as promtool does", async (t) => {
  const promtool = requirePeer(t, "promtool") ? peer("promtool") : undefined;
  if (promtool === undefined) return;
  await using folder = await temporaryFolder("config");
  const file = folder.file("prometheus.yml");
  const theirs = (text: string): { isTaken: boolean; said: string } => {
    writeFileSync(file, text);
    const args = ["check", "config", "--syntax-only", file];
    const { status, stdout, stderr } = spawnSync(promtool.path, args, { encoding: "utf8" });
    return { isTaken: status === 0, said: stdout + stderr };
  };
  const ours = (text: string): string | undefined => {
    try {
      readConfig(text, stationShape, { file: "prometheus.yml", folder: folder.path });
      return undefined;
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.message;
    }
  };
  const differences: string[] = [];
  let taken = 0;
  for (const text of configs) {
    const { isTaken, said } = theirs(text);
    const refusal = ours(text);
    if (isTaken) taken++;
    if (isTaken !== (refusal === undefined)) {
      differences.push(`${text}\n  promtool: ${isTaken ? "taken" : said}\n  ours: ${refusal}`);
    }
  }
  t.diagnostic(`${configs.length} configurations, ${taken} taken by promtool`);
  assert.deepEqual(differences, [], differences.join("\n"));
  for (const [text, why] of refusedHere) {
    assert.ok(theirs(text).isTaken, theirs(text).said);
    assert.match(ours(text) ?? "", why);
  }
  for (const [text, what] of newer) {
    assert.match(theirs(text).said, what);
    assert.equal(ours(text), undefined);
  }
});
