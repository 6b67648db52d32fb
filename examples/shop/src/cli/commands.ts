// Every command of the shop with its options. `shop help` and the README show these texts.

import type { OptionSpec } from "./arguments.ts";
import type { Command } from "./command.ts";

const data: OptionSpec = {
  value: "DIR",
  help: "data folder of the shop (default examples/shop/.shop)",
};
const json: OptionSpec = { help: "print JSON instead of text" };

export const commands: readonly Command[] = [
  {
    name: "up",
    takes: "",
    summary: "start the whole shop; Ctrl-C stops it",
    words: [0, 0],
    options: {
      port: {
        value: "N",
        help: "port of the gateway (default 8080); 0 takes free ports for everything",
      },
      "control-port": { value: "N", help: "port of the control API (default 8070)" },
      "orders-port": { value: "N", help: "gRPC port of orders (default 5051)" },
      "payments-port": { value: "N", help: "gRPC port of payments (default 5052)" },
      "metrics-port": {
        value: "N",
        help: "metrics port of gateway (default 9464); orders, payments, pipelines take the next three",
      },
      traffic: {
        value: "HOW",
        help: "none, low (2/s), normal (10/s), or requests a second (default normal)",
      },
      day: { value: "TIME", help: "how long a day of the shop takes (default 4m)" },
      seed: { value: "N", help: "seed of the traffic (default 1)" },
      station: {
        help: "start a station, too, that the shop is watched with (npm start does): flx up",
      },
      "station-port": { value: "N", help: "port of the station's API (default 3590)" },
      tls: { help: "gRPC over TLS with a certificate made on the spot" },
      verbose: { help: "show every log line of every process" },
      data,
    },
    load: async () => (await import("./up.ts")).up,
  },
  {
    name: "status",
    takes: "",
    summary: "processes, versions, restarts, memory and faults of the running shop",
    words: [0, 0],
    options: { json, data },
    load: async () => (await import("./status.ts")).status,
  },
  {
    name: "fault",
    takes: "list | on NAME | off NAME|all",
    summary: "show faults, switch one on or off",
    words: [1, 2],
    options: {
      for: { value: "TIME", help: "with on: switch off again after, say, 30s" },
      json,
      data,
    },
    load: async () => (await import("./fault.ts")).fault,
  },
  {
    name: "refund",
    takes: "ORDER_ID",
    summary: "give the money back for an order",
    words: [1, 1],
    options: { reason: { value: "TEXT", help: 'why (default "refunded by staff")' }, json, data },
    load: async () => (await import("./refund.ts")).refund,
  },
  {
    name: "reindex",
    takes: "",
    summary: "build the search index of orders anew, imported ones included",
    words: [0, 0],
    options: { data },
    load: async () => (await import("./reindex.ts")).reindex,
  },
  {
    name: "run",
    takes: "nightly-import | reconciliation | restock",
    summary: "run a pipeline now",
    words: [1, 1],
    options: { json, data },
    load: async () => (await import("./run.ts")).run,
  },
  {
    name: "runs",
    takes: "",
    summary: "the latest runs of the pipelines with their rows",
    words: [0, 0],
    options: { limit: { value: "N", help: "how many (default 10)" }, json, data },
    load: async () => (await import("./runs.ts")).runs,
  },
  {
    name: "stop",
    takes: "",
    summary: "stop the running shop from another terminal",
    words: [0, 0],
    options: { data },
    load: async () => (await import("./stop.ts")).stop,
  },
];
