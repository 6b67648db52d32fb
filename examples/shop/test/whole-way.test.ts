// The whole way, by public APIs only: a request in the shop, what was counted of it, its trace, the log records of a span,
// and the error with the line and the values that it failed with.
//
//   POST /orders ─► 500      rate of failed calls      exemplar ─► trace ─► span ─► logs
//                                                                            └────► error group ─► frame, locals

import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "@flx/testkit";
import { openShop } from "./open-shop.ts";

const WAIT = { timeoutMs: 240_000, everyMs: 500 };
const METHOD = "shop.orders.v1.Orders/PlaceOrder";

interface Span {
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly service: string;
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface Exemplars {
  readonly seriesLabels: Readonly<Record<string, string>>;
  readonly exemplars: readonly { readonly labels: { readonly trace_id?: string } }[];
}

interface LogRecord {
  readonly body: unknown;
  readonly spanId: string;
  readonly service: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface Frame {
  readonly function?: string;
  readonly file?: string;
  readonly line?: number;
  readonly isOwn: boolean;
  readonly locals: readonly { readonly name: string; readonly value: string }[];
}

interface Group {
  readonly type: string;
  readonly message: string;
  readonly culprit: string;
  readonly firstRelease: string;
  readonly services: readonly { readonly name: string }[];
  readonly examples: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly release: string;
    readonly frames: readonly Frame[];
  }[];
}

test("a failing request leads from the metric to the line and the values that it failed with", async () => {
  await using shop = await openShop({ args: ["--station", "--traffic", "none"] });
  const { stationUrl } = await shop.status();
  const ask = async <T>(path: string, parameters: Record<string, string> = {}): Promise<T> => {
    const response = await fetch(
      `${stationUrl}${path}?${new URLSearchParams(parameters).toString()}`,
    );
    const body = (await response.json()) as { readonly data: T; readonly error?: string };
    assert.equal(response.status, 200, `${path}: ${body.error}`);
    return body.data;
  };

  // The request. The second of its kind is looked at closely: values of variables are captured from then on.
  assert.equal((await shop.place({ country: "DK" })).status, 201);
  const control = `http://127.0.0.1:${shop.ports.control}/faults/bad-deploy`;
  await fetch(control, { method: "POST", body: JSON.stringify({ on: true }) });
  await waitUntil(async () => (await shop.place({ country: "DK" })).status === 500, {
    ...WAIT,
    what: "an order that fails",
  });

  // The error is known, with values; so the next steps have what they are to find.
  const groups = () =>
    ask<{ readonly fingerprint: string; readonly type: string }[]>("/api/v1/errors", {
      service: "orders",
      text: "reduced-tax",
    });
  const seen = await waitUntil(
    async () => {
      await shop.place({ country: "DK" });
      for (const { fingerprint } of await groups()) {
        const group = await ask<Group>(`/api/v1/errors/${fingerprint}`);
        const example = group.examples.find(({ frames }) =>
          frames.some(({ isOwn, locals }) => isOwn && locals.length > 0),
        );
        if (example !== undefined) return { fingerprint, example };
      }
      return undefined;
    },
    { ...WAIT, what: "an occurrence with values of variables" },
  );

  // What was counted: calls that failed, and a trace for each.
  const failed = `flx_grpc_requests_total{job="shop", process="orders", method="${METHOD}", status="INTERNAL"}`;
  await waitUntil(
    async () => {
      const { result } = await ask<{ readonly result: readonly unknown[] }>("/api/v1/query", {
        query: `${failed} > 0`,
      });
      return result.length > 0;
    },
    { ...WAIT, what: "failed calls to be counted" },
  );
  const end = Date.now() / 1_000 + 60;
  const exemplars = await ask<Exemplars[]>("/api/v1/query_exemplars", {
    query: failed,
    start: String(end - 600),
    end: String(end),
  });
  assert.equal(exemplars[0]?.seriesLabels["status"], "INTERNAL");
  const traceId = exemplars.flatMap((each) => each.exemplars).at(-1)?.labels.trace_id;
  assert.match(traceId ?? "", /^[0-9a-f]{32}$/);

  // The trace: from the gateway to orders, failed on both sides.
  const { spans } = await ask<{ readonly spans: readonly Span[] }>(`/api/v1/traces/${traceId}`);
  const server = spans.find(({ service, kind }) => service === "orders" && kind === "server");
  assert.equal(server?.name, METHOD);
  assert.equal(server.status, "error");
  const client = spans.find(({ spanId }) => spanId === server.parentSpanId);
  const root = spans.find(({ spanId }) => spanId === client?.parentSpanId);
  assert.deepEqual([client?.service, root?.name], ["gateway", "POST /orders"]);
  assert.equal(root?.attributes["http.response.status_code"], 500);

  // The log records of that span say what failed.
  const logs = await waitUntil(
    async () => {
      const found = await ask<LogRecord[]>("/api/v1/logs", {
        trace_id: traceId!,
        span_id: server.spanId,
        severity: "error",
      });
      return found.length > 0 ? found : undefined;
    },
    { ...WAIT, what: "the log records of the span" },
  );
  assert.ok(logs.every(({ spanId, service }) => spanId === server.spanId && service === "orders"));
  assert.match(JSON.stringify(logs), /Cannot read properties of undefined/);

  // The error group of that span: the release that brought it, the line, the values.
  const fingerprint = String(server.attributes["flx.error.fingerprint"]);
  assert.equal(fingerprint, seen.fingerprint);
  const group = await ask<Group>(`/api/v1/errors/${fingerprint}`);
  assert.deepEqual([group.type, group.firstRelease], ["TypeError", "1.5.0"]);
  assert.deepEqual(
    group.services.map(({ name }) => name),
    ["orders"],
  );
  const [frame] = seen.example.frames;
  assert.equal(frame?.function, "taxRate");
  assert.match(`${frame.file}:${frame.line}`, /reduced-tax\.ts:\d+$/);
  const values = Object.fromEntries(frame.locals.map(({ name, value }) => [name, value]));
  assert.equal(values["reduced"], "undefined");
  assert.equal(values["category"], "'tea'");
  assert.match(values["market"] ?? "", /country: 'DK'/);

  // And its trace is kept, too, and a person sees all of it.
  const its = await ask<{ readonly spans: readonly Span[] }>(
    `/api/v1/traces/${seen.example.traceId}`,
  );
  assert.ok(its.spans.some(({ spanId }) => spanId === seen.example.spanId));
  for (const [path, want] of [
    ["/", /Cannot read properties of undefined/],
    [`/errors/${fingerprint}`, /reduced-tax\.ts:\d+/],
    [`/traces/${traceId}?span=${server.spanId}`, /Logs of this span/],
    [`/query?query=${encodeURIComponent(failed)}`, /<h2>Exemplars/],
  ] as const) {
    const page = await (await fetch(stationUrl + path)).text();
    assert.ok(want.test(page), `${path} does not show ${want}`);
  }
});
