// Every check of a server, tried against servers that misbehave: it ends in time, leaves nothing open, shows no secret.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  alertmanager,
  clickhouse,
  elasticsearch,
  http,
  kafka,
  memcached,
  mongodb,
  mqtt,
  mysql,
  nats,
  otlp,
  postgres,
  prometheus,
  rabbitmq,
  redis,
  s3,
  smtp,
  tcp,
  tlsCertificate,
  websocket,
} from "@flx/monitoring/health/plugins";
import {
  checkContract,
  type ContractAddress,
  type ContractOptions,
  type HealthCheck,
} from "@flx/monitoring/health/testing";

const password = "planted-secret-%&\" 'äöü";
const login = { user: "app", password };
const inUrl = `app:${encodeURIComponent(password)}`;

type Row = readonly [(address: ContractAddress) => HealthCheck, ContractOptions?];

const checks: Readonly<Record<string, Row>> = {
  alertmanager: [(at) => alertmanager({ ...at, ...login })],
  clickhouse: [({ port }) => clickhouse({ url: `http://${inUrl}@127.0.0.1:${port}` })],
  elasticsearch: [(at) => elasticsearch({ ...at, ...login, apiKey: async () => password })],
  http: [({ port }) => http({ url: `http://${inUrl}@127.0.0.1:${port}/`, match: "x" })],
  "http with TLS": [({ port }) => http({ url: `https://127.0.0.1:${port}/`, ...login })],
  kafka: [(at) => kafka({ ...at, ...login })],
  memcached: [(at) => memcached({ ...at, ...login })],
  mongodb: [({ port }) => mongodb({ url: `mongodb://${inUrl}@127.0.0.1:${port}/?tls=false` })],
  mqtt: [(at) => mqtt({ ...at, ...login })],
  mysql: [(at) => mysql({ ...at, ...login })],
  "mysql with TLS": [(at) => mysql({ ...at, ...login, tls: true })],
  nats: [(at) => nats({ ...at, ...login })],
  "nats with a token": [(at) => nats({ ...at, token: password })],
  otlp: [(at) => otlp({ ...at, headers: { "x-token": "planted-token" } })],
  postgres: [({ port }) => postgres({ url: `postgres://${inUrl}@127.0.0.1:${port}/orders` })],
  "postgres with TLS": [(at) => postgres({ ...at, ...login, tls: true })],
  prometheus: [(at) => prometheus({ ...at, ...login })],
  rabbitmq: [(at) => rabbitmq({ ...at, ...login })],
  redis: [(at) => redis({ ...at, ...login })],
  "redis with TLS": [(at) => redis({ ...at, ...login, tls: true })],
  s3: [
    ({ port }) =>
      s3({
        url: `http://127.0.0.1:${port}`,
        bucket: "orders",
        accessKeyId: "key",
        secretAccessKey: password,
        sessionToken: "planted-token",
      }),
  ],
  smtp: [(at) => smtp({ ...at, ...login, starttls: true })],
  // Only a connection is wanted, so whoever accepts one is healthy.
  tcp: [
    (at) => tcp(at),
    { healthy: ["silent", "closes", "resets", "garbage", "slow", "floods", "echoes", "aborted"] },
  ],
  "tcp with a banner": [(at) => tcp({ ...at, send: "HELLO\r\n", banner: /^220 / })],
  tlsCertificate: [(at) => tlsCertificate(at)],
  websocket: [
    ({ port }) =>
      websocket({ url: `ws://${inUrl}@127.0.0.1:${port}/`, headers: { a: "planted-token" } }),
  ],
};

for (const [name, [make, options]] of Object.entries(checks)) {
  test(`${name} keeps the contract of checks`, async () => {
    const secrets = [password, encodeURIComponent(password), "planted-token"];
    const runs = await checkContract(make, { secrets, timeoutMs: 80, ...options });

    const messages = runs.filter(({ status }) => status !== "healthy").map((run) => run.message);
    for (const message of messages) assert.match(message ?? "", /127\.0\.0\.1:\d+/);
  });
}
