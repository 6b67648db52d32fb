// From a command line to a station: configuration, what the command line says otherwise, log, store.

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { FlxError } from "@flx/model";
import { stationLog } from "./base/station-log.ts";
import type { RunningStation, UpSettings } from "./cli/up.ts";
import { type LoadedConfig, readConfigValues } from "./config/load-config.ts";
import { SELF_SOURCES } from "./ingest/scrape/scrape-config.ts";
import { Station, type StoreOpener, type StoreSettings } from "./station.ts";
import {
  defaultStationConfig,
  loadStationConfig,
  type StationConfig,
  stationShape,
} from "./station-config.ts";
import { openEmbeddedStore } from "./store/embedded-store.ts";
import type { HeadLimits } from "./store/head/head.ts";
import type { RemoteEngineConfig } from "./store/remote/remote-config.ts";
import { RemoteStore } from "./store/remote/remote-store.ts";
import { RemoteWriteMetrics } from "./store/remote/remote-write-metrics.ts";
import { RemoteEngine } from "./query/remote-engine.ts";
import { FileWindows } from "./store/windows/file-windows.ts";

const DEFAULT_FOLDER = ".flx";

/**
 * Starts a station as a command line says.
 *
 * @throws {FlxError} as loading a configuration and `Station.start` do
 */
export async function startStation(settings: UpSettings): Promise<RunningStation> {
  const read = async (): Promise<LoadedConfig<StationConfig>> => {
    const { configFile } = settings;
    const loaded =
      configFile === undefined
        ? defaultStationConfig()
        : await loadStationConfig(configFile, process.env);
    return withCommandLine(loaded, settings);
  };
  const config = await read();
  const { log: logging, store, query } = config.value;
  const version = await ownVersion();
  // Without a configuration somebody is at a terminal who wants to read what is printed, not the log.
  const level = settings.logLevel ?? (settings.configFile === undefined ? "warn" : logging.level);
  const log = stationLog(level, version);
  const folder = settings.dataFolder ?? store.path ?? resolve(DEFAULT_FOLDER);
  const { onQuit } = settings;
  const { metrics } = store;
  const opener = metrics === undefined ? openStore : remoteStoreOpener(metrics, query.timeout);
  const options = { config, reread: read, folder, openStore: opener, log, version, onQuit };
  const station = await Station.start(options);
  return {
    version,
    urls: station.urls,
    rules: station.rules,
    dataFolder: folder,
    warnings: config.warnings,
    reload: () => station.reload(),
    stop: async () => {
      const ends = await station.stop();
      return ends.filter(({ outcome }) => outcome !== "closed").map(({ name }) => name);
    },
  };
}

/** The embedded store, with the limits of a configuration. */
const openStore: StoreOpener = async (settings) => {
  const { folder, registry, now, log, retentionMs, memoryBytes, archive } = settings;
  const onProblem = (error: FlxError): void => log.warn({ err: error }, "the store has trouble");
  const cacheBytes = Math.floor(memoryBytes * WINDOW_CACHE_SHARE);
  let windows: FileWindows | undefined;
  const store = await openEmbeddedStore({
    folder,
    registry,
    now,
    limits: headLimits(settings),
    openWindows: async (place) => {
      const { retentionPolicies: policies, retentionBytes: maxBytes } = settings;
      const { hasRollups } = settings;
      const keep = { retentionMs, policies, maxBytes, cacheBytes, archive, hasRollups };
      windows = await FileWindows.open({ folder: place, ...keep, now, onProblem });
      return windows;
    },
    onProblem,
  });
  return {
    store,
    freeze: (to) => store.freeze(to),
    reconfigure: (changed) => {
      store.limitTo(headLimits(changed));
      windows?.retainFor(changed.retentionMs, changed.retentionPolicies);
    },
  };
};

/** An engine elsewhere that keeps metrics instead of the embedded store. */
function remoteStoreOpener(config: RemoteEngineConfig, queryTimeoutMs: number): StoreOpener {
  return async ({ folder, maxSeries, maxLabels, registry, now, log }) => {
    const store = await RemoteStore.open({
      folder,
      config,
      maxSeries,
      maxLabels,
      queryTimeoutMs,
      metrics: RemoteWriteMetrics.of(registry),
      now,
      onProblem: (error) => log.warn({ err: error }, "the engine that keeps metrics"),
    });
    return { store, engine: new RemoteEngine(store.client), reconfigure: () => undefined };
  };
}

/** Of the memory cap, for what was read of closed windows. */
const WINDOW_CACHE_SHARE = 1 / 16;
/** What a station without data has of memory, about: with the database of spans and logs. */
const EMPTY_BYTES = 225 * 1024 * 1024;
/** What the head counts, of what it has. */
const COUNTED = 0.5;
/** Of the memory that is left, for samples and series; the rest is for what comes in and what is asked. */
const HEAD_SHARE = 0.6;

function headLimits(settings: StoreSettings): Partial<HeadLimits> {
  const { maxSeries, maxSeriesPerSource, maxLabels, maxExemplars, lateMs, memoryBytes } = settings;
  const room = Math.max(32 * 1024 * 1024, memoryBytes - EMPTY_BYTES);
  const maxBytes = Math.floor(room * HEAD_SHARE * COUNTED);
  return {
    maxSeries,
    maxSeriesPerSource,
    maxLabels,
    maxExemplars,
    lateMs,
    maxBytes,
    ownSources: SELF_SOURCES,
  };
}

/** The configuration with what the command line says otherwise. */
function withCommandLine(
  loaded: LoadedConfig<StationConfig>,
  settings: UpSettings,
): LoadedConfig<StationConfig> {
  const { http, otlpGrpc, otlpHttp, memory, allowWithoutAccessControl, allowQuit } = settings;
  const listen = {
    ...(http !== undefined && { http }),
    ...(otlpGrpc !== undefined && { otlp_grpc: otlpGrpc }),
    ...(otlpHttp !== undefined && { otlp_http: otlpHttp }),
    ...(allowWithoutAccessControl && { allow_without_access_control: true }),
    ...(allowQuit && { allow_quit: true }),
  };
  const given = { listen, ...(memory !== undefined && { memory }) };
  const { value, explained } = readConfigValues(given, stationShape, {
    file: "command line",
  });
  const said = new Map(
    explained.filter(({ source }) => source !== "default").map((each) => [each.path, each]),
  );
  const chosen = Object.fromEntries(
    Object.keys(listen).map((key) => [key, value.listen[key as keyof typeof value.listen]]),
  );
  return {
    warnings: loaded.warnings,
    explained: loaded.explained.map((each) => said.get(each.path) ?? each),
    value: {
      ...loaded.value,
      listen: { ...loaded.value.listen, ...chosen },
      memory: value.memory ?? loaded.value.memory,
    },
  };
}

async function ownVersion(): Promise<string> {
  const text = await readFile(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
