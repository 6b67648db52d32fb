// grpcHealth() against servers that are right, slow, gone, wrong, and no gRPC servers at all.

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import {
  createServer as createHttp2Server,
  createSecureServer,
  type Http2Server,
  type ServerHttp2Stream,
} from "node:http2";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import type { CheckResult } from "@flx/monitoring/health";
import { grpcHealth, type GrpcHealthOptions } from "@flx/monitoring/grpc/health-client";
import { freePort, temporaryFolder } from "@flx/testkit";
import {
  type handleUnaryCall,
  Server as GrpcServer,
  ServerCredentials,
  type ServiceDefinition,
} from "@grpc/grpc-js";
// The shop makes its certificates with code alone, which also serves here: no OpenSSL, no files in the repository.
import { selfSigned } from "../../../examples/shop/src/grpc/self-signed.ts";

type Bytes = handleUnaryCall<Buffer, Buffer>;

/** Asks once, with a deadline that no healthy server needs. */
async function ask(options: GrpcHealthOptions, timeoutMs = 5_000): Promise<CheckResult> {
  const { signal } = new AbortController();
  return (await grpcHealth(options)({ signal, timeoutMs })) as CheckResult;
}

/** What is refused: the code, the gRPC status, and words of the message. */
function refusal(code: string, status: string, words: RegExp) {
  return (error: unknown): true => {
    const { message } = error as Error;
    assert.deepEqual(
      { code: (error as { code?: string }).code, status: (error as { status?: string }).status },
      { code, status },
      message,
    );
    assert.match(message, words);
    return true;
  };
}

const identity = (bytes: Buffer): Buffer => bytes;

/** A grpc-js server whose health is answered by a handler of bytes. */
async function grpcServer(
  t: TestContext,
  check: Bytes,
  { credentials = ServerCredentials.createInsecure(), address = "127.0.0.1:0" } = {},
): Promise<{ port: number; server: GrpcServer }> {
  const server = new GrpcServer();
  for (const path of ["/grpc.health.v1.Health/Check", "/flx.v1.FlxService/HealthCheck"]) {
    const rpc = {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    };
    server.addService({ check: rpc } satisfies ServiceDefinition, { check });
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  t.after(() => server.forceShutdown());
  return { port, server };
}

const answers = (hex: string): Bytes => {
  return (_call, answer) => answer(null, Buffer.from(hex, "hex"));
};

/** Listens on any port and closes everything at the end. */
async function listen(t: TestContext, server: Server | Http2Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A folder with the certificates of a server and of a client, and one of a stranger. */
async function certificates(t: TestContext) {
  const folder = await temporaryFolder();
  t.after(() => folder[Symbol.asyncDispose]());
  const make = async (name: string, nowMs = Date.now()) => {
    const { certificate, key } = selfSigned(nowMs);
    const certFile = join(folder.path, `${name}.pem`);
    const keyFile = join(folder.path, `${name}.key`);
    await writeFile(certFile, certificate);
    await writeFile(keyFile, key);
    return { certFile, keyFile, certificate: Buffer.from(certificate), key: Buffer.from(key) };
  };
  return {
    folder: folder.path,
    server: await make("server"),
    client: await make("client"),
    stranger: await make("stranger"),
    old: await make("old", Date.parse("2010-01-01")),
  };
}

test("grpcHealth() gives the state that a grpc-js server has", async (t) => {
  let hex = "0801";
  const { port } = await grpcServer(t, (call, answer) => answers(hex)(call, answer));
  const target = `127.0.0.1:${port}`;

  assert.deepEqual(await ask({ target }), { status: "healthy" });
  hex = "0802";
  assert.deepEqual(await ask({ target }), {
    status: "unhealthy",
    message: "it answers NOT_SERVING",
  });
  hex = "";
  assert.deepEqual(await ask({ target }), { status: "unknown", message: "it answers UNKNOWN" });
  hex = "0803";
  await assert.rejects(
    ask({ target, service: "shop.Orders" }),
    refusal("FLX_GRPC_STATUS", "NOT_FOUND", /knows no service "shop\.Orders"/),
  );
});

test("grpcHealth() sends the service, the token and its deadline", async (t) => {
  const seen: unknown[] = [];
  const { port } = await grpcServer(t, (call, answer) => {
    const left = Number(call.getDeadline()) - Date.now();
    seen.push(call.request.toString("hex"), call.metadata.get("authorization"), left > 0);
    answer(null, Buffer.from("0801", "hex"));
  });
  await ask({ target: `localhost:${port}`, service: "a.B", token: "abc", deadlineMs: 4_000 });
  assert.deepEqual(seen, ["0a03612e42", ["Bearer abc"], true]);
});

test("grpcHealth() gives the components that flx.v1 tells of", async (t) => {
  const component = "0a0864656772616465641204736c6f77"; // degraded, "slow"
  const entry = `0a0264621210${component}`;
  const { port } = await grpcServer(t, answers(`08011216${entry}1a086465677261646564`));
  assert.deepEqual(await ask({ target: `127.0.0.1:${port}`, protocol: "flx.v1" }), {
    status: "degraded",
    components: { db: { status: "degraded", message: "slow", critical: false } },
    message: "db is degraded",
  });
});

test("grpcHealth() asks over a Unix socket", async (t) => {
  await using folder = await temporaryFolder();
  const target = `unix:${join(folder.path, "health.sock")}`;
  await grpcServer(t, answers("0801"), { address: target });
  assert.deepEqual(await ask({ target }), { status: "healthy" });
  await assert.rejects(
    ask({ target: `${target}.none` }),
    refusal("FLX_GRPC_UNREACHABLE", "UNAVAILABLE", /no such socket/),
  );
});

test("grpcHealth() shows a status that is not OK by its name", async (t) => {
  const { port } = await grpcServer(t, (_call, answer) =>
    answer({ code: 7, details: "100% no,\nnot \u2028 for you" }),
  );
  await assert.rejects(
    ask({ target: `127.0.0.1:${port}` }),
    refusal(
      "FLX_GRPC_STATUS",
      "PERMISSION_DENIED",
      /answers PERMISSION_DENIED: 100% no, not for you$/,
    ),
  );
  const empty = new GrpcServer();
  const other = await new Promise<number>((resolve, reject) => {
    empty.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  t.after(() => empty.forceShutdown());
  await assert.rejects(
    ask({ target: `127.0.0.1:${other}` }),
    refusal("FLX_GRPC_STATUS", "UNIMPLEMENTED", /UNIMPLEMENTED/),
  );
});

test("grpcHealth() gives up on a server that hangs, at whatever stage, and when it is told to", async (t) => {
  const silent = await listen(t, createTcpServer());
  const { port: slow } = await grpcServer(t, () => {});
  const late = refusal("FLX_GRPC_DEADLINE", "DEADLINE_EXCEEDED", /not answered within 100 ms/);
  await assert.rejects(ask({ target: `127.0.0.1:${silent}` }, 100), late);
  await assert.rejects(ask({ target: `127.0.0.1:${silent}`, tls: true }, 100), late);
  await assert.rejects(ask({ target: `127.0.0.1:${slow}`, deadlineMs: 100 }), late);

  const controller = new AbortController();
  const check = grpcHealth({ target: `127.0.0.1:${slow}` });
  const asked = Promise.resolve(check({ signal: controller.signal, timeoutMs: 60_000 }));
  setImmediate(() => controller.abort());
  const given = refusal("FLX_GRPC_DEADLINE", "CANCELLED", /given up/);
  await assert.rejects(asked, given);
  await assert.rejects(
    Promise.resolve(check({ signal: AbortSignal.abort(), timeoutMs: 60_000 })),
    given,
  );
});

test("grpcHealth() says that nobody listens, that there is no such host, that a server has stopped", async (t) => {
  const port = await freePort();
  const gone = refusal("FLX_GRPC_UNREACHABLE", "UNAVAILABLE", /nobody listens there/);
  await assert.rejects(ask({ target: `127.0.0.1:${port}` }), gone);
  await assert.rejects(
    ask({ target: "no-such-host.invalid:1" }),
    refusal("FLX_GRPC_UNREACHABLE", "UNAVAILABLE", /no address for the host|name server/),
  );
  const { port: stopped, server } = await grpcServer(t, answers("0801"));
  const target = `127.0.0.1:${stopped}`;
  assert.deepEqual(await ask({ target }), { status: "healthy" });
  server.forceShutdown();
  await assert.rejects(ask({ target }), gone);
});

test("grpcHealth() trusts whom it is told to over TLS, and nobody else", async (t) => {
  const { folder, server, stranger, old } = await certificates(t);
  const tlsServer = (pair: typeof server) =>
    grpcServer(t, answers("0801"), {
      credentials: ServerCredentials.createSsl(null, [
        { cert_chain: pair.certificate, private_key: pair.key },
      ]),
    });
  const { port } = await tlsServer(server);
  const target = `127.0.0.1:${port}`;
  const refused = (words: RegExp) => refusal("FLX_GRPC_UNREACHABLE", "UNAVAILABLE", words);
  const caFile = server.certFile;

  assert.deepEqual(await ask({ target, tls: { caFile } }), { status: "healthy" });
  assert.deepEqual(await ask({ target: `localhost:${port}`, tls: { caFile } }), {
    status: "healthy",
  });
  assert.deepEqual(await ask({ target, tls: { insecure: true } }), { status: "healthy" });
  await assert.rejects(ask({ target, tls: { caFile: stranger.certFile } }), refused(/caFile/));
  await assert.rejects(ask({ target, tls: true }), refused(/caFile/));
  await assert.rejects(
    ask({ target, tls: { caFile, serverName: "orders.internal" } }),
    refused(/serverName/),
  );
  await assert.rejects(ask({ target }), refused(/TLS port/));

  const { port: expired } = await tlsServer(old);
  await assert.rejects(
    ask({ target: `127.0.0.1:${expired}`, tls: { caFile: old.certFile } }),
    refused(/expired/),
  );
  const { port: plain } = await grpcServer(t, answers("0801"));
  await assert.rejects(
    ask({ target: `127.0.0.1:${plain}`, tls: { caFile } }),
    refused(/cannot ask/),
  );
  await assert.rejects(ask({ target, tls: { caFile: join(folder, "none.pem") } }), {
    code: "FLX_GRPC_TLS_FILES",
    message: /cannot read .*none\.pem: ENOENT/,
  });
  await assert.rejects(ask({ target, tls: { certFile: server.certFile } }), {
    code: "FLX_GRPC_TLS_FILES",
    message: /no keyFile/,
  });
  await mkdir(join(folder, "empty"));
  await writeFile(join(folder, "empty", "ca.pem"), "hello");
  await assert.rejects(ask({ target, tls: { caFile: join(folder, "empty", "ca.pem") } }), {
    code: "FLX_GRPC_TLS_FILES",
    message: /no PEM/,
  });
});

test("grpcHealth() shows its certificate to a server that wants one (mTLS)", async (t) => {
  const { server, client, stranger } = await certificates(t);
  const { port } = await grpcServer(t, answers("0801"), {
    credentials: ServerCredentials.createSsl(
      client.certificate,
      [{ cert_chain: server.certificate, private_key: server.key }],
      true,
    ),
  });
  const target = `127.0.0.1:${port}`;
  const tls = (pair: { certFile: string; keyFile: string }) => {
    return { caFile: server.certFile, certFile: pair.certFile, keyFile: pair.keyFile };
  };
  assert.deepEqual(await ask({ target, tls: tls(client) }), { status: "healthy" });
  const refused = refusal("FLX_GRPC_UNREACHABLE", "UNAVAILABLE", /certificate|reset|closed/);
  await assert.rejects(ask({ target, tls: tls(stranger) }), refused);
  await assert.rejects(ask({ target, tls: { caFile: server.certFile } }), refused);
});

test("grpcHealth() is told apart from what is no gRPC server", async (t) => {
  const wrong = (words: RegExp) => refusal("FLX_GRPC_PROTOCOL", "INTERNAL", words);
  const http1 = await listen(
    t,
    createHttpServer((_request, response) => response.end("hello")),
  );
  await assert.rejects(ask({ target: `127.0.0.1:${http1}` }), wrong(/not HTTP\/2/));

  const greeting = await listen(
    t,
    createTcpServer((socket) => socket.end("220 mail.example ESMTP\r\n")),
  );
  await assert.rejects(ask({ target: `127.0.0.1:${greeting}` }), wrong(/not HTTP\/2/));
  const closing = await listen(
    t,
    createTcpServer((socket) => socket.destroy()),
  );
  await assert.rejects(ask({ target: `127.0.0.1:${closing}` }), {
    message: /not HTTP\/2|reset|closed/,
  });

  const pages: readonly (readonly [RegExp, (stream: ServerHttp2Stream) => void])[] = [
    [/HTTP 404/, (stream) => stream.respond({ ":status": 404 }, { endStream: true })],
    [
      /HTTP 302/,
      (stream) => stream.respond({ ":status": 302, location: "/" }, { endStream: true }),
    ],
    [
      /answers text\/html/,
      (stream) => {
        stream.respond({ ":status": 200, "content-type": "text/html" });
        stream.end("<h1>Welcome</h1>");
      },
    ],
    [/without a content type/, (stream) => stream.respond({ ":status": 200 }, { endStream: true })],
  ];
  const grpc = { ":status": 200, "content-type": "application/grpc" } as const;
  const almost: readonly (readonly [RegExp, (stream: ServerHttp2Stream) => void])[] = [
    [
      /without a gRPC status/,
      (stream) => {
        stream.respond(grpc);
        stream.end(Buffer.from("00000000020801", "hex"));
      },
    ],
    [
      /OK and has no message/,
      (stream) => stream.respond({ ...grpc, "grpc-status": "0" }, { endStream: true }),
    ],
    [
      /without a gRPC status/,
      (stream) => stream.respond({ ...grpc, "grpc-status": "OK" }, { endStream: true }),
    ],
  ];
  const bodies: readonly (readonly [RegExp, string | Buffer])[] = [
    [/compressed/, "01000000020801"],
    [/another length/, "00000000030801"],
    [/another length/, "0000000002080100000000020801"],
    [/in the head/, "0000"],
    [/no health/, "000000000108"],
    [/more than 4096 bytes/, Buffer.alloc(200_000)],
  ];
  const withTrailers = (body: string | Buffer) => (stream: ServerHttp2Stream) => {
    stream.respond(grpc, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(typeof body === "string" ? Buffer.from(body, "hex") : body);
  };
  const framed = bodies.map(([words, body]) => [words, withTrailers(body)] as const);
  for (const [words, respond] of [...pages, ...almost, ...framed]) {
    const port = await listen(
      t,
      createHttp2Server().on("stream", (stream) => {
        stream.on("error", () => {});
        respond(stream);
      }),
    );
    await assert.rejects(ask({ target: `127.0.0.1:${port}` }), wrong(words));
  }
});

test("grpcHealth() survives connections that break, and TLS without HTTP/2", async (t) => {
  const reset = await listen(
    t,
    createHttp2Server().on("stream", (stream) => stream.close(8)),
  );
  await assert.rejects(ask({ target: `127.0.0.1:${reset}` }), {
    code: /^FLX_GRPC_(UNREACHABLE|PROTOCOL)$/,
  });
  const quit = await listen(
    t,
    createHttp2Server().on("stream", (stream) => stream.session?.destroy()),
  );
  await assert.rejects(ask({ target: `127.0.0.1:${quit}` }), { code: "FLX_GRPC_UNREACHABLE" });

  const { server } = await certificates(t);
  const pair = { cert: server.certificate, key: server.key };
  const http1 = await listen(
    t,
    createTlsServer({ ...pair, ALPNProtocols: ["http/1.1"] }, (socket) => socket.end("hello")),
  );
  const caFile = server.certFile;
  await assert.rejects(ask({ target: `127.0.0.1:${http1}`, tls: { caFile } }), {
    code: /^FLX_GRPC_(UNREACHABLE|PROTOCOL)$/,
  });
  const noAlpn = await listen(
    t,
    createTlsServer(pair, (socket) => {
      socket.on("error", () => {});
      socket.end("hello");
    }),
  );
  await assert.rejects(ask({ target: `127.0.0.1:${noAlpn}`, tls: { caFile } }), {
    code: /^FLX_GRPC_(UNREACHABLE|PROTOCOL)$/,
  });
  const pushing = await listen(
    t,
    createSecureServer(pair).on("stream", (stream: ServerHttp2Stream) => {
      stream.on("error", () => {});
      stream.additionalHeaders({ ":status": 103 });
      stream.respond(
        { ":status": 200, "content-type": "application/grpc+proto" },
        { waitForTrailers: true },
      );
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.from("00000000020801", "hex"));
    }),
  );
  assert.deepEqual(await ask({ target: `127.0.0.1:${pushing}`, tls: { caFile } }), {
    status: "healthy",
  });
});

test("grpcHealth() leaves no socket, timer or listener behind", async (t) => {
  const { port } = await grpcServer(t, answers("0801"));
  const target = `127.0.0.1:${port}`;
  const { signal } = new AbortController();
  let added = 0;
  const counting = Object.create(signal, {
    aborted: { value: false },
    addEventListener: { value: () => added++ },
    removeEventListener: { value: () => added-- },
  }) as AbortSignal;
  const check = grpcHealth({ target });
  await check({ signal: counting, timeoutMs: 5_000 });
  const before = process.getActiveResourcesInfo().length;
  for (let i = 0; i < 100; i++) await check({ signal: counting, timeoutMs: 60_000 });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(added, 0);
  const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout");
  assert.ok(process.getActiveResourcesInfo().length <= before + 10, String(before));
  assert.ok(timers.length <= 10, String(timers.length));
});
