// What our SDK says of one error, on spans, in records and lines, is one occurrence of one group in the station; and what it did
// not send, since it repeats, is counted there. A real service, a real station.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { waitUntil } from "@flx/testkit";
import { StationProcess } from "./running-station.ts";

const run = promisify(execFile);

interface Group {
  readonly type: string;
  readonly message: string;
  readonly count: number;
  readonly services: readonly { readonly name: string; readonly count: number }[];
}

/** Runs a service until it ends, and gives what the station knows of its errors. */
async function groupsOf(
  station: StationProcess,
  service: string,
  program: string,
): Promise<readonly Group[]> {
  const file = join(import.meta.dirname, `error-groups-${process.pid}-${service}.mjs`);
  await writeFile(
    file,
    `import { startMonitoring } from "@flx/monitoring";
const flx = await startMonitoring({ service: ${JSON.stringify(service)}, errors: { output: { write: () => {} } } });
${program}
flx.trace("the end", () => {})();
await flx.shutdown();
`,
  );
  try {
    const env = {
      ...process.env,
      OTEL_EXPORTER_OTLP_ENDPOINT: station.otlpHttp,
      FLX_ADMIN_PORT: "0",
    };
    await run(process.execPath, ["--conditions=@flx/source", file], { env });
  } finally {
    await rm(file);
  }
  await waitUntil(async () => {
    const traces = await fetch(`${station.url}/api/v1/traces?service=${service}`);
    return (await traces.text()).includes("the end");
  });
  const answer = await fetch(`${station.url}/api/v1/errors?service=${service}`);
  return ((await answer.json()) as { data: Group[] }).data;
}

const told = (groups: readonly Group[]) => groups.map(({ type, count }) => [type, count]);

test("an error that passes through spans and is handled outside of them is one occurrence, with its cause", async () => {
  await using station = await StationProcess.start();
  const groups = await groupsOf(
    station,
    "importer",
    `const transform = (day) => new Date(day).toISOString();
     const importRow = flx.trace("import row", (day) => {
       try { return transform(day); }
       catch (cause) { throw new Error("row 2: " + cause.message, { cause }); }
     });
     const importFile = flx.trace("import file", async (day) => importRow(day));
     await flx.trace("pipeline", () => importFile("2026-02-29T25:00:00Z"))().catch((error) => {
       flx.errors.handle(error, { message: "pipeline failed" });
       flx.logger.error({ run: 7 }, "pipeline failed");
     });`,
  );
  assert.deepEqual(told(groups), [["Error", 1]]);
  assert.equal(groups[0]!.message, "row 2: Invalid time value");
});

test("an error that only spans know of has the fingerprint it has when it is handled", async () => {
  await using station = await StationProcess.start();
  const groups = await groupsOf(
    station,
    "orders",
    `const lookUp = () => { throw new RangeError("no rate of XX"); };
     const price = () => { try { lookUp(); } catch (cause) { throw new TypeError("no price", { cause }); } };
     const priced = flx.trace("price", price);
     for (const isHandled of [false, true]) {
       try { priced(); } catch (error) { if (isHandled) flx.errors.handle(error); }
     }`,
  );
  assert.deepEqual(told(groups), [["TypeError", 2]]);
});

test("errors that were not sent, since they repeat, are counted", async () => {
  await using station = await StationProcess.start();
  const groups = await groupsOf(
    station,
    "repeater",
    `const fail = (id) => { throw new RangeError("no order " + id); };
     for (let id = 0; id < 40; id++) { try { fail(id); } catch (error) { flx.errors.handle(error); } }
     try { fail.call(null, JSON.parse("{")); } catch (error) { flx.errors.handle(error); }`,
  );
  assert.deepEqual(Object.fromEntries(told(groups)), { RangeError: 40, SyntaxError: 1 });
  const repeated = groups.find(({ type }) => type === "RangeError")!;
  assert.equal(repeated.services[0]!.count, 40);
});

test("an error that is logged and handled, or logged and crashes, is one occurrence of one group", async () => {
  await using station = await StationProcess.start();
  const groups = await groupsOf(
    station,
    "logger",
    `const lookUp = () => { throw new RangeError("no rate"); };
     const price = (id) => { try { lookUp(); } catch (cause) { throw new TypeError("no price of " + id, { cause }); } };
     const caught = (id) => { try { price(id); } catch (error) { return error; } };
     // Beyond what is written of one group, too: what lines have told is not counted twice.
     for (let id = 0; id < 20; id++) {
       const error = caught(id);
       if (id % 2 === 0) flx.logger.error({ err: error }, "failed " + id);
       if (id % 3 !== 0) flx.errors.handle(error);
       if (id % 2 === 1) flx.logger.error({ err: error }, "failed " + id);
     }
     const { once } = await import("node:events");
     process.once("uncaughtException", () => {});
     const crash = caught(20);
     flx.logger.error({ err: crash }, "crashing");
     setImmediate(() => { throw crash; });
     await once(process, "uncaughtException");`,
  );
  assert.deepEqual(told(groups), [["TypeError", 21]]);
});

test("an error that is kept and thrown again and again counts each time", async () => {
  await using station = await StationProcess.start();
  const groups = await groupsOf(
    station,
    "singleton",
    `const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
     const NOT_FOUND = Object.freeze(new RangeError("not found"));
     const find = flx.trace("find", async () => { await nextTurn(); throw NOT_FOUND; });
     const serve = flx.trace("serve", () => flx.errors.context("serving", find));
     // Each in a trace of its own: a span fails, a context and another span around it, and somebody who handles it.
     for (let i = 0; i < 5; i++) await serve().catch((error) => flx.errors.handle(error));
     // In one trace, spans beside each other that nobody handles.
     await flx.trace("batch", async () => {
       for (let i = 0; i < 4; i++) await find().catch(() => nextTurn());
     })();
     // Outside of any trace.
     for (let i = 0; i < 11; i++) {
       await flx.errors.context("polling", { reRaise: false }, () => { throw NOT_FOUND; });
       await nextTurn();
     }`,
  );
  assert.deepEqual(told(groups), [["RangeError", 20]]);
});

test("errors of gRPC are groups of their class, and their spans say the status", async () => {
  await using station = await StationProcess.start();
  const groups = await groupsOf(
    station,
    "caller",
    `class ServiceError extends Error {}
     const call = () => { throw Object.assign(new ServiceError("14 UNAVAILABLE: x"), { code: 14, details: "x", metadata: {} }); };
     try { flx.trace("call", call)(); } catch { /* the caller goes on */ }`,
  );
  assert.deepEqual(told(groups), [["ServiceError", 1]]);
  const traces = await (await fetch(`${station.url}/api/v1/traces?service=caller`)).json();
  const found = (traces as { data: { traceId: string }[] }).data;
  const bodies = await Promise.all(
    found.map(async ({ traceId }) =>
      (await fetch(`${station.url}/api/v1/traces/${traceId}`)).text(),
    ),
  );
  assert.match(bodies.join("\n"), /"error\.type"[^}]*UNAVAILABLE/);
});
