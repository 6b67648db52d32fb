// Traces and log records as the shop sends them, any number of them: names, attributes and shape of its orders.
//
//   POST /orders ─ PlaceOrder ─┬─ SELECT products, UPDATE products, INSERT orders ...
//                              └─ Authorise ── INSERT payments

import { randomFillSync } from "node:crypto";
import {
  encodeRequest,
  encodeResource,
  encodeScope,
  MessageWriter,
  writeLogRecord,
  writeSpan,
} from "@flx/model";

/** A span of the shop's order: [service, name, kind, parent, attributes]. */
const ORDER: readonly (readonly [
  service: number,
  name: string,
  kind: number,
  parent: number,
  attributes: Readonly<Record<string, unknown>>,
])[] = [
  [
    0,
    "POST /orders",
    2,
    -1,
    { "http.request.method": "POST", "http.route": "/orders", "url.path": "/orders" },
  ],
  [
    0,
    "shop.orders.v1.Orders/PlaceOrder",
    3,
    0,
    { "rpc.system": "grpc", "rpc.service": "shop.orders.v1.Orders", "rpc.method": "PlaceOrder" },
  ],
  [
    1,
    "shop.orders.v1.Orders/PlaceOrder",
    2,
    1,
    { "rpc.system": "grpc", "rpc.service": "shop.orders.v1.Orders", "rpc.method": "PlaceOrder" },
  ],
  [
    1,
    "SELECT products",
    3,
    2,
    sql("orders.db", "SELECT sku, price, stock FROM products WHERE sku = ?"),
  ],
  [
    1,
    "INSERT orders",
    3,
    2,
    sql("orders.db", "INSERT INTO orders (id, customer_id, total) VALUES (?, ?, ?)"),
  ],
  [
    1,
    "INSERT order_lines",
    3,
    2,
    sql("orders.db", "INSERT INTO order_lines (order_id, sku, quantity) VALUES (?, ?, ?)"),
  ],
  [
    1,
    "shop.payments.v1.Payments/Authorise",
    3,
    2,
    { "rpc.system": "grpc", "rpc.service": "shop.payments.v1.Payments", "rpc.method": "Authorise" },
  ],
  [
    2,
    "shop.payments.v1.Payments/Authorise",
    2,
    6,
    { "rpc.system": "grpc", "rpc.service": "shop.payments.v1.Payments", "rpc.method": "Authorise" },
  ],
  [
    2,
    "INSERT payments",
    3,
    7,
    sql("payments.db", "INSERT INTO payments (id, order_id, amount, status) VALUES (?, ?, ?, ?)"),
  ],
  [
    1,
    "UPDATE orders",
    3,
    2,
    sql("orders.db", "UPDATE orders SET status = 'paid', payment_id = ? WHERE id = ?"),
  ],
];

function sql(database: string, text: string): Readonly<Record<string, unknown>> {
  return { "db.system.name": "sqlite", "db.namespace": database, "db.query.text": text };
}

const SERVICES = ["gateway", "orders", "payments"].map((service, i) =>
  encodeResource({
    "service.name": service,
    "service.version": "1.4.0",
    "service.instance.id": `16246e02-b20e-4a18-ae71-fa06e6a39fc${i}`,
    "host.name": "shop-1",
    "process.pid": 14_064 + i,
    "process.runtime.name": "nodejs",
    "telemetry.sdk.name": "flx",
    "deployment.environment.name": "production",
  }),
);
const SCOPE = encodeScope({ name: "shop", version: "1.4.0" });

/** A request of the shop. */
export interface ShopRequest {
  readonly request: Uint8Array;
  readonly records: number;
  /** Of one of its traces. */
  readonly traceId: string;
}

/**
 * Spans of so many orders, one request for each service; one order in a hundred is of a customer of its own.
 *
 * @param startMs when the first one begins; they are spread over `overMs`
 */
export function shopSpans(orders: number, startMs: number, overMs: number): ShopRequest[] {
  const writers = SERVICES.map(() => new MessageWriter(64 * 1024));
  const counts = SERVICES.map(() => 0);
  const random = new Uint32Array(orders * (4 + 2 * ORDER.length));
  randomFillSync(random);
  let at = 0;
  let traceId = "";
  for (let order = 0; order < orders; order++) {
    const [word0, word1, word2, word3] = [
      random[at]!,
      random[at + 1]!,
      random[at + 2]!,
      random[at + 3]!,
    ];
    at += 4;
    traceId = [word0, word1, word2, word3]
      .map((word) => word.toString(16).padStart(8, "0"))
      .join("");
    const ids = ORDER.map((_, i) => [random[at + 2 * i]!, random[at + 2 * i + 1]!] as const);
    at += 2 * ORDER.length;
    const beginNs = BigInt(Math.round(startMs + (overMs * order) / orders)) * 1_000_000n;
    for (const [i, [service, name, kind, parent, attributes]] of ORDER.entries()) {
      const begin = beginNs + BigInt(i * 1_500_000 + (ids[i]![0] % 1_000_000));
      const end = begin + BigInt(200_000 + (ids[i]![1] % 20_000_000));
      const own =
        i === 0
          ? { ...attributes, "http.response.status_code": order % 50 === 0 ? 503 : 201 }
          : attributes;
      const customer =
        i === 0 && order % 100 === 0 ? { ...own, customer: `cus_${word1 % 100_000}` } : own;
      counts[service]!++;
      writeSpan(writers[service]!, {
        trace: { word0, word1, word2, word3 },
        span0: ids[i]![0],
        span1: ids[i]![1],
        parent0: parent < 0 ? 0 : ids[parent]![0],
        parent1: parent < 0 ? 0 : ids[parent]![1],
        traceState: "",
        flags: 257,
        name,
        kind,
        startSeconds: Number(begin / 1_000_000_000n),
        startNanos: Number(begin % 1_000_000_000n),
        endSeconds: Number(end / 1_000_000_000n),
        endNanos: Number(end % 1_000_000_000n),
        attributes: { keys: Object.keys(customer), values: Object.values(customer), dropped: 0 },
        events: undefined,
        droppedEvents: 0,
        links: undefined,
        droppedLinks: 0,
        statusCode: i === 0 && order % 50 === 0 ? 2 : 0,
        statusMessage: "",
      });
    }
  }
  return SERVICES.map((resource, i) => ({
    request: encodeRequest(resource, "", [
      { scope: SCOPE, schemaUrl: "", pieces: [writers[i]!.take()] },
    ]),
    records: counts[i]!,
    traceId,
  }));
}

/** Log records of orders. */
export function shopLogs(count: number, startMs: number, overMs: number): ShopRequest {
  const writer = new MessageWriter(64 * 1024);
  const random = new Uint32Array(count * 6);
  randomFillSync(random);
  let traceId = "";
  for (let i = 0; i < count; i++) {
    const [word0, word1, word2, word3, span0, span1] = random.subarray(6 * i, 6 * i + 6);
    traceId = [word0, word1, word2, word3]
      .map((word) => word!.toString(16).padStart(8, "0"))
      .join("");
    const ms = Math.round(startMs + (overMs * i) / count);
    writeLogRecord(writer, {
      seconds: Math.floor(ms / 1_000),
      nanos: (ms % 1_000) * 1_000_000,
      severityNumber: i % 40 === 0 ? 17 : 9,
      severityText: i % 40 === 0 ? "ERROR" : "INFO",
      body: i % 40 === 0 ? "the card was declined: insufficient_funds" : "order placed",
      attributes: {
        keys: ["order", "country", "total", "currency", "request"],
        values: [
          `ord_${word0!.toString(16)}-${word1! % 10_000}`,
          ["DE", "US", "DK"][i % 3],
          word2! % 20_000,
          "USD",
          word3!.toString(16),
        ],
        dropped: 0,
      },
      ids: {
        trace: { word0: word0!, word1: word1!, word2: word2!, word3: word3! },
        span0: span0!,
        span1: span1!,
      },
      flags: 1,
    });
  }
  const request = encodeRequest(SERVICES[1]!, "", [
    { scope: SCOPE, schemaUrl: "", pieces: [writer.take()] },
  ]);
  return { request, records: count, traceId };
}
