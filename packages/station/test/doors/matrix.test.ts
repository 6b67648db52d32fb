// Who may what, all of it: every route of all three doors, asked with every method by everybody.
//
//                     none   wrong token   read   write   admin
//   public             in        in         in     in      in
//   read              401       401         in    403      in
//   write             401       401        403     in      in
//   read and write    401       401        403    403      in      acting on error groups; who has both is in
//   admin             401       401        403    403      in
//   another method    405       405        405    405     405
//
// EXPECTED is written by hand, and compared with the station's own table of routes: a route that is added there without
// a line here fails, as does one whose role was changed.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect, constants } from "node:http2";
import { after, test } from "node:test";
import { temporaryFolder } from "@flx/testkit";
import type { DoorRule } from "../../src/base/access/door-rule.ts";
import { startStation } from "../../src/start-station.ts";

type Needs = "public" | "read" | "write" | "read and write" | "admin";

const SERVICES = "/opentelemetry.proto.collector";

const EXPECTED: Readonly<Record<DoorRule["door"], Readonly<Partial<Record<Needs, string>>>>> = {
  http: {
    public: `
      GET /livez                  GET /livez/:name
      GET /readyz                 GET /readyz/:name
      GET /startupz               GET /startupz/:name
      GET /healthz                GET /healthz/:name
      GET /-/healthy              GET /-/ready
      GET /page/page.css          GET /page/icon.svg
    `,
    read: `
      GET /                       GET /query
      GET /traces                 GET /traces/:id
      GET /errors                 GET /errors/:fingerprint
      GET /logs
      GET /metrics                GET /federate
      GET /api/v1/status/busiest  POST /api/v1/read
      GET /api/v1/query           POST /api/v1/query
      GET /api/v1/query_range     POST /api/v1/query_range
      GET /api/v1/query_exemplars POST /api/v1/query_exemplars
      GET /api/v1/format_query    POST /api/v1/format_query
      GET /api/v1/parse_query     POST /api/v1/parse_query
      GET /api/v1/labels          POST /api/v1/labels
      GET /api/v1/series          POST /api/v1/series
      GET /api/v1/label/:name/values
      GET /api/v1/metadata        GET /api/v1/targets
      GET /api/v1/scrape_pools    GET /api/v1/targets/metadata
      GET /api/v1/status/active_queries
      GET /api/v1/status/buildinfo  GET /api/v1/status/runtimeinfo
      GET /api/v1/status/flags    GET /api/v1/status/config
      GET /api/v1/status/tsdb     GET /api/v1/status/walreplay
      GET /api/v1/traces          GET /api/v1/traces/:id
      GET /api/v1/spans           GET /api/v1/services
      GET /api/v1/services/:service/operations
      GET /api/v1/service-calls   GET /api/v1/services/graph
      GET /api/v1/logs            GET /api/v1/logs/position
      GET /api/v1/errors          GET /api/v1/errors/:fingerprint
      GET /api/services           GET /api/services/:service/operations
      GET /api/operations         GET /api/traces
      GET /api/traces/:id         GET /api/dependencies
    `,
    write: `
      POST /api/v1/write
      POST /v1/metrics            POST /api/v1/otlp/v1/metrics
      POST /v1/traces             POST /v1/logs
      POST /api/v2/spans
    `,
    "read and write": `
      POST /api/v1/errors/:fingerprint/resolve
      POST /api/v1/errors/:fingerprint/ignore
      POST /api/v1/errors/:fingerprint/reopen
    `,
    admin: `
      POST /-/reload              PUT /-/reload
      POST /-/quit                PUT /-/quit
      POST /api/v1/backups        GET /api/v1/backups/:name
    `,
  },
  otlpHttp: {
    write: `
      POST /v1/metrics            POST /api/v1/otlp/v1/metrics
      POST /v1/traces             POST /v1/logs
    `,
  },
  otlpGrpc: {
    write: `
      POST ${SERVICES}.metrics.v1.MetricsService/Export
      POST ${SERVICES}.trace.v1.TraceService/Export
      POST ${SERVICES}.logs.v1.LogsService/Export
    `,
  },
};

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const CALLERS: Readonly<Record<string, string | undefined>> = {
  nobody: undefined,
  wrong: "a-token-of-nobody-at-all",
  reader: "the-token-of-the-reader",
  writer: "the-token-of-the-writer",
  both: "the-token-of-who-has-both",
  admin: "the-token-of-the-admin",
};

/** What each caller gets of each need: the status, or 0 when it is let in. */
const WANT: Readonly<Record<Needs, Readonly<Record<string, number>>>> = {
  public: { nobody: 0, wrong: 0, reader: 0, writer: 0, both: 0, admin: 0 },
  read: { nobody: 401, wrong: 401, reader: 0, writer: 403, both: 0, admin: 0 },
  write: { nobody: 401, wrong: 401, reader: 403, writer: 0, both: 0, admin: 0 },
  "read and write": { nobody: 401, wrong: 401, reader: 403, writer: 403, both: 0, admin: 0 },
  admin: { nobody: 401, wrong: 401, reader: 403, writer: 403, both: 403, admin: 0 },
};

const folder = await temporaryFolder("matrix");
const configFile = folder.file("flx.yml");
await writeFile(
  configFile,
  `access:
  users:
    - { name: reader, roles: [read], token: ${CALLERS["reader"]} }
    - { name: writer, roles: [write], token: ${CALLERS["writer"]} }
    - { name: both, roles: [read, write], token: ${CALLERS["both"]} }
    - { name: admin, roles: [admin], token: ${CALLERS["admin"]} }
`,
);
let quits = 0;
const station = await startStation({
  configFile,
  dataFolder: folder.file("data"),
  http: "0",
  otlpGrpc: "0",
  otlpHttp: "0",
  memory: undefined,
  allowWithoutAccessControl: false,
  allowQuit: true,
  logLevel: "silent",
  onQuit: () => void quits++,
});
after(async () => {
  assert.deepEqual(await station.stop(), []);
  await folder.remove();
});

/** What a rule of the test needs, by "METHOD /path". */
function expectedOf(door: DoorRule["door"]): Map<string, Needs> {
  const needs = new Map<string, Needs>();
  for (const [need, text] of Object.entries(EXPECTED[door])) {
    for (const [, method, path] of text.matchAll(/([A-Z]+) (\S+)/g)) {
      needs.set(`${method} ${path}`, need as Needs);
    }
  }
  return needs;
}

for (const door of ["http", "otlpHttp", "otlpGrpc"] as const) {
  const expected = expectedOf(door);
  const paths = [...new Set([...expected.keys()].map((key) => key.split(" ")[1]!))];
  const ask = door === "otlpGrpc" ? askGrpc : askHttp(station.urls[door]);

  test(`${door}: the test knows every route of the station, and the role it needs`, () => {
    const served = station.rules.filter((rule) => rule.door === door);
    const ruled = served.map(({ method, path, role }) => `${role}: ${method} ${path}`);
    const known = [...expected].map(
      ([route, need]) => `${need === "read and write" ? "write" : need}: ${route}`,
    );
    assert.deepEqual(ruled.toSorted(), known.toSorted());
  });

  test(`${door}: every route x method x caller`, async (t) => {
    let asked = 0;
    for (const path of paths) {
      for (const method of METHODS) {
        const need = expected.get(`${method === "HEAD" ? "GET" : method} ${path}`);
        for (const [caller, token] of Object.entries(CALLERS)) {
          const status = await ask(method, path, token);
          const what = `${method} ${path} by ${caller}`;
          if (need === undefined) assert.equal(status, 405, what);
          else if (WANT[need][caller] !== 0) assert.equal(status, WANT[need][caller], what);
          else assert.ok(![401, 403, 405].includes(status) && status < 500, `${what}: ${status}`);
          asked++;
        }
      }
    }
    t.diagnostic(`${paths.length} paths, ${asked} requests`);
  });

  test(`${door}: what is not there is not there for anybody`, async () => {
    for (const token of Object.values(CALLERS)) {
      const status = await ask("POST", "/nothing/here", token);
      assert.equal(status, door === "otlpGrpc" ? GRPC_UNIMPLEMENTED : 404);
    }
  });
}

test("the admin alone has ended the station: once for each method", () => {
  assert.equal(quits, 2);
});

/** The path with something in the place of its parameters. */
function filled(path: string): string {
  return path.replaceAll(/:\w+|\*/g, "0123456789abcdef");
}

type Asker = (method: string, path: string, token: string | undefined) => Promise<number>;

function askHttp(url: string): Asker {
  return (method, path, token) =>
    new Promise((resolve, reject) => {
      const headers: Record<string, string> = { "content-type": "application/x-protobuf" };
      if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
      const asking = request(url + filled(path), { method, headers }, (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode ?? 0));
      });
      asking.on("error", reject);
      asking.end();
    });
}

const GRPC_UNIMPLEMENTED = 12;

/** gRPC's own statuses that stand for the ones of HTTP. */
const HTTP_OF: Readonly<Record<number, number>> = { 0: 200, 16: 401, 7: 403, 3: 400 };

async function askGrpc(method: string, path: string, token: string | undefined): Promise<number> {
  const session = connect(station.urls.otlpGrpc);
  try {
    const stream = session.request({
      ":method": method,
      ":path": path,
      "content-type": "application/grpc",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    });
    let status = 0;
    stream.on("response", (headers) => {
      const { ":status": http = 0 } = headers;
      if (http !== 200) status = http;
      else if (headers["grpc-status"] !== undefined) status = grpcStatus(headers["grpc-status"]);
    });
    stream.on("trailers", (trailers) => {
      status = grpcStatus(trailers["grpc-status"]);
    });
    // An empty message: five bytes that say so.
    if (method === "POST") stream.end(Buffer.alloc(5));
    else stream.end();
    stream.resume();
    await new Promise<void>((resolve, reject) => {
      stream.on("close", resolve);
      stream.on("error", (error) =>
        stream.rstCode === constants.NGHTTP2_NO_ERROR ? resolve() : reject(error),
      );
      session.on("error", reject);
    });
    return status;
  } finally {
    session.close();
  }
}

function grpcStatus(text: string | readonly string[] | undefined): number {
  const status = Number(text);
  return HTTP_OF[status] ?? status;
}
