// The flx command: finds what is asked for, and loads that and nothing else.
//
//   flx check ...    cli/check.ts
//   flx query ...    cli/query.ts
//   flx promql ...   cli/promql.ts
//   flx trace ...    cli/trace.ts     traces, graph, logs and errors likewise
//   flx archive ...  cli/archive.ts, over station-config.ts
//   flx backup ...   cli/backup.ts
//   flx hash-password   cli/hash-password.ts
//   flx up ...       cli/up.ts, over start-station.ts
//   flx config ...   cli/config.ts, over station-config.ts
//
// A command is one file in cli/ and one line here. What a command needs it imports itself, so that a probe which runs
// every ten seconds does not pay for a station.

import { setFlagsFromString } from "node:v8";
import type { Command } from "./cli/command.ts";
import { runCommand } from "./cli/run-command.ts";

/** A command, found but not loaded. */
interface CommandEntry {
  /** One line of `flx --help`. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const commands: Readonly<Record<string, CommandEntry>> = {
  check: {
    summary: "ask a service once how it is, over HTTP, gRPC or TCP",
    load: async () => (await import("./cli/check.ts")).check,
  },
  query: {
    summary: "ask a station in PromQL: a table, or a plot",
    load: async () => (await import("./cli/query.ts")).query,
  },
  promql: {
    summary: "test scripts, format and explain queries, without a station",
    load: async () => (await import("./cli/promql.ts")).promql,
  },
  top: {
    summary: "the busiest jobs, targets and metrics, drawn anew",
    load: async () => (await import("./cli/top.ts")).top,
  },
  tail: {
    summary: "follow the samples of a selector",
    load: async () => (await import("./cli/tail.ts")).tail,
  },
  trace: {
    summary: "show a trace: a waterfall with its critical path",
    load: async () => (await import("./cli/trace.ts")).trace,
  },
  traces: {
    summary: "find traces by service, operation, status, duration and attributes",
    load: async () => (await import("./cli/traces.ts")).traces,
  },
  graph: {
    summary: "who calls whom: calls, failures and durations between services",
    load: async () => (await import("./cli/graph.ts")).graph,
  },
  logs: {
    summary: "find log records, or follow them",
    load: async () => (await import("./cli/logs.ts")).logs,
  },
  errors: {
    summary: "error groups: list, show, resolve, ignore, reopen",
    load: async () => (await import("./cli/errors.ts")).errors,
  },
  archive: {
    summary: "list an archive of closed windows, make a data folder of it",
    load: async () => {
      const [{ archiveCommand }, { loadStationConfig }] = await Promise.all([
        import("./cli/archive.ts"),
        import("./station-config.ts"),
      ]);
      return archiveCommand(async (file) => {
        return (await loadStationConfig(file, process.env)).value.store.archive;
      });
    },
  },
  backup: {
    summary: "back up a station that runs, verify a backup, restore it",
    load: async () => (await import("./cli/backup.ts")).backup,
  },
  "hash-password": {
    summary: "the hash of a password, for the station's configuration",
    load: async () => (await import("./cli/hash-password.ts")).hashPasswordCommand,
  },
  up: {
    summary: "start a station: receives, scrapes, keeps and answers metrics, traces and logs",
    load: async () => {
      // Modules stay: V8 needs no large young generation to load them. ingest/young-generation.ts lets it grow afterwards.
      setFlagsFromString("--semi-space-growth-factor=1");
      const [{ upCommand }, { startStation }] = await Promise.all([
        import("./cli/up.ts"),
        import("./start-station.ts"),
      ]);
      return upCommand(startStation);
    },
  },
  config: {
    summary: "check and explain a station's configuration, a prometheus.yml too",
    load: async () => {
      const [{ configCommand }, { stationConfigSource }] = await Promise.all([
        import("./cli/config.ts"),
        import("./station-config.ts"),
      ]);
      return configCommand(stationConfigSource);
    },
  },
};

// Whoever reads may stop reading: `flx config explain | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

const [name, ...args] = process.argv.slice(2);
process.exitCode = await runCommand(commands, name, args, {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
});
