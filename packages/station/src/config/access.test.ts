import assert from "node:assert/strict";
import { test } from "node:test";
import { hashPassword } from "../base/access/password-hash.ts";
import { accessRules, accessSection, tlsSection } from "./access.ts";
import { readConfig } from "./load-config.ts";
import type { ConfigError } from "./problem.ts";
import { section } from "./structures.ts";

const shape = section({ access: accessSection });
const hash = await hashPassword("sesame");

function problemsOf(yaml: string): string {
  try {
    readConfig(yaml, shape, { file: "f.yaml" });
    return "";
  } catch (error) {
    return (error as ConfigError).message;
  }
}

test("accessSection reads users, a proxy and what anonymous callers may", async () => {
  const yaml = `
access:
  anonymous: [read]
  hosts: [flx.example.com]
  users:
    - name: checkout
      roles: [write]
      token: 0123456789abcdef
    - name: alice
      roles: [admin]
      password_hash: ${hash}
    - name: scraper
      roles: [read]
      certificate_names: [prometheus.internal]
  proxy:
    user_header: X-Forwarded-User
    roles_header: X-Forwarded-Groups
    trusted: [127.0.0.1, "10.0.0.0/8", "2001:db8::/32"]
`;
  const { value, explained } = readConfig(yaml, shape);
  const { users, proxy, anonymous } = value.access;
  assert.deepEqual([...anonymous!], ["read"]);
  assert.deepEqual(
    users.map(({ name, roles }) => `${name} ${[...roles].join()}`),
    ["checkout write", "alice admin", "scraper read"],
  );
  assert.equal(await users[0]!.tokens[0]!.reveal(), "0123456789abcdef");
  assert.equal(users[1]!.password?.ln, 15);
  assert.deepEqual(proxy, {
    userHeader: "x-forwarded-user",
    rolesHeader: "x-forwarded-groups",
    trusted: ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"],
  });
  const shown = JSON.stringify(explained);
  assert.doesNotMatch(shown, /0123456789abcdef|scrypt/);
  assert.match(shown, /password_hash","shown":"<secret>"/);
});

test("accessSection refuses what would let in the wrong ones", () => {
  const f = (users: string, want: RegExp) => {
    assert.match(problemsOf(`access:\n  users:\n${users}`), want);
  };
  f("    - {name: a, roles: [read], token: short}", /users\[0\]\.token.* at least 16 characters/);
  f("    - {name: a, roles: [reed]}", /did you mean read\?/);
  f("    - {name: a}", /users\[0\]\.roles.*give some of read, write, admin/);
  f("    - {name: anonymous, roles: [read]}", /a name is not anonymous/);
  f("    - {name: 'a:b', roles: [read]}", /no colon/);
  f("    - {name: a, roles: [read], password_hash: secret}", /flx hash-password/);
  f("    - {name: a, roles: [read]}\n    - {name: a, roles: [read]}", /two users are called a/);
  const proxy = (trusted: string) =>
    problemsOf(`access:\n  proxy: {user_header: x-user, trusted: [${trusted}]}`);
  assert.match(proxy(""), /1 to 1000 items/);
  assert.match(proxy("example.com"), /expected an address or a network/);
  assert.match(proxy("10.0.0.0/33"), /expected an address or a network/);
});

test("accessRules() is open on loopback until somebody is known, and closed beyond it", () => {
  const read = (yaml: string) => readConfig(yaml, shape).value.access;
  const f = (yaml: string, isLoopback: boolean, want: readonly string[]) => {
    assert.deepEqual([...accessRules(read(yaml), isLoopback).anonymous], want);
  };
  const user = "access: {users: [{name: a, roles: [read]}]}";
  f("", true, ["read", "write", "admin"]);
  f("", false, []);
  f(user, true, []);
  f("access: {anonymous: [write]}", false, ["write"]);
  f("access: {anonymous: []}", true, []);
});

test("tlsSection wants a certificate and its key", () => {
  const tls = section({ tls: tlsSection });
  const { value } = readConfig("tls: {cert_file: a.crt, key_file: a.key}", tls, { folder: "/etc" });
  assert.deepEqual(value.tls, { cert: "/etc/a.crt", key: "/etc/a.key", clientCa: undefined });
  assert.throws(() => readConfig("tls: {cert_file: a.crt}", tls), /tls\.key_file.*must be given/);
});
