// Health under bad checks, bad visitors and many of both: the state stays right, nothing piles up, nothing leaks out.

import assert from "node:assert/strict";
import { once } from "node:events";
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type RequestListener,
} from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  type CheckAnswer,
  type CheckContext,
  collectHealthMetrics,
  type HealthChecker as Checker,
  HealthChecker,
  healthHandler,
  type Heartbeat,
  type HealthStatus,
  ManualClock,
  webHealth,
} from "@flx/monitoring/health";
import { metricsHandler, Registry } from "@flx/monitoring/metrics";

/** Numbers that are the same in every run. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

function heapAfterGc(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

interface Visitor {
  ask(path: string, headers?: Record<string, string>, method?: string): Promise<string>;
}

/** A server, and somebody who asks it over connections that stay open. */
async function visited(t: TestContext, listener: RequestListener): Promise<Visitor> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  t.after(() => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  return {
    async ask(path, headers = {}, method = "GET") {
      const sent = request({ port, host: "127.0.0.1", path, headers, method, agent });
      sent.end();
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      let text = `${response.statusCode} ${JSON.stringify(response.rawHeaders)} `;
      for await (const chunk of response) text += String(chunk);
      return text;
    },
  };
}

test("after 100,000 runs of checks that misbehave in every way nothing has piled up", async () => {
  const clock = new ManualClock();
  const health: Checker = new HealthChecker({ clock, random: () => 0.5 });
  const calls = new Map<string, number>();
  const wait = (ms: number) => new Promise<void>((resolve) => void clock.setTimer(resolve, ms));
  const checks: Readonly<Record<string, (context: CheckContext) => unknown>> = {
    fine: async () => true,
    fineAtOnce: () => true,
    throws: () => {
      throw new Error("no");
    },
    rejects: async () => Promise.reject(new Error("no")),
    rejectsLate: async () => {
      await wait(150);
      throw new Error("late");
    },
    answersLate: async () => {
      await wait(2_500);
      return true;
    },
    hangs: () => new Promise(() => {}),
    nonsense: () => ({ status: "fantastic", details: new Proxy({}, {}) }),
    leaksListeners: ({ signal }) => {
      signal.addEventListener("abort", () => {});
      return "degraded";
    },
    large: () => ({
      message: "x".repeat(100_000),
      details: { list: Array.from({ length: 1_000 }, () => "y".repeat(100)) },
    }),
    blocks: () => clock.jump(1),
    flaps: () => (calls.get("flaps")! % 2 === 0 ? "healthy" : "unhealthy"),
  };
  for (const [name, check] of Object.entries(checks)) {
    calls.set(name, 0);
    const counted = (context: CheckContext) => {
      calls.set(name, calls.get(name)! + 1);
      return check(context) as CheckAnswer;
    };
    health.register(name, counted, { intervalMs: 1_000, timeoutMs: 100 });
  }
  const all = () => [...calls.values()].reduce((sum, each) => sum + each, 0);
  health.start();
  await clock.advance(500_000);
  const before = heapAfterGc();
  while (all() < 100_000) await clock.advance(100_000);

  const grownMb = (heapAfterGc() - before) / 2 ** 20;
  assert.ok(grownMb < 3, `${grownMb} MB`);
  assert.equal(calls.get("hangs"), 1);
  assert.ok(calls.get("answersLate")! < calls.get("fine")! / 2);
  // The engine's one timer, and what the late ones wait for.
  assert.ok(clock.pending <= 4, String(clock.pending));
  const statuses = Object.fromEntries(
    health.snapshot().components.map(({ name, status }) => [name, status]),
  );
  delete statuses["flaps"];
  assert.deepEqual(statuses, {
    fine: "healthy",
    fineAtOnce: "healthy",
    throws: "unhealthy",
    rejects: "unhealthy",
    rejectsLate: "unhealthy",
    answersLate: "unhealthy",
    hangs: "unhealthy",
    nonsense: "unhealthy",
    leaksListeners: "degraded",
    large: "healthy",
    blocks: "healthy",
  });
  await health.stop();
});

/** One component, and what the test knows of it. */
interface ModelPart {
  readonly beat: Heartbeat;
  readonly kinds: readonly string[];
  readonly critical: boolean;
  known: boolean;
  status: HealthStatus;
}

/** The rules once more, as a person would write them down. */
function expected(
  parts: readonly {
    readonly status: HealthStatus;
    readonly critical: boolean;
    readonly known: boolean;
  }[],
): HealthStatus {
  if (parts.length > 0 && parts.every(({ known }) => !known)) return "unknown";
  if (parts.some(({ status, critical }) => critical && status === "unhealthy")) return "unhealthy";
  if (parts.some(({ status, critical }) => critical && status === "unknown")) return "unknown";
  return parts.every(({ status }) => status === "healthy") ? "healthy" : "degraded";
}

test("10,000 random transitions are the same over HTTP, in metrics, to listeners, and by the rules", async (t) => {
  const roll = dice(42);
  const wrong: unknown[] = [];
  const health: Checker = new HealthChecker({ onError: (error) => wrong.push(error) });
  t.after(() => health.stop());
  const registry = new Registry();
  collectHealthMetrics(health, { registry });
  const respond = webHealth({ health });
  const visitor = await visited(t, healthHandler({ health }));
  const kinds = [["liveness"], ["readiness"], ["readiness"], ["liveness", "readiness"]] as const;
  const model = Array.from({ length: 8 }, (_, i): ModelPart => {
    const kind = kinds[i % kinds.length]!;
    const critical = i < 4;
    const beat: Heartbeat = health.heartbeat(`c${i}`, { ttlMs: 3_600_000, critical, kind });
    return {
      beat,
      kinds: kind,
      critical,
      known: false,
      status: "unknown",
    };
  });
  const probes = { livez: "liveness", readyz: "readiness", healthz: undefined } as const;
  const groupsOf = (group: string | undefined) =>
    group === undefined ? model : model.filter((each) => each.kinds.includes(group));
  /** What every probe says, by the rules. */
  const wanted = () =>
    Object.entries(probes).map(([probe, group]) => {
      const status = expected(groupsOf(group));
      const isYes =
        group === "liveness"
          ? status !== "unhealthy"
          : status === "healthy" || status === "degraded";
      return { probe, group, status, code: isYes ? 200 : 503 };
    });
  const answered = async (probe: string) => {
    const answer = respond(new Request(`http://localhost/${probe}`))!;
    return `${answer.status} ${await answer.text()}`;
  };
  let heard = 0;
  // While listeners are told, the state is already what they are told.
  health.on("transition", ({ name, to }) => {
    heard += 1;
    assert.equal(health.component(name)?.status, to);
    assert.equal(health.snapshot().components.find((each) => each.name === name)?.status, to);
  });

  const statuses = ["healthy", "degraded", "unhealthy", "unknown"] as const;
  for (let transitions = 0; transitions < 10_000;) {
    const one = model[roll(model.length)]!;
    const to = statuses[roll(4)]!;
    if (to === one.status) continue;
    transitions += 1;
    one.status = to;
    one.known = true;
    one.beat.beat(to);
    const now = wanted();
    for (const { probe, status, code } of now)
      assert.equal(await answered(probe), `${code} ${status}\n`);
    const { probe, status, code } = now[roll(now.length)]!;
    const raw = await visitor.ask(`/${probe}`);
    assert.ok(raw.startsWith(`${code} `) && raw.endsWith(` ${status}\n`), raw);
    if (transitions % 10 !== 0) continue;
    const text = await registry.metrics();
    for (const { group, status: is, code: yes } of now) {
      const label = group ?? "overall";
      assert.ok(text.includes(`flx_health_group_status{group="${label}",status="${is}"} 1\n`));
      assert.ok(text.includes(`flx_health_serving{group="${label}"} ${Number(yes === 200)}\n`));
    }
    for (const { beat, status: is } of model) {
      assert.ok(text.includes(`flx_health_status{component="${beat.name}",status="${is}"} 1\n`));
    }
  }
  assert.equal(heard, 10_000);
  assert.deepEqual(wrong, []);
});

test("a scrape that runs while states change shows one state", async () => {
  const health: Checker = new HealthChecker();
  const registry = new Registry();
  const beats = Array.from({ length: 400 }, (_, i) =>
    health.heartbeat(`c${i}`, { ttlMs: 3_600_000, critical: true }),
  );
  for (const beat of beats) beat.beat();
  collectHealthMetrics(health, { registry });
  for (let round = 0; round < 20; round++) {
    const scrape = registry.metrics();
    // All of them fail one after the other, between the slices of the scrape.
    const change = async () => {
      for (const beat of beats) {
        if (round % 2 === 0) beat.fail("no");
        else beat.beat();
        if (Number(beat.name.slice(1)) % 40 === 0) await new Promise(setImmediate);
      }
    };
    const [text] = await Promise.all([scrape, change()]);
    const isAnyUnhealthy = /flx_health_status\{component="c\d+",status="unhealthy"\} 1\n/.test(
      text,
    );
    assert.equal(
      text.includes('flx_health_group_status{group="overall",status="unhealthy"} 1\n'),
      isAnyUnhealthy,
    );
    assert.equal(text.includes('flx_health_serving{group="overall"} 0\n'), isAnyUnhealthy);
  }
  await health.stop();
});

/** Thirty secrets, made up here and put together here. Every third has no shape at all. */
const secrets: readonly string[] = Array.from({ length: 10 }, (_, i) => [
  `correct horse ${i} battery staple`,
  ["ghp_", `a1B2${i}`.repeat(8)].join(""),
  `hunter2-${i}-hunter3`,
]).flat();

test("30 planted secrets never appear in 10,000 answers to strangers, nor does a name", async (t) => {
  const roll = dice(7);
  const health: Checker = new HealthChecker();
  t.after(() => health.stop());
  for (const [i, secret] of secrets.entries()) {
    const beat = health.heartbeat(`internal-thing-${i}`, {
      ttlMs: 3_600_000,
      critical: i % 2 === 0,
      tags: [`tag-${i}`],
    });
    if (i % 3 === 0) beat.fail(new Error(`login failed: ${secret}`, { cause: secret }));
    else if (i % 3 === 1)
      beat.beat({
        status: "degraded",
        message: `with ${secret}`,
        details: { secret, deep: { list: [secret] } },
      });
    else {
      const words = `postgres://app:${secret}@db/x password=${secret}`;
      beat.beat({
        status: "unhealthy",
        message: words,
        components: { [words]: { status: "unhealthy", message: words } },
      });
    }
  }
  const registry = new Registry();
  const token = "a token of sixteen or more";
  const probes = healthHandler({ health, tokens: [token.replaceAll(" ", "-")] });
  const metrics = metricsHandler({ registry });
  collectHealthMetrics(health, { registry });
  const visitor = await visited(t, (incoming, response) =>
    incoming.url?.startsWith("/metrics") === true
      ? metrics(incoming, response)
      : probes(incoming, response),
  );
  const pick = <Value>(values: readonly Value[]): Value => values[roll(values.length)]!;
  const paths = [
    "/livez",
    "/readyz",
    "/startupz",
    "/healthz",
    "/readyz/",
    "/readyz/internal-thing-1",
    "/healthz/internal-thing-2",
    "/readyz/nobody",
    "/",
    "/x",
    "/healthz/%",
    "/readyz/__proto__",
  ];
  const queries = [
    "",
    "?verbose",
    "?verbose=1",
    "?exclude=internal-thing-0",
    "?verbose&exclude=a&exclude=b",
    "?format=json",
    "?token=x",
    `?${"x".repeat(3_000)}`,
    "?exclude=%",
  ];
  const headers = [
    {},
    { accept: "application/json" },
    { accept: "application/health+json" },
    { accept: "text/html" },
    { authorization: "Bearer wrong" },
    { authorization: `Basic ${token}`, accept: "application/json" },
    { "x-forwarded-for": "127.0.0.1", host: "localhost", accept: "application/json" },
    { forwarded: "for=127.0.0.1", accept: "application/health+json" },
    { host: "localhost", accept: "application/json" },
    { cookie: "admin=1", "x-real-ip": "::1", accept: "application/json" },
  ] as Record<string, string>[];
  const methods = ["GET", "GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "DELETE"];

  for (let i = 0; i < 200; i++) {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        visitor.ask(pick(paths) + pick(queries), pick(headers), pick(methods)),
      ),
    );
    for (const answer of answers) {
      const found = secrets.find((secret) => answer.includes(secret));
      assert.equal(found, undefined, answer);
      assert.ok(!answer.includes("internal-thing"), answer);
    }
  }
  const scraped = await visitor.ask("/metrics");
  assert.ok(!secrets.some((secret) => scraped.includes(secret)));
  // Whoever has the token sees the components, without the secrets that can be told from words.
  const authorization = `Bearer ${token.replaceAll(" ", "-")}`;
  for (const accept of ["text/plain", "application/json", "application/health+json"]) {
    const told = await visitor.ask("/healthz?verbose", { accept, authorization });
    assert.ok(told.includes("internal-thing-2"));
    for (const [i, secret] of secrets.entries())
      if (i % 3 !== 0) assert.ok(!told.includes(secret), secret);
  }
});

test("a flood of probes reaches no dependency, and fills no memory", async (t) => {
  const clock = new ManualClock();
  const health: Checker = new HealthChecker({ clock });
  let calls = 0;
  for (let i = 0; i < 50; i++)
    health.register(`c${i}`, async () => void calls++, { critical: true });
  const visitor = await visited(t, healthHandler({ health }));
  await clock.advance(1_000);
  const before = calls;
  const flood = async (probes: number) => {
    for (let i = 0; i < probes; i += 100) {
      const some = Array.from({ length: 100 }, (_, j) =>
        visitor.ask(
          j % 2 === 0 ? "/readyz" : `/readyz?verbose&exclude=c${i + j}${"x".repeat(500)}`,
        ),
      );
      const answers = await Promise.all(some);
      assert.ok(
        answers.every((answer) => answer.startsWith("200 ") && answer.endsWith(" healthy\n")),
      );
    }
  };
  await flood(2_000);
  const heap = heapAfterGc();
  await flood(8_000);
  const grownMb = (heapAfterGc() - heap) / 2 ** 20;
  assert.ok(grownMb < 3, `${grownMb} MB`);
  assert.equal(calls, before); // the clock stands still: nothing is due
  await health.stop();
});
