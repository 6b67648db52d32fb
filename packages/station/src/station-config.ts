// The configuration of a station, whole: Prometheus' sections as they are, and ours. Each part has the shape of its own
// section beside its code; here they come together.
//
//   global scrape_configs rule_files remote_write otlp storage     Prometheus' own: a prometheus.yml can be given as it is
//   listen access tls store limits query traces memory log     ours
//
// Shared by `flx up`, `flx config` and the published JSON Schema.

import type { Bytes } from "@flx/model";
import { LOG_LEVELS, type LogLevel } from "./base/station-log.ts";
import type { TlsFilePaths } from "./base/tls-files.ts";
import { type AccessSettings, accessSection, tlsSection } from "./config/access.ts";
import { type LoadedConfig, loadConfig, readConfigValues } from "./config/load-config.ts";
import type { Variables } from "./config/environment.ts";
import { type Address, address, byteSize, choice, filePath, flag } from "./config/scalars.ts";
import { type JsonSchema, optional, type Shape, withDefault } from "./config/shape.ts";
import { list, section } from "./config/structures.ts";
import type { ConfigSource } from "./cli/config.ts";
import { type LimitsConfig, limitsSection } from "./ingest/limits-config.ts";
import { otlpSection } from "./ingest/otlp/otlp-config.ts";
import {
  type RemoteWriteConfig,
  remoteWriteSection,
} from "./ingest/remote-write/remote-write-config.ts";
import type { TranslationSettings } from "./ingest/otlp/translate.ts";
import {
  type GlobalConfig,
  globalSection,
  type ScrapeConfig,
  scrapeConfigs,
  scrapeRules,
} from "./ingest/scrape/scrape-config.ts";
import { type QueryConfig, querySection } from "./query/query-config.ts";
import { type TracesConfig, tracesSection } from "./traces/traces-config.ts";
import { type FoundRuleFile, readRuleFiles } from "./rules/rule-files.ts";
import {
  type StorageConfig,
  storageSection,
  type StoreConfig,
  storeSection,
} from "./store/store-config.ts";

const MIB = 1024 * 1024;

/** Where the station listens. */
export interface ListenConfig {
  readonly http: Address;
  readonly otlp_grpc: Address;
  readonly otlp_http: Address;
  /** Whether addresses beyond loopback may be served to whoever comes. */
  readonly allow_without_access_control: boolean;
  /** Whether POST /-/quit ends the station. */
  readonly allow_quit: boolean;
}

const loopback = (port: number): Shape<Address> =>
  withDefault(address(), { host: "127.0.0.1", port }, `127.0.0.1:${port}`);

const listen: Shape<ListenConfig> = section({
  http: loopback(3590),
  otlp_grpc: loopback(4317),
  otlp_http: loopback(4318),
  allow_without_access_control: withDefault(flag(), false),
  allow_quit: withDefault(flag(), false),
});

/** A whole configuration. */
export interface StationConfig {
  readonly global: GlobalConfig;
  readonly scrape_configs: readonly ScrapeConfig[];
  /** Absolute paths, with * in them. */
  readonly rule_files: readonly string[];
  /** Where samples are sent on to. */
  readonly remote_write: readonly RemoteWriteConfig[];
  readonly otlp: Omit<TranslationSettings, "maxLabels">;
  readonly listen: ListenConfig;
  readonly store: StoreConfig;
  readonly storage: StorageConfig;
  readonly limits: LimitsConfig;
  readonly query: QueryConfig;
  /** What is counted out of spans. */
  readonly traces: TracesConfig;
  readonly access: AccessSettings;
  /** Of all doors; undefined: none has TLS. */
  readonly tls: TlsFilePaths | undefined;
  /** How much memory the whole process may have; undefined: as the machine allows. */
  readonly memory: Bytes | undefined;
  readonly log: { readonly level: LogLevel };
}

/** The shape of a whole configuration. */
export const stationShape: Shape<StationConfig> = section(
  {
    global: globalSection,
    scrape_configs: scrapeConfigs,
    rule_files: list(filePath()),
    remote_write: remoteWriteSection,
    otlp: otlpSection,
    listen,
    store: storeSection,
    storage: storageSection,
    limits: limitsSection,
    query: querySection,
    traces: tracesSection,
    access: accessSection,
    tls: optional(tlsSection),
    memory: optional(byteSize({ min: 128 * MIB })),
    log: section({ level: withDefault(choice(LOG_LEVELS), "info") }),
  },
  {
    ignored: {
      alerting: "no alerts are sent yet",
      tracing: "the station's own spans are not exported yet",
      runtime: "it is about Go's runtime",
      scrape_config_files: "jobs stand in scrape_configs",
    },
    unsupported: {
      remote_read: "queries are answered from one place: the station's own store, or store.metrics",
    },
    *rules({ global, scrape_configs: configs }) {
      for (const [index, message] of scrapeRules(global, configs)) {
        yield [`scrape_configs[${index}]`, message];
      }
    },
  },
);

/** What nobody said otherwise. */
export function defaultStationConfig(): LoadedConfig<StationConfig> {
  return readConfigValues({}, stationShape, { file: "defaults" });
}

/**
 * Reads the configuration of a station from a file.
 *
 * @throws {ConfigError} `FLX_CONFIG`; {FlxError} `FLX_CONFIG_FILE`
 */
export function loadStationConfig(
  path: string,
  variables: Variables,
): Promise<LoadedConfig<StationConfig>> {
  return loadConfig(path, stationShape, variables);
}

/** The JSON Schema of a configuration, as it is published in schema/station.schema.json. */
export function stationJsonSchema(): JsonSchema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Configuration of an FLX station",
    description: "Prometheus' configuration as it is, and the station's own sections",
    ...stationShape.jsonSchema,
  };
}

/** What there is in a configuration, in one line. */
function summaryOf(
  { value }: LoadedConfig<StationConfig>,
  rules: readonly FoundRuleFile[],
): string {
  const counted = (count: number, what: string): string =>
    `${count} ${what}${count === 1 ? "" : "s"}`;
  const groups = rules.reduce((sum, file) => sum + file.groups.length, 0);
  const parts = [counted(value.scrape_configs.length, "scrape job")];
  if (rules.length > 0) {
    parts.push(`${counted(groups, "rule group")} in ${counted(rules.length, "file")}`);
  }
  return parts.join(", ");
}

/** The configuration as `flx config` sees it: with the files that it names. */
export const stationConfigSource: ConfigSource = {
  async read(file) {
    const loaded =
      file === undefined ? defaultStationConfig() : await loadStationConfig(file, process.env);
    const rules = await readRuleFiles(loaded.value.rule_files);
    const { explained, warnings } = loaded;
    return { explained, warnings, summary: summaryOf(loaded, rules) };
  },
  schema: stationJsonSchema,
};
