import assert from "node:assert/strict";
import { test } from "node:test";
import { detailsGuard, type HealthAccessOptions, type HealthCaller } from "./health-caller.ts";

const token = "correct horse battery".replaceAll(" ", "-");

const stranger: HealthCaller = {
  remoteAddress: "10.0.0.9",
  localAddress: "10.0.0.1",
  hasVerifiedCertificate: false,
  host: "orders:50051",
  headers: {},
};
const neighbour: HealthCaller = {
  ...stranger,
  remoteAddress: "127.0.0.1",
  localAddress: "127.0.0.1",
  host: "localhost:50051",
};

test("detailsGuard() lets in verified certificates, tokens, and loopback where that is said", () => {
  const f = (want: boolean, options: HealthAccessOptions, caller: HealthCaller) =>
    assert.equal(detailsGuard(options)(caller), want, JSON.stringify({ options, caller }));
  const local = { trustLoopback: true };

  f(false, {}, stranger);
  f(false, {}, neighbour);
  f(true, local, neighbour);
  f(true, local, { ...neighbour, remoteAddress: "::1", localAddress: "::1", host: "[::1]:50051" });
  f(false, local, stranger);
  f(false, local, { ...neighbour, remoteAddress: undefined });
  f(false, local, { ...neighbour, host: "rebound.example" });
  f(false, local, { ...neighbour, headers: { "x-forwarded-for": "203.0.113.9" } });
  f(true, {}, { ...stranger, hasVerifiedCertificate: true });
  f(false, { trustClientCertificates: false }, { ...stranger, hasVerifiedCertificate: true });
  f(true, { tokens: [token] }, { ...stranger, headers: { authorization: `Bearer ${token}` } });
  f(false, { tokens: [token] }, { ...stranger, headers: { authorization: `Bearer ${token}x` } });
  f(false, {}, { ...stranger, headers: { authorization: "Bearer undefined" } });
});

test("detailsGuard() refuses tokens that are too short to be secret", () => {
  assert.throws(() => detailsGuard({ tokens: ["s3cret"] }), { code: "FLX_HEALTH_OPTION" });
});
