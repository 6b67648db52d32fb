// The door of a real server: each kind of credential over real connections, and certificates that are renewed.

import assert from "node:assert/strict";
import { Agent, request as httpsRequest } from "node:https";
import { test } from "node:test";
import { requirePeer, TestAuthority } from "@flx/testkit";
import { AccessControl } from "../src/base/access/access-control.ts";
import { hashPassword, parsePasswordHash } from "../src/base/access/password-hash.ts";
import type { Role } from "../src/base/access/role.ts";
import { serverOptions } from "../src/base/tls-files.ts";
import { accessGate } from "../src/api/http/access-gate.ts";
import { textAnswer } from "../src/api/http/answer.ts";
import { type AnsweredRequest, HttpServer } from "../src/api/http/http-server.ts";
import type { Route } from "../src/api/http/route.ts";

const routes: readonly Route[] = (["public", "read", "write", "admin"] as const).map((role) => ({
  method: role === "write" || role === "admin" ? "POST" : "GET",
  path: `/${role}`,
  role,
  answer: ({ identity }) => textAnswer(identity.name),
}));

const access = new AccessControl({
  users: [
    {
      name: "token",
      roles: new Set<Role>(["read"]),
      tokens: [{ reveal: () => Promise.resolve("token-of-the-reader") }],
      password: undefined,
      certificateNames: [],
    },
    {
      name: "alice",
      roles: new Set<Role>(["admin"]),
      tokens: [],
      password: parsePasswordHash(await hashPassword("sesame:with:colons")),
      certificateNames: [],
    },
    {
      name: "scraper",
      roles: new Set<Role>(["read"]),
      tokens: [],
      password: undefined,
      certificateNames: ["prometheus.internal"],
    },
  ],
  anonymous: new Set(),
});

test("a server lets in who has the role, and says who it was", async () => {
  const answered: AnsweredRequest[] = [];
  await using server = await HttpServer.start({
    host: "127.0.0.1",
    port: 0,
    routes,
    gate: accessGate(access),
    onAnswer: (request) => void answered.push(request),
  });
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
  const f = async (path: string, authorization: string | undefined, want: string) => {
    const method = path === "/write" || path === "/admin" ? "POST" : "GET";
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const response = await fetch(server.url + path, { method, headers });
    const text = (await response.text()).trim();
    assert.equal(response.ok ? text : `${response.status}`, want, `${path} ${authorization}`);
    if (response.status === 401) {
      assert.match(response.headers.get("www-authenticate") ?? "", /^Basic realm="flx".*Bearer/);
    }
  };
  const matrix: readonly (readonly [credential: string | undefined, ...wants: string[]])[] = [
    [undefined, "anonymous", "401", "401", "401"],
    ["Bearer token-of-the-reader", "token", "token", "403", "403"],
    ["Bearer token-of-nobody-at-all", "anonymous", "401", "401", "401"],
    [basic("alice:sesame:with:colons"), "alice", "alice", "alice", "alice"],
    [basic("alice:sesame"), "anonymous", "401", "401", "401"],
  ];
  for (const [credential, ...wants] of matrix) {
    for (const [i, want] of wants.entries()) await f(routes[i]!.path, credential, want);
  }
  const admin = answered.find(({ role, status }) => role === "admin" && status === 200);
  assert.deepEqual([admin?.identity?.name, admin?.remoteAddress], ["alice", "127.0.0.1"]);
  assert.equal(answered.find(({ status }) => status === 401)?.identity, undefined);
});

test("a client's certificate lets it in by its name, and only one of our authority", async (t) => {
  const openssl = requirePeer(t, "openssl");
  if (openssl === undefined) return;
  await using authority = await TestAuthority.create(openssl.path);
  await using stranger = await TestAuthority.create(openssl.path, "stranger");
  const names = ["DNS:localhost", "IP:127.0.0.1"];
  const own = await authority.issue({ commonName: "station", names });
  await using server = await HttpServer.start({
    host: "127.0.0.1",
    port: 0,
    routes,
    gate: accessGate(access),
    tls: serverOptions({ ...own, clientCa: authority.cert }, true),
  });
  const f = async (client: { cert: string; key: string } | undefined, want: string) => {
    assert.equal(await ask(`${server.url}/read`, { ca: authority.cert, ...client }), want);
  };
  const dns = { commonName: "x", names: ["DNS:prometheus.internal"] };
  await f(undefined, "401");
  await f(await authority.issue({ commonName: "prometheus.internal" }), "200 scraper");
  await f(await authority.issue(dns), "200 scraper");
  await f(await authority.issue({ commonName: "other" }), "401");
  await f(await stranger.issue({ commonName: "prometheus.internal" }), "401");
  const inName = { commonName: "x", names: ["URI:a/DNS:prometheus.internal"] };
  await f(await authority.issue(inName), "401");
});

/** Status, and the text when it is good. */
function ask(
  url: string,
  tls: { readonly ca: string; readonly cert?: string; readonly key?: string },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ ...tls, keepAlive: false });
    const request = httpsRequest(url, { agent }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => (text += piece));
      response.on("end", () => {
        const { statusCode = 0 } = response;
        resolve(statusCode === 200 ? `200 ${text.trim()}` : String(statusCode));
      });
    });
    request.on("error", reject);
    request.end();
  });
}
