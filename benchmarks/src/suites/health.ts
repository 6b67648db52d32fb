// Health: what a probe costs, and what the checks behind it cost.
//
//   probe     1,000 GET over 16 connections, from a thread of its own; timed is the server's thread, which is the
//             slower side. Behind each: 50 checks. Theirs run them all for each probe, although these checks do nothing
//             but count (real ones ask a database, which would be added 50 times to theirs); ours run in the background.
//             bare: node:http and a constant, the floor
//   details   the same with the state of all 50 in the answer, which the peers always send
//   engine    one run of a check that does nothing, by name: queue, deadline, result, state
//   1,000 checks every 10 s: what ten seconds cost, on a clock that is moved by hand
//
// Calls of dependencies are counted in the check that goes before the timing: 0 for a probe of ours, 50 for one of
// theirs; other figures end the run.
//
// lightship does not take part: it has no checks, its state is set by hand.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { createTerminus } from "@godaddy/terminus";
import { Controller, Get, Inject, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { HealthCheck, HealthCheckService, TerminusModule } from "@nestjs/terminus";
import { HealthChecker, healthHandler, ManualClock } from "@flx/monitoring/health";
import { contender, suite, type Suite } from "../harness/suite.ts";

const CHECKS = 50;
const PROBES = 1_000;
const TOKEN = "0123456789abcdef";
const PLAIN = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";
const DETAILS = `GET /readyz HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`;

/** Sends the same request again and again, and reads of the answers no more than it must. */
const clientProgram = `
const { parentPort } = require("node:worker_threads");
const { connect } = require("node:net");
parentPort.on("message", ({ port, request, count, connections }) => {
  let sent = 0, answered = 0, failed = 0, open = connections;
  const done = () => { if (--open === 0) parentPort.postMessage({ answered, failed }); };
  for (let i = 0; i < connections; i++) {
    const socket = connect(port, "127.0.0.1");
    let expected = -1, got = 0, head = "";
    const next = () => { if (sent++ < count) socket.write(request); else socket.end(); };
    socket.setNoDelay(true);
    socket.on("connect", next);
    socket.on("close", done);
    socket.on("data", (chunk) => {
      if (expected < 0) {
        head += chunk.toString("latin1");
        const end = head.indexOf("\\r\\n\\r\\n");
        if (end < 0) return;
        const length = /content-length: (\\d+)/i.exec(head);
        expected = length === null ? Infinity : end + 4 + Number(length[1]);
        got = head.length;
      } else got += chunk.length;
      // Without a length it comes in chunks, and the last one is empty.
      if (got < expected && chunk.toString("latin1", chunk.length - 5) !== "0\\r\\n\\r\\n") return;
      if (!head.startsWith("HTTP/1.1 200")) failed++;
      answered++; expected = -1; got = 0; head = "";
      next();
    });
  }
});
`;

/** Something that is probed. */
interface Probed {
  readonly port: number;
  readonly calls: () => number;
  readonly callsPerProbe: number;
  readonly load: (request: string, count: number) => Promise<void>;
  readonly request: string;
  readonly count: number;
}

let sharedClient: Worker | undefined;

async function load(port: number, request: string, count: number): Promise<void> {
  const client = (sharedClient ??= new Worker(clientProgram, { eval: true }));
  client.ref();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  client.postMessage({ port, request, count, connections: 16 });
  const [{ answered, failed }] = (await once(client, "message")) as [
    { answered: number; failed: number },
  ];
  client.unref();
  assert.deepEqual([answered, failed], [count, 0]);
}

/** Neither the server nor its connections keep the run from ending. */
async function listening(server: Server): Promise<number> {
  server.on("connection", (socket: Socket) => socket.unref());
  if (!server.listening) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  server.unref();
  return (server.address() as AddressInfo).port;
}

function counted() {
  let calls = 0;
  return {
    calls: () => calls,
    check: async () => {
      calls += 1;
    },
  };
}

async function probed(
  server: Server,
  request: string,
  { calls, callsPerProbe }: Pick<Probed, "calls" | "callsPerProbe">,
): Promise<Probed> {
  const port = await listening(server);
  return {
    port,
    calls,
    callsPerProbe,
    request,
    count: PROBES,
    load: (text, count) => load(port, text, count),
  };
}

/** What all must give: answers with 200, and as many calls of dependencies as they are known for. */
async function checkProbed(state: Probed): Promise<string> {
  const before = state.calls();
  await state.load(state.request, 100);
  assert.equal(state.calls() - before, 100 * state.callsPerProbe);
  return "100 answers";
}

const ours = (request: string) =>
  contender<Probed>({
    name: "ours",
    setup: async () => {
      const { calls, check } = counted();
      const health = new HealthChecker();
      // So seldom that no check runs in the seconds of a case: a probe is what is measured here.
      for (let i = 0; i < CHECKS; i++)
        health.register(`check ${i}`, check, { intervalMs: 3_600_000 });
      await health.check();
      const handler = healthHandler({ health, tokens: [TOKEN] });
      await health.stop();
      health.start();
      await new Promise((resolve) => {
        setTimeout(resolve, 500);
      });
      return probed(createServer(handler), request, { calls, callsPerProbe: 0 });
    },
    op: (state) => state.load(state.request, state.count),
    check: checkProbed,
  });

const bare = contender<Probed>({
  name: "bare node:http",
  setup: () => {
    const server = createServer((_request, response) => {
      const headers = { "content-type": "text/plain; charset=utf-8", "content-length": 8 };
      response.writeHead(200, headers).end("healthy\n");
    });
    return probed(server, PLAIN, { calls: () => 0, callsPerProbe: 0 });
  },
  op: (state) => state.load(state.request, state.count),
  check: checkProbed,
});

const terminus = (request: string) =>
  contender<Probed>({
    name: "@godaddy/terminus",
    package: "@godaddy/terminus",
    setup: () => {
      const { calls, check } = counted();
      const all = Array.from({ length: CHECKS }, () => check);
      // It wraps the listeners that are there; without one it would answer nothing.
      const server = createServer((_request, response) => response.end());
      createTerminus(server, {
        healthChecks: { "/readyz": () => Promise.all(all.map((each) => each())) },
        signals: [],
      });
      return probed(server, request, { calls, callsPerProbe: CHECKS });
    },
    op: (state) => state.load(state.request, state.count),
    check: checkProbed,
  });

const nest = (request: string) =>
  contender<Probed>({
    name: "@nestjs/terminus",
    package: "@nestjs/terminus",
    setup: async () => {
      const { calls, check } = counted();
      const indicators = Array.from({ length: CHECKS }, (_, i) => async () => {
        await check();
        return { [`check ${i}`]: { status: "up" as const } };
      });
      const app = await NestFactory.create(nestModule(indicators), { logger: false });
      await app.listen(0, "127.0.0.1");
      return probed(app.getHttpServer() as Server, request, { calls, callsPerProbe: CHECKS });
    },
    op: (state) => state.load(state.request, state.count),
    check: checkProbed,
  });

type Indicators = Parameters<HealthCheckService["check"]>[0];

/** What decorators would make of a controller and a module: they are functions, called here by hand. */
function nestModule(indicators: Indicators): new () => object {
  class ReadyController {
    readonly health: HealthCheckService;

    constructor(health: HealthCheckService) {
      this.health = health;
    }

    ready() {
      return this.health.check(indicators);
    }
  }
  // oxlint-disable-next-line typescript/no-extraneous-class -- what Nest takes for a module
  class ReadyModule {}
  const { prototype } = ReadyController;
  const ready = Object.getOwnPropertyDescriptor(prototype, "ready")!;
  Get()(prototype, "ready", ready);
  HealthCheck()(prototype, "ready", ready);
  Inject(HealthCheckService)(ReadyController, undefined, 0);
  Controller("readyz")(ReadyController);
  Module({ imports: [TerminusModule], controllers: [ReadyController] })(ReadyModule);
  return ReadyModule;
}

export const health: Suite = suite("health", {
  title: "Probes and checks",
  cases: [
    {
      name: `probe, ${CHECKS} checks, ${PROBES} probes`,
      kind: "long",
      async: true,
      contenders: [ours(PLAIN), bare, terminus(PLAIN), nest(PLAIN)],
      budgets: [
        // At most 1.1 times the floor.
        { against: "bare node:http", atLeast: 1 / 1.1 },
        { against: "@godaddy/terminus", atLeast: 1 },
        { against: "@nestjs/terminus", atLeast: 1 },
      ],
    },
    {
      name: `probe with the state of all ${CHECKS}, ${PROBES} probes`,
      kind: "long",
      async: true,
      contenders: [ours(DETAILS), terminus(DETAILS), nest(DETAILS)],
      budgets: [
        { against: "@godaddy/terminus", atLeast: 1 },
        { against: "@nestjs/terminus", atLeast: 1 },
      ],
    },
    {
      name: "one run of an asynchronous check",
      kind: "loop",
      async: true,
      contenders: [
        contender({
          name: "ours",
          setup: () => {
            const checker = new HealthChecker();
            checker.register("check", async () => true);
            return checker;
          },
          op: (checker) => checker.run("check"),
          check: (checker) => checker.state()?.status,
        }),
      ],
      budgets: [{ atMost: 20_000 }],
    },
    {
      name: "1,000 checks every 10 s, ten seconds of them",
      kind: "long",
      async: true,
      contenders: [
        contender({
          name: "ours",
          setup: async () => {
            const clock = new ManualClock();
            const checker = new HealthChecker({ clock });
            const { calls, check } = counted();
            for (let i = 0; i < 1_000; i++) checker.register(`check ${i}`, check);
            checker.start();
            await clock.advance(60_000);
            return { clock, calls };
          },
          op: ({ clock }) => clock.advance(10_000),
          check: ({ calls }) => calls() > 5_500 && calls() < 8_500,
        }),
      ],
      // One percent of a core.
      budgets: [{ atMost: 100 }],
    },
    {
      name: "system_resources, registered",
      kind: "loop",
      async: true,
      contenders: [
        contender({
          name: "ours",
          setup: async () => {
            const checker = new HealthChecker();
            checker.registerDefaultChecks({ env: {} });
            await checker.check();
            return checker;
          },
          op: (checker) => checker.checkSystemResources(),
          check: (checker) => checker.component("system_resources")?.name,
        }),
      ],
      budgets: [{ atMost: 1_000_000 }],
    },
  ],
});
