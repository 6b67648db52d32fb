import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../command.ts";
import { parseProbeTarget } from "./probe-target.ts";

test("parseProbeTarget() reads whom to ask", () => {
  const f = (text: string, want: object) => {
    assert.deepEqual(parseProbeTarget(text), { shown: text, ...want });
  };
  const http = { kind: "http", isSecure: false, credentials: undefined };
  const https = { ...http, isSecure: true };
  const address = (host: string, port: number) => ({ address: { host, port } });

  f("http://localhost:9464/readyz", { ...http, ...address("localhost", 9464), path: "/readyz" });
  f("http://a/", { ...http, ...address("a", 80), path: "/" });
  f("http://a", { ...http, ...address("a", 80), path: "/", shown: "http://a/" });
  f("https://a/x?verbose", { ...https, ...address("a", 443), path: "/x?verbose" });
  f("http://[::1]:8/", { ...http, ...address("::1", 8), path: "/" });
  f("http://me:p%40ss@a/", {
    ...http,
    ...address("a", 80),
    path: "/",
    credentials: "me:p@ss",
    shown: "http://me:***@a/",
  });
  f("unix:/run/a.sock:/livez?verbose", {
    ...http,
    address: { path: "/run/a.sock" },
    path: "/livez?verbose",
  });
  f("unix:/run/a.sock", { kind: "tcp", address: { path: "/run/a.sock" } });
  f("unix:///run/a.sock", { kind: "tcp", address: { path: "/run/a.sock" } });
  f("tcp://a:5432", { kind: "tcp", ...address("a", 5432) });
  f("tcp://[::1]:5432", { kind: "tcp", ...address("::1", 5432) });
  f("grpc://a:50051", { kind: "grpc", isSecure: false, target: "a:50051" });
  f("grpc://[::1]:50051/", { kind: "grpc", isSecure: false, target: "[::1]:50051" });
  f("grpcs://a:50051", { kind: "grpc", isSecure: true, target: "a:50051" });
  f("grpc+unix:/run/a.sock", { kind: "grpc", isSecure: false, target: "unix:/run/a.sock" });
});

test("parseProbeTarget() refuses what cannot be asked, and says what could", () => {
  const f = (text: string, message: RegExp) =>
    assert.throws(
      () => parseProbeTarget(text),
      (error) => error instanceof UsageError && message.test(error.message),
      text,
    );

  f("localhost:9464/readyz", /http:\/\/localhost:9464\/readyz\?/);
  f("", /is no target/);
  f("/readyz", /is no target/);
  f("http://", /is no target/);
  f("http://a:99999/", /is no target/);
  f("ftp://a:21", /ftp:\/\/ cannot be asked/);
  f("tcp://a", /has no port: write tcp:\/\/host:port/);
  f("grpc://:1", /is no target|has no host/);
  f("grpc://a:1/shop.Orders", /more than a host and a port/);
  f("tcp://me@a:1", /more than a host and a port/);
  f("unix:run/a.sock", /names no socket/);
  f("unix:/run/a.sock:livez", /after the socket comes a path/);
});
