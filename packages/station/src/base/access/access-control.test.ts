import assert from "node:assert/strict";
import { test } from "node:test";
import { AccessControl, type AccessRules, type AccessUser } from "./access-control.ts";
import type { AccessRefusal } from "./access-refusal.ts";
import type { Caller } from "./caller.ts";
import { RateLimit } from "../rate-limit.ts";
import { hashPassword, parsePasswordHash } from "./password-hash.ts";
import type { Role } from "./role.ts";

const hash = parsePasswordHash(await hashPassword("sesame"));

function user(name: string, roles: readonly Role[], more: Partial<AccessUser> = {}): AccessUser {
  const nothing = { tokens: [], password: undefined, certificateNames: [] };
  return { name, roles: new Set(roles), ...nothing, ...more };
}

function token(text: string): { reveal(): Promise<string> } {
  return { reveal: () => Promise.resolve(text) };
}

const rules: AccessRules = {
  users: [
    user("reader", ["read"], { tokens: [token("reader-token-0001")] }),
    user("sender", ["write"], { tokens: [token("sender-token-0001")] }),
    user("alice", ["admin"], { password: hash }),
    user("scraper", ["read"], { certificateNames: ["prometheus.internal"] }),
  ],
  anonymous: new Set(),
};

function caller(headers: Caller["headers"] = {}, more: Partial<Caller> = {}): Caller {
  return { method: "GET", headers, remoteAddress: "192.0.2.1", certificateNames: [], ...more };
}

const bearer = (text: string) => caller({ authorization: `Bearer ${text}` });
const basic = (text: string, more: Partial<Caller> = {}) =>
  caller({ authorization: `Basic ${Buffer.from(text).toString("base64")}` }, more);

/** The name of who is let in, or the kind of the refusal. */
async function outcome(access: AccessControl, from: Caller, role: Role): Promise<string> {
  try {
    return (await access.admit(from, role)).name;
  } catch (error) {
    return (error as AccessRefusal).kind;
  }
}

test("admit() knows each kind of credential, and lets each do what its roles allow", async () => {
  const access = new AccessControl(rules);
  const callers: readonly (readonly [who: string, from: Caller, may: readonly Role[]])[] = [
    ["reader", bearer("reader-token-0001"), ["public", "read"]],
    ["sender", bearer("sender-token-0001"), ["public", "write"]],
    ["alice", basic("alice:sesame"), ["public", "read", "write", "admin"]],
    ["scraper", caller({}, { certificateNames: ["prometheus.internal"] }), ["public", "read"]],
  ];
  for (const [who, from, may] of callers) {
    for (const role of ["public", "read", "write", "admin"] as const) {
      const want = may.includes(role) ? who : "forbidden";
      assert.equal(await outcome(access, from, role), want, `${who} ${role}`);
    }
  }
});

test("admit() refuses what is wrong, also where anonymous callers may", async () => {
  for (const anonymous of [new Set<Role>(), new Set<Role>(["read"])]) {
    const access = new AccessControl({ ...rules, anonymous });
    for (const from of [
      bearer("reader-token-0002"),
      bearer(""),
      basic("alice:wrong"),
      basic("nobody:sesame"),
      basic("reader:sesame"),
      basic("alice"),
      caller({ authorization: "Digest x" }),
      caller({ authorization: ["Bearer reader-token-0001", "Bearer sender-token-0001"] }),
    ]) {
      assert.equal(await outcome(access, from, "read"), "unauthorized");
      assert.equal(await outcome(access, from, "public"), "anonymous");
    }
  }
});

test("admit() asks for a credential by the ways there are", async () => {
  const f = async (given: AccessRules, want: readonly string[]) => {
    await assert.rejects(new AccessControl(given).admit(caller(), "read"), {
      code: "FLX_ACCESS_UNAUTHORIZED",
      challenges: want,
    });
  };
  await f(rules, ['Basic realm="flx", charset="UTF-8"', 'Bearer realm="flx"']);
  await f({ ...rules, users: rules.users.slice(0, 2) }, ['Bearer realm="flx"']);
});

test("admit() stops to hear an address that guesses, and nobody else", async () => {
  let now = 0;
  const failures = new RateLimit({ tries: 3, refillMs: 1_000 });
  const access = new AccessControl(rules, { now: () => now, failures });
  for (let i = 0; i < 3; i++) {
    assert.equal(await outcome(access, basic(`alice:${i}`), "read"), "unauthorized");
  }
  assert.equal(await outcome(access, basic("alice:sesame"), "read"), "limited");
  assert.equal(await outcome(access, bearer("reader-token-0001"), "read"), "reader");
  const elsewhere = { remoteAddress: "192.0.2.2" };
  assert.equal(await outcome(access, basic("alice:sesame", elsewhere), "read"), "alice");
  assert.equal(await outcome(access, basic("alice:sesame"), "read"), "alice", "remembered");
  access.replace({ ...rules });
  assert.equal(await outcome(access, basic("alice:sesame"), "read"), "limited", "asked again");
  now = 1_000;
  assert.equal(await outcome(access, basic("alice:sesame"), "read"), "alice");
});

test("admit() bounds how many passwords are checked at once", async () => {
  const access = new AccessControl(rules, {
    failures: new RateLimit({ tries: 1_000, refillMs: 6_000 }),
  });
  const outcomes = await Promise.all(
    Array.from({ length: 60 }, (_, i) => outcome(access, basic(`alice:wrong-${i}`), "read")),
  );
  const limited = outcomes.filter((each) => each === "limited").length;
  assert.deepEqual(
    [limited, outcomes.filter((each) => each === "unauthorized").length],
    [60 - 34, 34],
  );
});

test("admit() reads tokens in files again, and does without those that cannot be read", async () => {
  let now = 0;
  let text = "first-token-00001";
  const rotated = { reveal: () => Promise.resolve(text) };
  const broken = { reveal: () => Promise.reject(new Error("no such file")) };
  const users = [
    user("broken", ["read"], { tokens: [broken] }),
    user("rotated", ["read"], { tokens: [rotated] }),
  ];
  const access = new AccessControl({ users, anonymous: new Set() }, { now: () => now });
  assert.equal(await outcome(access, bearer("first-token-00001"), "read"), "rotated");
  text = "second-token-0001";
  now = 6_000;
  assert.equal(await outcome(access, bearer("first-token-00001"), "read"), "unauthorized");
  assert.equal(await outcome(access, bearer("second-token-0001"), "read"), "rotated");
});

test("admit() believes a proxy's headers only from where the proxy is", async () => {
  const proxy = {
    userHeader: "x-forwarded-user",
    rolesHeader: "x-forwarded-groups",
    trusted: ["127.0.0.1", "10.1.0.0/16", "2001:db8::/32"],
  };
  const access = new AccessControl({ ...rules, proxy });
  const f = async (remoteAddress: string, roles: string, role: Role, want: string) => {
    const headers = { "x-forwarded-user": "bob", "x-forwarded-groups": roles };
    assert.equal(await outcome(access, caller(headers, { remoteAddress }), role), want);
  };
  await f("127.0.0.1", "staff, READ", "read", "bob");
  await f("10.1.255.9", "read", "read", "bob");
  await f("2001:db8::7", "admin", "write", "bob");
  await f("10.2.0.1", "admin", "read", "unauthorized");
  await f("", "admin", "read", "unauthorized");
  await f("127.0.0.1", "superuser", "read", "forbidden");
  const named = new AccessControl({ ...rules, proxy: { ...proxy, rolesHeader: undefined } });
  const f2 = async (name: string, want: string) => {
    const from = caller({ "x-forwarded-user": name }, { remoteAddress: "127.0.0.1" });
    assert.equal(await outcome(named, from, "read"), want);
  };
  await f2("reader", "reader");
  await f2("mallory", "unauthorized");
});

test("admit() refuses pages of other sites, and names that are not this machine's", async () => {
  const open = new AccessControl({
    users: rules.users,
    anonymous: new Set<Role>(["read", "write", "admin"]),
    hosts: ["flx.example.com"],
  });
  const f = async (from: Caller, want: string) => {
    assert.equal(await outcome(open, from, "read"), want, JSON.stringify(from.headers));
  };
  const post = { method: "POST" };
  await f(caller({ host: "localhost:3590" }), "anonymous");
  await f(caller({ host: "127.0.0.1:3590" }), "anonymous");
  await f(caller({ host: "[::1]:3590" }), "anonymous");
  await f(caller({ ":authority": "localhost:4317" }), "anonymous");
  await f(caller({ host: "FLX.example.com" }), "anonymous");
  await f(caller({ host: "attacker.example" }), "forbidden");
  await f(caller({ host: "localhost.attacker.example" }), "forbidden");
  await f(caller({ host: "localhost", "sec-fetch-site": "cross-site" }), "anonymous");
  await f(caller({ host: "localhost", "sec-fetch-site": "cross-site" }, post), "forbidden");
  await f(caller({ host: "localhost", "sec-fetch-site": "same-origin" }, post), "anonymous");
  const cross = { "sec-fetch-site": "cross-site", host: "attacker.example" };
  await f(caller({ ...cross, authorization: "Bearer reader-token-0001" }, post), "reader");
  const remembered = basic("alice:sesame", post);
  await f({ ...remembered, headers: { ...remembered.headers, ...cross } }, "forbidden");
});

test("admit() gives each client its number of requests, and people behind a proxy each their own", async () => {
  let nowMs = 0;
  const proxy = { userHeader: "x-user", rolesHeader: "x-roles", trusted: ["10.0.0.1"] };
  const access = new AccessControl({ ...rules, proxy }, { now: () => nowMs, requestsPerSecond: 2 });
  const f = async (from: Caller, want: string) => {
    assert.equal(await outcome(access, from, "read"), want);
  };
  const proxied = (name: string) =>
    caller({ "x-user": name, "x-roles": "read" }, { remoteAddress: "10.0.0.1" });
  const times = async (count: number, from: Caller, want: string): Promise<void> => {
    for (let i = 0; i < count; i++) await f(from, want);
  };

  await times(4, bearer("reader-token-0001"), "reader");
  await times(2, bearer("reader-token-0001"), "limited");
  await times(1, caller({ "x-user": "made up" }), "limited");
  nowMs = 500;
  await times(1, bearer("reader-token-0001"), "reader");
  await times(1, bearer("a guess, which counts too"), "limited");
  await times(4, caller({}, { remoteAddress: "2001:db8::1" }), "unauthorized");
  await times(1, caller({}, { remoteAddress: "2001:db8::2" }), "limited");
  for (const name of ["ann", "bob"]) {
    await times(4, proxied(name), name);
    await times(1, proxied(name), "limited");
  }
});
