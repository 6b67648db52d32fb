import assert from "node:assert/strict";
import { test } from "node:test";
import { detailsGuard, isLoopback } from "./health-caller.ts";

test("isLoopback() knows this machine's own addresses, and no look-alikes", () => {
  const f = (address: string | undefined, want: boolean) => assert.equal(isLoopback(address), want);

  f("127.0.0.1", true);
  f("127.8.9.10", true);
  f("::1", true);
  f("::ffff:127.0.0.1", true);
  f("10.0.0.1", false);
  f("::ffff:10.0.0.1", false);
  f("127.0.0.1.example.org", false);
  f("1127.0.0.1", false);
  f("", false);
  f(undefined, false);
});

test("detailsGuard() lets in loopback, verified certificates and the token", () => {
  const f = (
    want: boolean,
    token: string | undefined,
    remoteAddress: string | undefined,
    headers: Readonly<Record<string, string>> = {},
    hasVerifiedCertificate = false,
  ) => {
    const header = (name: string) => headers[name];
    const caller = { remoteAddress, hasVerifiedCertificate, header };
    assert.equal(detailsGuard(token)(caller), want, JSON.stringify({ ...caller, headers, token }));
  };

  f(true, undefined, "127.0.0.1");
  f(false, undefined, "10.0.0.1");
  f(false, undefined, undefined);
  f(true, undefined, "10.0.0.1", {}, true);
  // A proxy on this machine asks for somebody else.
  for (const name of ["forwarded", "x-forwarded-for", "x-real-ip"]) {
    f(false, undefined, "127.0.0.1", { [name]: "203.0.113.9" });
  }
  f(true, "s3cret", "10.0.0.1", { authorization: "Bearer s3cret" });
  f(true, "s3cret", "127.0.0.1", { authorization: "Bearer s3cret", "x-real-ip": "203.0.113.9" });
  f(false, "s3cret", "10.0.0.1", { authorization: "Bearer s3cre" });
  f(false, "s3cret", "10.0.0.1", { authorization: "s3cret" });
  f(false, "s3cret", "10.0.0.1");
  // No token, or an empty one, is not a token that everybody knows.
  f(false, undefined, "10.0.0.1", { authorization: "Bearer undefined" });
  f(false, "", "10.0.0.1", { authorization: "Bearer " });
});
