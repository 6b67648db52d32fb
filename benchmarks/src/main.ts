// npm run bench: the table of suites. A suite is loaded only when it runs, with the peers it imports.

import { fileURLToPath } from "node:url";
import { benchmarkCommand, type SuiteEntry } from "./harness/command-line.ts";

const suites: Readonly<Record<string, SuiteEntry>> = {
  decode: {
    title: "Reading OTLP in the station, beside protobufjs",
    load: async () => (await import("./suites/station-decode.ts")).decode,
  },
  errors: {
    title: "Reports of errors, beside youch, pretty-error and util.inspect",
    load: async () => (await import("./suites/errors.ts")).errors,
  },
  exposition: {
    title: "The text formats: reading and writing 10,000 series",
    load: async () => (await import("./suites/exposition.ts")).exposition,
  },
  floor: {
    title: "Self-check: what the harness itself and the smallest operations cost",
    load: async () => (await import("./suites/harness-floor.ts")).floor,
  },
  grpc: {
    title: "gRPC: what counting costs a call, an answer of health, and receiving exports",
    load: async () => (await import("./suites/grpc.ts")).grpc,
  },
  health: {
    title: "Probes of health and the checks behind them, beside two peers",
    load: async () => (await import("./suites/health.ts")).health,
  },
  logging: {
    title: "Log lines with trace ids and redaction, beside pino and winston",
    load: async () => (await import("./suites/logging.ts")).logging,
  },
  metrics: {
    title: "Counting, observing, being scraped, and memory, beside three Prometheus clients",
    load: async () => (await import("./suites/metrics.ts")).metrics,
  },
  promql: {
    title: "PromQL over 10,000 counters, beside Prometheus; parsing beside lezer",
    load: async () => (await import("./suites/promql.ts")).promql,
  },
  receivers: {
    title: "A service under load whose receiver is dead, slow, stalled or lying",
    load: async () => (await import("./suites/receivers.ts")).badReceivers,
  },
  station: {
    title:
      "The station as a server: remote write in, PromQL out, beside Prometheus and VictoriaMetrics",
    load: async () => (await import("./suites/station.ts")).station,
  },
  system: {
    title: "A snapshot of machine, container, process and runtime",
    load: async () => (await import("./suites/system.ts")).system,
  },
  traces: {
    title: "The store of spans and log records: taking them, asking over a million",
    load: async () => (await import("./suites/traces.ts")).traces,
  },
  tracing: {
    title: "Spans: unsampled, recorded, sent, beside OpenTelemetry and dd-trace",
    load: async () => (await import("./suites/tracing.ts")).tracing,
  },
  up: {
    title:
      "flx up: from the start to the first answer, with nothing and with a gigabyte after kill -9",
    load: async () => (await import("./suites/up.ts")).up,
  },
  weight: {
    title: "What importing and starting the SDK costs a process, in time and memory",
    load: async () => (await import("./suites/weight.ts")).weight,
  },
};

const exitCode = await benchmarkCommand(process.argv.slice(2), {
  suites,
  entry: fileURLToPath(import.meta.url),
  resultsFolder: fileURLToPath(new URL("../results", import.meta.url)),
  print: (text) => process.stdout.write(`${text}\n`),
});
// Servers that a suite has started live as long as this process, and this process as long as their output is open.
process.exit(exitCode);
