// Every fault of the shop, described once. The control API, the CLI and the README's table show these texts;
// the files beside this one hold what the faults do.

import type { ServiceName } from "../service.ts";

/** One thing that can be made to go wrong. */
export type Fault = {
  readonly name: FaultName;
  /** The process in which it happens. */
  readonly process: ServiceName;
  readonly does: string;
  /** What a user or an operator should see while it is on. */
  readonly shows: string;
  /** Switches itself off after this time unless asked otherwise, in milliseconds. */
  readonly lastsMs?: number;
};

export type FaultName =
  | "bad-deploy"
  | "crash-loop"
  | "memory-leak"
  | "network-delay"
  | "payment-errors"
  | "poisoned-order"
  | "slow-db"
  | "traffic-spike";

export const faults: readonly Fault[] = [
  {
    name: "slow-db",
    process: "pipelines",
    does: "A stock report holds the write lock of orders.db for 500 ms, two thirds of the time.",
    shows:
      "Placing an order takes up to half a second or more, and orders answers everything late.",
  },
  {
    name: "payment-errors",
    process: "payments",
    does: "The connection to the bank breaks in 40 % of authorisations.",
    shows: "POST /orders answers 503 payment_unavailable for four orders in ten; the rest works.",
  },
  {
    name: "memory-leak",
    process: "orders",
    does: "A price cache keeps every version it ever loaded, about 3 MB a second.",
    shows:
      "Memory of orders climbs; after one or two minutes it dies at its 256 MB heap limit and is restarted.",
  },
  {
    name: "crash-loop",
    process: "payments",
    does: "Payments throws an uncaught TypeError one second after each start.",
    shows: "Payments restarts with growing pauses; orders fail with 503 while it is away.",
  },
  {
    name: "bad-deploy",
    process: "orders",
    does: "Orders is rolled out as version 1.5.0, whose reduced tax rates forget two countries.",
    shows:
      "Orders of tea, coffee or books to Denmark or the US fail with 500; all others are fine.",
  },
  {
    name: "traffic-spike",
    process: "traffic",
    does: "Ten times as many customers come, for a minute.",
    shows: "The request rate is ten times higher, stock sells out sooner.",
    lastsMs: 60_000,
  },
  {
    name: "poisoned-order",
    process: "pipelines",
    does: "A file in the importer's inbox has a date that passes validation and breaks the transform.",
    shows: "nightly-import fails on the same line again and again, and files behind it wait.",
  },
  {
    name: "network-delay",
    process: "supervisor",
    does: "Every packet between orders and payments travels 200 ms longer, each way.",
    shows: "Placing an order takes 0.8 s longer (two calls); nothing fails.",
  },
];

/** The fault of that name, or undefined. */
export function findFault(name: string): Fault | undefined {
  return faults.find((fault) => fault.name === name);
}
