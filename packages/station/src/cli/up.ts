// flx up: starts a station, prints where it is and the next line to paste, and ends it in order.
//
//   SIGINT, SIGTERM, POST /-/quit    everything under way is answered, everything taken is durable, exit 0
//   again                            ends at once, exit 1
//   SIGHUP, POST /-/reload           the configuration anew, all or nothing

import { resolve } from "node:path";
import { FlxError } from "@flx/model";
import type { DoorRule } from "../base/access/door-rule.ts";
import { LOG_LEVELS, type LogLevel } from "../base/station-log.ts";
import { ConfigError, type ConfigProblem, showProblem } from "../config/problem.ts";
import { readArguments } from "./arguments.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { howCalled } from "./how-called.ts";

/** What the command line says; undefined: what the configuration says. */
export interface UpSettings {
  readonly configFile: string | undefined;
  readonly dataFolder: string | undefined;
  readonly http: string | undefined;
  readonly otlpGrpc: string | undefined;
  readonly otlpHttp: string | undefined;
  readonly memory: string | undefined;
  readonly allowWithoutAccessControl: boolean;
  readonly allowQuit: boolean;
  readonly logLevel: LogLevel | undefined;
  readonly onQuit: () => void;
}

/** A station that this command has started. */
export interface RunningStation {
  readonly version: string;
  readonly urls: { readonly http: string; readonly otlpHttp: string; readonly otlpGrpc: string };
  readonly dataFolder: string;
  /** Every way in, and the role it needs. */
  readonly rules: readonly DoorRule[];
  /** What of the configuration has no effect. */
  readonly warnings: readonly ConfigProblem[];
  reload(): Promise<void>;
  /** The names of parts that did not end in order. */
  stop(): Promise<readonly string[]>;
}

/** Starts a station. */
export type StationStarter = (settings: UpSettings) => Promise<RunningStation>;

const help = `Usage: flx up [OPTIONS]

Starts a station: receives, scrapes, keeps and answers metrics, traces, logs and errors. Without options it listens
on this machine alone and keeps its data in ./.flx.

  --config FILE        configuration, in YAML; a prometheus.yml will do
  --data DIR           where data is kept (default ./.flx)
  --listen ADDRESS     pages, APIs, remote write, /metrics (default 127.0.0.1:3590)
  --otlp-grpc ADDRESS  OTLP over gRPC (default 127.0.0.1:4317)
  --otlp-http ADDRESS  OTLP over HTTP (default 127.0.0.1:4318)
  --memory SIZE        what the process may have (default 75 % of the machine or container, at most 1GiB)
  --log LEVEL          ${LOG_LEVELS.join(", ")} (default warn here, info with --config)
  --allow-without-access-control   listen beyond this machine without knowing who comes
  --allow-quit         POST /-/quit ends the station

An address is HOST:PORT, or a port on 127.0.0.1; port 0 is any free one. The command line wins over the file.

Signals: SIGTERM and SIGINT end it in order, SIGHUP reads the configuration anew.

Exit codes: 0 ended in order, 1 a part did not end in order, 2 the configuration cannot be used, 3 a port cannot be
listened on, 4 the data folder cannot be used or another station has it, 5 anything else kept it from starting,
64 wrong command line
`;

const EXIT_UNCLEAN = 1;
const EXIT_CODES: Readonly<Record<string, number>> = {
  FLX_STATION_EXPOSED: 2,
  FLX_TLS_FILES: 2,
  FLX_CONFIG_FILE: 2,
  FLX_CONFIG_SECRET: 2,
  FLX_STATION_LISTEN: 3,
  FLX_STORE_DISK: 4,
  FLX_STORE_LOCKED: 4,
};
const EXIT_FAILED = 5;

/** The command over something that starts stations. */
export function upCommand(start: StationStarter): Command {
  return { help, run: (args, terminal) => run(start, args, terminal) };
}

async function run(
  start: StationStarter,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const ended = Promise.withResolvers<string>();
  const settings = settingsOf(args, () => ended.resolve("a request to /-/quit"));
  let station: RunningStation;
  try {
    station = await start(settings);
  } catch (error) {
    if (!(error instanceof FlxError)) throw error;
    terminal.error(`flx up: ${error.message}\n`);
    return error instanceof ConfigError ? 2 : (EXIT_CODES[error.code] ?? EXIT_FAILED);
  }
  const onSignal = (signal: NodeJS.Signals): void => ended.resolve(signal);
  const onHangup = (): void => void station.reload().catch(() => undefined);
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal).on("SIGHUP", onHangup);
  // A parent that started it with a channel, and is gone.
  process.once("disconnect", () => ended.resolve("the end of its parent"));
  for (const warning of station.warnings) {
    terminal.error(`${showProblem(settings.configFile ?? "", warning)}\n`);
  }
  terminal.out(welcome(station));
  const reason = await ended.promise;
  process.once("SIGINT", () => process.exit(EXIT_UNCLEAN));
  process.once("SIGTERM", () => process.exit(EXIT_UNCLEAN));
  terminal.out(`\nEnding on ${reason}: what was taken is made durable\n`);
  const unclean = await station.stop();
  process.off("SIGINT", onSignal).off("SIGTERM", onSignal).off("SIGHUP", onHangup);
  if (process.connected) process.disconnect();
  if (unclean.length === 0) return 0;
  terminal.error(`flx up: did not end in order: ${unclean.join(", ")}\n`);
  return EXIT_UNCLEAN;
}

function settingsOf(args: readonly string[], onQuit: () => void): UpSettings {
  const { options, words } = readArguments(args, {
    config: { value: "FILE" },
    data: { value: "DIR" },
    listen: { value: "ADDRESS" },
    "otlp-grpc": { value: "ADDRESS" },
    "otlp-http": { value: "ADDRESS" },
    memory: { value: "SIZE" },
    log: { value: "LEVEL" },
    "allow-without-access-control": {},
    "allow-quit": {},
  });
  if (words.length > 0) throw new UsageError(`${JSON.stringify(words[0])} is no option`);
  const level = options.get("log");
  const logLevel = LOG_LEVELS.find((each) => each === level);
  if (level !== undefined && logLevel === undefined) {
    throw new UsageError(`--log is one of ${LOG_LEVELS.join(", ")}`);
  }
  const data = options.get("data");
  return {
    configFile: options.get("config"),
    dataFolder: data === undefined ? undefined : resolve(data),
    http: options.get("listen"),
    otlpGrpc: options.get("otlp-grpc"),
    otlpHttp: options.get("otlp-http"),
    memory: options.get("memory"),
    allowWithoutAccessControl: options.has("allow-without-access-control"),
    allowQuit: options.has("allow-quit"),
    logLevel,
    onQuit,
  };
}

/** What a user reads first: addresses, and lines to paste. */
function welcome({ version, urls, dataFolder }: RunningStation): string {
  const isDefault = urls.http === "http://127.0.0.1:3590";
  const where = isDefault ? "" : `--url ${urls.http} `;
  return `FLX station ${version} is up. Data: ${dataFolder}

  Pages, for a browser           ${urls.http}/
  Prometheus API, remote write   ${urls.http}
  OTLP over gRPC                 ${urls.otlpGrpc}
  OTLP over HTTP                 ${urls.otlpHttp}

Ask it:
  ${howCalled()} query ${where}'up'
  curl -s '${urls.http}/api/v1/query?query=up'
Send to it, from any service with an OpenTelemetry SDK or @flx/monitoring:
  export OTEL_EXPORTER_OTLP_ENDPOINT=${urls.otlpHttp} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
`;
}
