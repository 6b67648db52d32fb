import assert from "node:assert/strict";
import { test } from "node:test";
import { authorityOf, parseTarget } from "./endpoint.ts";

test("parseTarget() reads the targets that gRPC clients take and name one server", () => {
  const f = (target: string, want: object) => assert.deepEqual({ ...parseTarget(target) }, want);

  f("orders:50051", { host: "orders", port: 50_051 });
  f("10.0.0.7:1", { host: "10.0.0.7", port: 1 });
  f("[::1]:50051", { host: "::1", port: 50_051 });
  f("[fe80::1%eth0]:50051", { host: "fe80::1%eth0", port: 50_051 });
  f("dns:orders:50051", { host: "orders", port: 50_051 });
  f("dns:///orders.shop.svc:50051", { host: "orders.shop.svc", port: 50_051 });
  f("ipv4:10.0.0.7:50051", { host: "10.0.0.7", port: 50_051 });
  f("ipv6:[2001:db8::7]:65535", { host: "2001:db8::7", port: 65_535 });
  f("unix:/run/orders.sock", { path: "/run/orders.sock" });
  f("unix:///run/orders.sock", { path: "/run/orders.sock" });
  f("unix:run/orders.sock", { path: "run/orders.sock" });
});

test("parseTarget() refuses what it cannot ask, with the forms it takes", () => {
  const bad = [
    "",
    "orders",
    "orders:",
    ":50051",
    "orders:0",
    "orders:65536",
    "orders:http",
    "::1:50051",
  ];
  const worse = [
    "http://orders:80",
    "xds:///orders",
    "dns://8.8.8.8/orders:1",
    "ipv4:1.1.1.1:1,2.2.2.2:2",
  ];
  for (const target of [...bad, ...worse, "a:1/path", "user@host:1", "[x]:1", "unix:", "a b:1"]) {
    assert.throws(() => parseTarget(target), { code: "FLX_GRPC_TARGET" }, target);
  }
});

test("authorityOf() names an endpoint", () => {
  assert.equal(authorityOf({ host: "::1", port: 5 }), "[::1]:5");
  assert.equal(authorityOf({ host: "a", port: 5 }), "a:5");
  assert.equal(authorityOf({ path: "/run/x" }), "localhost");
});
