import assert from "node:assert/strict";
import { test } from "node:test";
import { httpClient, type HttpClientSettings } from "./http-client.ts";
import { readConfig } from "./load-config.ts";
import { ConfigError } from "./problem.ts";

function read(yaml: string): HttpClientSettings {
  return readConfig(yaml, httpClient, { file: "f.yaml", folder: "/etc/flx" }).value;
}

test("httpClient reads credentials in each way Prometheus knows", async () => {
  const basic = read("basic_auth: { username: u, password: p }").authorization;
  assert.ok(basic?.kind === "basic");
  assert.equal(await basic.username.reveal(), "u");
  assert.equal(await basic.password?.reveal(), "p");

  const f = async (yaml: string, type: string, credentials: string) => {
    const header = read(yaml).authorization;
    assert.ok(header?.kind === "header");
    assert.equal(header.type, type);
    assert.equal(await header.credentials.reveal(), credentials);
  };

  await f("authorization: { credentials: t }", "Bearer", "t");
  await f("authorization: { type: Token, credentials: t }", "Token", "t");
  await f("bearer_token: t", "Bearer", "t");
  const inFile = read("bearer_token_file: token").authorization;
  assert.equal(inFile?.kind === "header" && inFile.credentials.file, "/etc/flx/token");
  assert.equal(read("").authorization, undefined);
});

test("httpClient reads TLS and headers", async () => {
  const { tls, headers, followRedirects } = read(
    "tls_config: { ca_file: ca.pem, min_version: TLS12, server_name: a }\n" +
      "follow_redirects: false\nhttp_headers: { X-A: { values: [b], secrets: [c] } }\n",
  );
  assert.deepEqual(tls.ca, { kind: "file", path: "/etc/flx/ca.pem" });
  assert.equal(tls.minVersion, "TLSv1.2");
  assert.equal(tls.serverName, "a");
  assert.equal(followRedirects, false);
  const values = await Promise.all(headers.get("X-A")!.map((value) => value.reveal()));
  assert.deepEqual(values, ["b", "c"]);
});

test("httpClient refuses what cannot be together, and what it does not have", () => {
  const f = (yaml: string, message: RegExp) =>
    assert.throws(
      () => read(yaml),
      (error) => error instanceof ConfigError && message.test(error.message),
      yaml,
    );

  f("basic_auth: { username: u }\nbearer_token: t", /give one of them/);
  f("basic_auth: { username: u, password: p, password_file: f }", /password_file: password and/);
  f("authorization: { type: basic, credentials: x }", /use basic_auth/);
  f("tls_config: { cert_file: a }", /go together/);
  f("tls_config: { min_version: TLS14 }", /did you mean TLS1/);
  f("oauth2: {}", /oauth2: is not supported: give a token/);
  f("proxy_ulr: x", /there is no such key/);
});
