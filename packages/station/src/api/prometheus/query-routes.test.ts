import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Labels } from "@flx/model";
import { MemoryQueryable, PromqlEngine } from "@flx/promql";
import { ActiveQueries } from "../../query/active-queries.ts";
import { Gate } from "../../query/gate.ts";
import { QueryRunner } from "../../query/query-runner.ts";
import { HttpServer } from "../http/http-server.ts";
import { queryRoutes } from "./query-routes.ts";

const memory = new MemoryQueryable();
for (let i = 0; i <= 40; i++) {
  for (const job of ["a", "b"]) {
    memory.append(Labels.from({ __name__: "x_total", job }), i * 15_000, i * (job === "a" ? 1 : 2));
  }
}
const now = () => 600_000;
const outcomes: string[] = [];
const runner = new QueryRunner({
  engine: new PromqlEngine({ queryable: memory, now: () => performance.now() }),
  gate: new Gate(2, 2),
  active: new ActiveQueries(undefined),
  now,
  timeoutMs: 5_000,
  observer: { onQuery: (kind, outcome) => void outcomes.push(`${kind} ${outcome}`) },
});
const server = await HttpServer.start({
  host: "127.0.0.1",
  port: 0,
  routes: queryRoutes({ runner, now }),
  gate: { admit: () => ({ name: "anonymous", roles: new Set(["read"]) }) },
});
after(() => server.close());

interface Body {
  readonly status: string;
  readonly data?: unknown;
  readonly errorType?: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

async function get(
  path: string,
  init: RequestInit = {},
): Promise<Body & { readonly code: number }> {
  const response = await fetch(`${server.url}/api/v1/${path}`, init);
  return { code: response.status, ...((await response.json()) as Body) };
}

test("query answers at a time, by GET and by form", async () => {
  const want = {
    resultType: "vector",
    result: [
      { metric: { job: "a" }, value: [300, "20"] },
      { metric: { job: "b" }, value: [300, "40"] },
    ],
  };
  const query = "sum by (job) (x_total)";
  const byGet = await get(`query?query=${encodeURIComponent(query)}&time=300`);
  assert.deepEqual(byGet.data, want);
  const byPost = await get("query?time=1", {
    method: "POST",
    body: new URLSearchParams({ query, time: "1970-01-01T00:05:00Z" }),
  });
  assert.deepEqual(byPost.data, want);
  assert.deepEqual((await get("query?query=1%2B1")).data, {
    resultType: "scalar",
    result: [600, "2"],
  });
});

test("query cuts at limit and says so; stats=all tells the cost", async () => {
  const cut = await get("query?query=x_total&limit=1&stats=all");
  assert.deepEqual(cut.warnings, ["results truncated due to limit"]);
  const { result, stats } = cut.data as {
    result: unknown[];
    stats: { samples: { totalQueryableSamples: number } };
  };
  assert.equal(result.length, 1);
  assert.ok(stats.samples.totalQueryableSamples > 0);
});

test("query_range answers at every step", async () => {
  const { data } = await get("query_range?query=x_total{job='a'}&start=0&end=60&step=30");
  assert.deepEqual(data, {
    resultType: "matrix",
    result: [
      {
        metric: { __name__: "x_total", job: "a" },
        values: [
          [0, "0"],
          [30, "2"],
          [60, "4"],
        ],
      },
    ],
  });
});

test("queries are refused in Prometheus' words", async () => {
  const f = async (path: string, code: number, errorType: string, error: string | RegExp) => {
    const answer = await get(path);
    assert.equal(answer.code, code, path);
    assert.equal(answer.errorType, errorType, path);
    if (typeof error === "string") assert.equal(answer.error, error);
    else assert.match(answer.error ?? "", error);
  };

  await f("query?query=up(", 400, "bad_data", /^invalid parameter "query": 1:/);
  await f(
    "query",
    400,
    "bad_data",
    /^invalid parameter "query": unknown position: parse error: no expression found in input/,
  );
  await f(
    "query?query=up&time=x",
    400,
    "bad_data",
    'invalid parameter "time": cannot parse "x" to a valid timestamp',
  );
  await f(
    "query?query=up&timeout=x",
    400,
    "bad_data",
    'invalid parameter "timeout": cannot parse "x" to a valid duration',
  );
  await f(
    "query?query=up&limit=-1",
    400,
    "bad_data",
    'invalid parameter "limit": limit must be non-negative',
  );
  await f(
    "query_range?query=up&start=0&end=1&step=0",
    400,
    "bad_data",
    /zero or negative query resolution/,
  );
  await f(
    "query_range?query=up&start=2&end=1&step=1",
    400,
    "bad_data",
    'invalid parameter "end": end timestamp must not be before start time',
  );
  await f(
    "query_range?query=up&start=0&end=11001&step=1",
    400,
    "bad_data",
    /exceeded maximum resolution of 11,000/,
  );
  await f(
    "query_range?query=up[1m]&start=0&end=1&step=1",
    400,
    "bad_data",
    /invalid expression type "range vector" for range query/,
  );
  await f("query?query=x_total%20*%20on()%20x_total", 422, "execution", /many-to-many/);
  await f("nothing", 404, "not_found", /there is no \/api\/v1\/nothing/);
});

test("a method that a path does not have is answered with those it has", async () => {
  const response = await fetch(`${server.url}/api/v1/query`, { method: "DELETE" });
  assert.equal(response.status, 405);
  assert.equal(response.headers.get("allow"), "GET, POST, HEAD");
});

test("format_query and parse_query say what a text means", async () => {
  assert.equal((await get("format_query?query=sum(x)by(job)")).data, "sum by (job) (x)");
  const { data } = await get(
    `parse_query?query=${encodeURIComponent('rate(x{a="b"}[5m] offset 1m)')}`,
  );
  assert.deepEqual(data, {
    type: "call",
    func: { name: "rate", argTypes: ["matrix"], variadic: 0, returnType: "vector" },
    args: [
      {
        type: "matrixSelector",
        name: "x",
        range: 300_000,
        offset: 60_000,
        matchers: [
          { name: "a", value: "b", type: "=" },
          { name: "__name__", value: "x", type: "=" },
        ],
        timestamp: null,
        startOrEnd: null,
      },
    ],
  });
});

test("each query is counted with its outcome", async () => {
  outcomes.length = 0;
  await get("query?query=1");
  await get("query_range?query=vector(1)&start=0&end=1&step=1");
  await get("query?query=x_total%20*%20on()%20x_total");
  assert.deepEqual(outcomes, ["instant success", "range success", "instant FLX_PROMQL_EXECUTION"]);
});

test("a large answer is compressed when the client takes it, and whole", async () => {
  const wide = "label_replace(vector(1),'a','" + "x".repeat(5_000) + "','','')";
  const response = await fetch(`${server.url}/api/v1/query?query=${encodeURIComponent(wide)}`, {
    headers: { "accept-encoding": "gzip" },
  });
  assert.equal(response.headers.get("content-encoding"), "gzip");
  const body = (await response.json()) as { data: { result: { metric: { a: string } }[] } };
  assert.equal(body.data.result[0]?.metric.a.length, 5_000);
});
