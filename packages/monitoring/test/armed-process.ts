// A service whose errors are looked into: what its debugger does is counted, and told as a line of JSON. The session is the
// real one; its methods are counted on their way.
//
//   node armed-process.ts <what it does>

import inspector from "node:inspector";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { RichErrorHandler } from "@flx/monitoring/errors";

interface Line {
  readonly message: string;
  readonly frames: readonly {
    readonly function?: string;
    readonly locals?: Record<string, string>;
  }[];
  readonly cause?: Line;
}

const seen = { connects: 0, disconnects: 0, pauses: 0, captures: [] as number[], cpuMs: 0 };
let depth = 0;

/** Counts the calls of a method, and what they cost this thread. */
function counted(name: string, onCall: (first: unknown) => void): void {
  const original = Reflect.get(inspector.Session.prototype, name) as (
    ...args: unknown[]
  ) => unknown;
  Reflect.set(
    inspector.Session.prototype,
    name,
    function wrapped(this: unknown, ...args: unknown[]) {
      onCall(args[0]);
      const from = cpuMs();
      depth++;
      try {
        return Reflect.apply(original, this, args);
      } finally {
        depth--;
        if (depth === 0) seen.cpuMs += cpuMs() - from;
      }
    },
  );
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

counted("connect", () => seen.connects++);
counted("disconnect", () => seen.disconnects++);
counted("emit", (event) => (seen.pauses += event === "Debugger.paused" ? 1 : 0));
counted("post", (method) => {
  if (method === "Runtime.callFunctionOn") seen.captures.push(performance.now());
});

const lines: Line[] = [];
const handler = new RichErrorHandler({
  format: "json",
  showCode: false,
  showLocals: "armed",
  output: { write: (text) => lines.push(JSON.parse(text) as Line) },
});

/** The variables of a function in a report. */
function localsOf(line: Line | undefined, name: string): Record<string, string> | undefined {
  return line?.frames.find((frame) => frame.function === name)?.locals;
}

function handled(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    handler.handle(error);
  }
}

function caught(work: () => unknown): void {
  try {
    work();
  } catch {
    // Somebody expected it.
  }
}

let asked = 0;
const trap = {
  get price(): number {
    asked++;
    throw new Error("a getter was called");
  },
};
const proxy = new Proxy(
  { a: 1 },
  {
    get: () => asked++,
    ownKeys: () => (asked++, []),
    getOwnPropertyDescriptor: () => (asked++, undefined),
  },
);

function charge(order: { readonly id: number; readonly card: string }): never {
  const password = "hunter2hunter2";
  const dsn = `postgres://app:${password}@db/shop`;
  const cart = { trap, items: new Map([["token", "abcdefgh12345678"]]), n: dsn.length };
  if (cart.n > 0) throw new TypeError(`order ${order.id}: login with ${password} failed`);
  throw new Error(dsn);
}

/** A variable in its dead zone, before others that are there. */
function early(id: number, password: string): unknown {
  const read = (): unknown => later;
  const hidden = proxy;
  if (id > 0) throw new RangeError(`early ${id} with ${password}`);
  const later = { hidden };
  return read();
}

async function rate(id: number): Promise<never> {
  const country = `XX${id}`;
  await turn();
  throw new RangeError(`no rate in ${country}`);
}

async function price(id: number): Promise<number> {
  try {
    return await rate(id);
  } catch (cause) {
    throw new Error(`no price of ${id}`, { cause });
  }
}

const parse = (text: string): unknown => JSON.parse(text);

async function next(): Promise<object> {
  handled(() => charge({ id: 1, card: "4111111111111111" }));
  const whenArmed = { ...seen };
  // What others throw meanwhile does not use it up.
  for (let i = 0; i < 3; i++) caught(() => parse("{"));
  handled(() => charge({ id: 2, card: "4111111111111111" }));
  await turn();
  await turn();
  const whenDone = { ...seen };
  handled(() => charge({ id: 3, card: "4111111111111111" }));
  for (let i = 0; i < 100; i++) caught(() => parse("{"));
  return {
    whenArmed,
    whenDone,
    locals: lines.map((line) => localsOf(line, "charge")),
    lines,
    asked,
  };
}

async function hostile(): Promise<object> {
  for (let id = 1; id <= 2; id++) handled(() => early(id, "hunter2hunter2"));
  await turn();
  return { early: localsOf(lines[1], "early"), lines, asked };
}

async function causes(): Promise<object> {
  for (let id = 1; id <= 2; id++) await price(id).catch((error: unknown) => handler.handle(error));
  await turn();
  const [, { cause } = {} as Line] = lines;
  return { outer: localsOf(lines[1], "price"), inner: localsOf(cause, "rate") };
}

/** Thousands of errors that nobody waits for, while one is waited for that does not come. */
async function flood(): Promise<object> {
  handled(() => charge({ id: 1, card: "" }));
  const startMs = performance.now();
  let thrown = 0;
  while (performance.now() - startMs < 3_000) {
    for (let i = 0; i < 200; i++) caught(() => parse("{"));
    thrown += 200;
    await turn();
  }
  return { thrown, elapsedMs: performance.now() - startMs };
}

/** A group is new all the time, and comes back at once. */
async function groups(): Promise<object> {
  const startMs = performance.now();
  for (let i = 0; performance.now() - startMs < 4_000; i++) {
    const type = `Error${i}`;
    const fail = (): never => {
      throw Object.assign(new Error("x"), {
        name: type,
        stack: new Error("x").stack!.replace("Error", type),
      });
    };
    for (let k = 0; k < 3; k++) handled(fail);
    await turn();
  }
  return { elapsedMs: performance.now() - startMs, groups: lines.length };
}

const work = { next, hostile, causes, flood, groups }[process.argv[2] ?? ""];
const told = await work?.();
await sleep(20);
process.stdout.write(JSON.stringify({ ...told, seen, url: inspector.url() }));
