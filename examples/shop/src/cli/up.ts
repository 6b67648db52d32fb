// `shop up`: the supervisor in this terminal, until Ctrl-C.

import { createLog } from "../log.ts";
import { defaultDayMs, defaultPorts } from "../settings.ts";
import { PortTakenError, type Ports } from "../supervisor/ports.ts";
import { type StationPorts, stationPorts } from "../supervisor/station.ts";
import { Supervisor, type ShopOptions } from "../supervisor/supervisor.ts";
import { durationMs, numberOption, UsageError, type Given } from "./arguments.ts";
import { CommandError, dataFolderOf } from "./command.ts";
import { stationText, welcomeText } from "./welcome.ts";

const trafficLevels: Readonly<Record<string, number>> = { none: 0, low: 2, normal: 10 };
const forcedExitCode = 130;

/** Runs the shop; the exit code is 0 when it was stopped, 1 when it could not start. */
export async function up(given: Given): Promise<number> {
  const options = shopOptions(given);
  process.stdout.on("error", () => {}); // a closed pipe (shop up | head) is no reason to leave processes behind
  process.stderr.on("error", () => {});
  const supervisor = new Supervisor(options, createLog("supervisor"), (line) => console.log(line));
  stopOnSignals(supervisor);
  console.log("The shop is opening ...");
  try {
    if (await supervisor.start())
      console.log(
        welcomeText(options, supervisor.ports, process.cwd()) + stationText(supervisor.stationUrl),
      );
  } catch (error) {
    const known = error instanceof PortTakenError ? error : (error as Error);
    throw new CommandError(`the shop cannot open: ${known.message}`, { cause: error });
  }
  await supervisor.stopped;
  console.log("The shop is closed.");
  return 0;
}

function stopOnSignals(supervisor: Supervisor): void {
  let asked = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (asked) {
        supervisor.kill();
        process.exit(forcedExitCode);
      }
      asked = true;
      console.log("\nThe shop is closing ... (Ctrl-C again ends it at once)");
      void supervisor.stop();
    });
  }
}

function shopOptions(given: Given): ShopOptions {
  const { options } = given;
  return {
    dataFolder: dataFolderOf(given),
    ports: wantedPorts(given),
    perSecond: traffic(given),
    dayMs: options["day"] === undefined ? defaultDayMs : durationMs("day", options["day"]),
    seed: numberOption(given, "seed", 1, [0, 2 ** 32 - 1]),
    tls: options["tls"] !== undefined,
    station: options["station"] === undefined ? undefined : wantedStation(given),
    verbose: options["verbose"] !== undefined,
  };
}

/** The station's ports; free ones with `--port 0`. */
function wantedStation(given: Given): StationPorts {
  const isFree = port(given, "port", defaultPorts.gateway) === 0;
  const { http, otlpGrpc, otlpHttp } = isFree
    ? { http: 0, otlpGrpc: 0, otlpHttp: 0 }
    : stationPorts;
  return { http: port(given, "station-port", http), otlpGrpc, otlpHttp };
}

/** With `--port 0` every port not named is a free one. */
function wantedPorts(given: Given): Ports {
  const gateway = port(given, "port", defaultPorts.gateway);
  const other = (name: "control" | "orders" | "payments"): number =>
    port(given, `${name}-port`, gateway === 0 ? 0 : defaultPorts[name]);
  const metrics = port(given, "metrics-port", gateway === 0 ? 0 : defaultPorts["gateway-metrics"]);
  const metricsOf = (position: number): number => (metrics === 0 ? 0 : metrics + position);
  return {
    gateway,
    control: other("control"),
    orders: other("orders"),
    payments: other("payments"),
    "gateway-metrics": metricsOf(0),
    "orders-metrics": metricsOf(1),
    "payments-metrics": metricsOf(2),
    "pipelines-metrics": metricsOf(3),
  };
}

function port(given: Given, name: string, fallback: number): number {
  const value = numberOption(given, name, fallback, [0, 65_535]);
  if (Number.isInteger(value)) return value;
  throw new UsageError(`--${name} must be a whole number, got "${value}"`);
}

function traffic(given: Given): number {
  const text = given.options["traffic"] ?? "normal";
  const level = Object.hasOwn(trafficLevels, text) ? trafficLevels[text] : Number(text);
  if (level !== undefined && level >= 0 && level <= 1000) return level;
  throw new UsageError(`--traffic must be none, low, normal or a number up to 1000, got "${text}"`);
}
