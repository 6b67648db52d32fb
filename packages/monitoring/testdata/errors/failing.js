// Programs that fail, each in another way, for test/errors-node-versions.test.ts: the same in every version of Node, and made small.

import { EventEmitter } from "node:events";
import { readFile, readFileSync } from "node:fs";
import { connect } from "node:net";
import { pipeline, Readable, Transform } from "node:stream";
import { promisify } from "node:util";
import { runInNewContext } from "node:vm";

export function failPlainly(order) {
  return order.lines.length;
}

export async function failLater(order) {
  await null;
  return failPlainly(order);
}

export class Cart {
  #lines = undefined;
  static from(order) {
    return new Cart(order.missing.id);
  }
  static async load(order) {
    await null;
    return Cart.from(order);
  }
  constructor(id) {
    if (id === "none") throw new RangeError("no such cart");
    this.id = id;
  }
  get total() {
    return this.#lines.length;
  }
  set total(value) {
    this.#lines.push(value);
  }
  #count() {
    return this.#lines.length;
  }
  count() {
    return this.#count();
  }
  static #parse(text) {
    return JSON.parse(text);
  }
  static parse(text) {
    return Cart.#parse(text);
  }
  checkout = () => this.#lines.length;
  async pay() {
    await null;
    return this.#count();
  }
  [Symbol.iterator]() {
    return this.#lines[Symbol.iterator]();
  }
}

class BigCart extends Cart {
  constructor() {
    super("none");
  }
}

const priceOf = (order) => order.price.net;
const priceLater = async (order) => {
  await null;
  return order.price.net;
};

function* eachLine(order) {
  yield 1;
  yield order.lines.length;
}

async function* eachPage(order) {
  yield 1;
  await null;
  yield order.pages.length;
}

const methods = {
  shorthand(order) {
    return order.lines.length;
  },
  arrow: (order) => order.lines.length,
  async later(order) {
    await null;
    return order.lines.length;
  },
};

class OrderError extends Error {}

async function withCause(order) {
  try {
    return await failLater(order);
  } catch (cause) {
    throw new OrderError("order failed", { cause });
  }
}

const nested = (order) => {
  const outer = function () {
    const inner = [0].map(() => order.lines.length);
    return inner[0];
  };
  return [outer(), outer()];
};

/** What nobody catches. */
function uncaught(start) {
  return new Promise((_, reject) => {
    process.once("uncaughtException", reject);
    start();
  });
}

export const programs = {
  sync: () => failPlainly({}),
  async: () => failLater({}),
  staticMethod: () => Cart.from({}),
  staticAsync: () => Cart.load({}),
  constructor: () => new Cart("none"),
  subclass: () => new BigCart(),
  getter: () => new Cart("a").total,
  setter: () => (new Cart("a").total = 7),
  privateMethod: () => new Cart("a").count(),
  privateStatic: () => Cart.parse("{no"),
  arrowField: () => new Cart("a").checkout(),
  asyncMethod: () => new Cart("a").pay(),
  iteratorMethod: () => [...new Cart("a")],
  arrow: () => priceOf({}),
  asyncArrow: () => priceLater({}),
  anonymous: () => [1, 2].map((each) => each.price.net),
  anonymousFunction: () =>
    (function () {
      return undefined.price;
    })(),
  nested: () => nested({}),
  objectMethod: () => methods.shorthand({}),
  objectArrow: () => methods.arrow({}),
  objectAsync: () => methods.later({}),
  bound: () => failPlainly.bind(null, {})(),
  reflected: () => Reflect.apply(failPlainly, null, [{}]),
  sorted: () => [2, 1].sort((a, b) => a.price.net - b),
  replaced: () => "a".replace(/a/, (found) => found.price.net),
  parsed: () => JSON.parse('{"a":1}', (_, value) => value.price.net),
  proxied: () => new Proxy({}, { get: (target) => target.price.net }).any,
  promiseAll: () => Promise.all([failLater({}), null]),
  promiseAny: () => Promise.any([failLater({}), priceLater({})]),
  promiseAllSettled: async () => (await Promise.allSettled([failLater({})]))[0].reason,
  promiseRace: () => Promise.race([failLater({}), new Promise(() => {})]),
  promiseThen: () => Promise.resolve({}).then((order) => order.lines.length),
  promiseNew: () => new Promise((resolve) => resolve(failPlainly({}))),
  promiseTry: () => Promise.resolve().then(() => failLater({})),
  timeout: () => uncaught(() => setTimeout(() => failPlainly({}), 1)),
  interval: () =>
    uncaught(() => {
      const timer = setInterval(() => {
        clearInterval(timer);
        failPlainly({});
      }, 1);
    }),
  immediate: () => uncaught(() => setImmediate(function onImmediate() { failPlainly({}); })),
  nextTick: () => uncaught(() => process.nextTick(() => failPlainly({}))),
  microtask: () => uncaught(() => queueMicrotask(() => failPlainly({}))),
  generator: () => [...eachLine({})],
  asyncIterator: async () => {
    for await (const each of eachPage({})) String(each);
  },
  emitter: () => new EventEmitter().on("order", (order) => failPlainly(order)).emit("order", {}),
  emitterError: () => new EventEmitter().emit("error", new OrderError("told")),
  readCallback: () => uncaught(() => readFile("/", () => failPlainly({}))),
  readSync: () => readFileSync("/there/is/no/such/file"),
  readPromise: () => promisify(readFile)("/there/is/no/such/file"),
  connected: () => uncaught(() => connect(1, "127.0.0.1")),
  stream: () => uncaught(() => Readable.from(["a"]).on("data", () => failPlainly({}))),
  pipeline: () =>
    promisify(pipeline)(
      Readable.from(["a"]),
      new Transform({ transform: (_chunk, _encoding, done) => done(new OrderError("bad chunk")) }),
    ),
  transformThrows: () =>
    uncaught(() => {
      new Transform({ transform: () => failPlainly({}) }).write("a");
    }),
  cause: () => withCause({}),
  aggregate: async () => {
    const failed = await Promise.allSettled([failLater({}), priceLater({})]);
    throw new AggregateError(
      failed.map(({ reason }) => reason),
      "all failed",
    );
  },
  vm: () => runInNewContext("order.lines.length", { order: {} }),
  evaluated: () => (0, eval)("undefined.price"),
  newFunction: () => new Function("order", "return order.lines.length")({}),
  badJson: () => JSON.parse("{no"),
  badUrl: () => new URL("no url"),
  badUri: () => decodeURIComponent("%"),
  badBuffer: () => Buffer.alloc(-1),
  badArgument: () => Buffer.from(7),
  notFunction: () => ({}).price(),
  notIterable: () => [...{}],
  deepRecursion: () => {
    const again = (n) => again(n + 1) + 1;
    return again(0);
  },
  aborted: () => AbortSignal.abort().throwIfAborted(),
  structured: () => structuredClone(() => 1),
};
