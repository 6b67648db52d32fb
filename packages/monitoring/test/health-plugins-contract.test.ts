// Every check of a server, tried against servers that misbehave: it ends in time, leaves nothing open, shows no secret.

import { test } from "node:test";
import { redis } from "@flx/monitoring/health/plugins";
import {
  checkContract,
  type ContractAddress,
  type ContractOptions,
  type HealthCheck,
} from "@flx/monitoring/health/testing";

const password = "planted-secret-%&\" 'äöü";
const login = { user: "app", password };

type Row = readonly [(address: ContractAddress) => HealthCheck, ContractOptions?];

const checks: Readonly<Record<string, Row>> = {
  redis: [(at) => redis({ ...at, ...login })],
  "redis with TLS": [(at) => redis({ ...at, ...login, tls: true })],
};

for (const [name, [make, options]] of Object.entries(checks)) {
  test(`${name} keeps the contract of checks`, async () => {
    await checkContract(make, { secrets: [password], timeoutMs: 100, ...options });
  });
}
