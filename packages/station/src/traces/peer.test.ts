import assert from "node:assert/strict";
import { test } from "node:test";
import type { WireReader } from "@flx/model";
import { type SaidSpan, type SaidValue, spanRequest } from "../../test/traces/span-request.ts";
import { walkRequest } from "../store/records/walk-request.ts";
import { peerOf } from "./peer.ts";
import { TracedSpan } from "./traced-span.ts";

function read(said: SaidSpan): TracedSpan {
  const span = new TracedSpan();
  const number = (): number => 0;
  walkRequest(spanRequest([said]), { number }, (reader: WireReader, end) =>
    span.take(reader, end, "s"),
  );
  return span;
}

test("peerOf() names databases, queues and peers by the attributes of today and of before", () => {
  const f = (
    kind: "client" | "producer" | "consumer",
    attributes: Record<string, SaidValue>,
    want: string,
  ) => {
    const { type, name, message } = peerOf(read({ id: "x", kind, attributes }));
    assert.equal(`${type} ${name}${message === "none" ? "" : ` ${message}`}`, want);
  };

  f(
    "client",
    { "db.system.name": "postgresql", "db.namespace": "orders" },
    "database postgresql:orders",
  );
  f("client", { "db.system": "mysql", "db.name": "shop" }, "database mysql:shop");
  f(
    "client",
    { "db.system": "redis", "net.peer.name": "cache", "net.peer.port": 6379 },
    "database redis:cache:6379",
  );
  f("client", { "db.system.name": "sqlite" }, "database sqlite");
  f(
    "producer",
    { "messaging.system": "kafka", "messaging.destination.name": "paid" },
    "queue kafka:paid sent",
  );
  f(
    "consumer",
    { "messaging.system": "rabbitmq", "messaging.destination": "paid" },
    "queue rabbitmq:paid received",
  );
  f(
    "producer",
    {
      "messaging.system": "kafka",
      "messaging.destination.name": "reply-4711",
      "messaging.destination.temporary": true,
    },
    "queue kafka sent",
  );
  f(
    "producer",
    {
      "messaging.system": "nats",
      "messaging.destination.name": "user.4711",
      "messaging.destination.template": "user.{id}",
    },
    "queue nats:user.{id} sent",
  );
  f("consumer", {}, "queue  received");
  f(
    "client",
    { "messaging.system": "sqs", "messaging.operation.type": "receive" },
    "queue sqs received",
  );
  f("client", { "messaging.system": "sqs", "messaging.operation.type": "settle" }, "queue sqs");
  f("client", { "messaging.system": "sqs", "messaging.operation": "publish" }, "queue sqs sent");
  f("client", { "peer.service": "billing", "server.address": "10.0.0.1" }, "peer billing");
  f("client", { "server.address": "api", "server.port": 8443 }, "peer api:8443");
  f("client", { "net.sock.peer.addr": "10.0.0.1", "net.peer.port": 80 }, "peer 10.0.0.1:80");
  f("client", { "url.full": "https://api.example.com:8443/x?y" }, "peer api.example.com:8443");
  f("client", { "http.url": "no url" }, "peer ");
  f("client", { "rpc.service": "shop.Orders" }, "peer shop.Orders");
  f("client", {}, "peer ");
  f("client", { "server.address": "x".repeat(1_000) }, `peer ${"x".repeat(256)}`);
});

test("TracedSpan reads a span as the store does", () => {
  const span = read({ id: "ab", kind: "server", status: 2, trace: "t1", parent: "p", ms: 12.5 });
  assert.deepEqual(
    [span.kind, span.status, span.seconds, span.traceId, span.spanId, span.isRoot],
    [2, 2, 0.0125, "74310000000000000000000000000000", "6162000000000000", false],
  );
  assert.ok(read({ id: "a" }).isRoot);
  assert.equal(read({ id: "a", ms: -5 }).seconds, 0);
  assert.deepEqual([read({ id: "a", kind: 77 }).kind, read({ id: "a", status: 9 }).status], [0, 0]);
  assert.deepEqual(read({ id: "a", links: ["b", "c"] }).linkKeys(1).length, 1);
});
