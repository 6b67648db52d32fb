// The sections `global` and `scrape_configs`, in Prometheus' words and with its defaults.
//
//   global          what jobs have when they do not say; labels of the whole station
//   scrape_configs  ── scrapeJobs(global, configs) ──► ScrapeJob[]
//
// What a Prometheus has and the station does not is taken and told as a warning, so that a prometheus.yml can be given as
// it is. What would make calls go wrong (OAuth2, proxies) is refused.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/

import type { Bytes, DurationMs } from "@flx/model";
import { ConfiguredAccess } from "../../config/configured-access.ts";
import {
  httpClientFields,
  httpClientRules,
  httpClientSettings,
  httpClientUnsupported,
  type HttpClientValue,
} from "../../config/http-client.ts";
import {
  byteSize,
  choice,
  duration,
  filePath,
  flag,
  plainText,
  url,
  wholeNumber,
} from "../../config/scalars.ts";
import { checked, optional, type Shape, withDefault } from "../../config/shape.ts";
import { list, mapOfValues, section } from "../../config/structures.ts";
import type { RelabelRule } from "../relabel.ts";
import { relabelRules } from "../relabel-config.ts";
import type { DiscoverySettings } from "./discovery.ts";
import type { ScrapeJob } from "./scrape-manager.ts";

const DEFAULT_INTERVAL_MS = 60_000 as DurationMs;
const DEFAULT_TIMEOUT_MS = 10_000 as DurationMs;

/** The job under which the station watches itself. */
export const SELF_JOB = "flx";

/** How the sources of that job begin; no other has such a name. */
export const SELF_SOURCES: string = `scrape ${SELF_JOB}/`;

interface LimitFields {
  readonly body_size_limit: Bytes | undefined;
  readonly sample_limit: number | undefined;
  readonly target_limit: number | undefined;
  readonly label_limit: number | undefined;
  readonly label_name_length_limit: number | undefined;
  readonly label_value_length_limit: number | undefined;
}

const limitFields: { readonly [K in keyof LimitFields]: Shape<LimitFields[K]> } = {
  body_size_limit: optional(byteSize()),
  sample_limit: optional(wholeNumber()),
  target_limit: optional(wholeNumber()),
  label_limit: optional(wholeNumber()),
  label_name_length_limit: optional(wholeNumber()),
  label_value_length_limit: optional(wholeNumber()),
};

const NEGOTIATED = "the format is negotiated with each target";
const NAMES = "names of any UTF-8 are taken";
const NATIVE = "native histograms are always taken, and win over classic ones of the same name";

const ignoredOfScrape: Readonly<Record<string, string>> = {
  scrape_protocols: NEGOTIATED,
  fallback_scrape_protocol: NEGOTIATED,
  enable_compression: "targets are always offered gzip",
  scrape_classic_histograms: NATIVE,
  always_scrape_classic_histograms: NATIVE,
  scrape_native_histograms: NATIVE,
  convert_classic_histograms_to_nhcb: "classic histograms stay classic",
  native_histogram_bucket_limit: "native histograms are taken as they are",
  native_histogram_min_bucket_factor: "native histograms are taken as they are",
  keep_dropped_targets: "dropped targets are all kept",
  metric_name_validation_scheme: NAMES,
  metric_name_escaping_scheme: NAMES,
  track_timestamps_staleness: "series with timestamps of their own are not made stale",
  scrape_failure_log_file: "GET /api/v1/targets has the last error of each target",
  extra_scrape_metrics: "they are not made",
};

/** What the section `global` holds. */
export interface GlobalConfig extends LimitFields {
  readonly scrape_interval: DurationMs;
  readonly scrape_timeout: DurationMs | undefined;
  readonly evaluation_interval: DurationMs;
  readonly external_labels: ReadonlyMap<string, string>;
}

/** The section `global`. */
export const globalSection: Shape<GlobalConfig> = section(
  {
    scrape_interval: withDefault(duration(), DEFAULT_INTERVAL_MS, "1m"),
    scrape_timeout: optional(duration()),
    evaluation_interval: withDefault(duration(), DEFAULT_INTERVAL_MS, "1m"),
    external_labels: mapOfValues(plainText()),
    ...limitFields,
  },
  {
    ignored: {
      ...ignoredOfScrape,
      query_log_file: "queries are counted in flx_queries_total; no file of them is written",
      rule_query_offset: "no rules are evaluated yet",
    },
    *rules({ scrape_interval: interval, scrape_timeout: timeout }) {
      if (timeout !== undefined && timeout > (interval || DEFAULT_INTERVAL_MS)) {
        yield ["scrape_timeout", "is longer than scrape_interval"];
      }
    },
  },
);

interface StaticConfig {
  readonly targets: readonly string[];
  readonly labels: ReadonlyMap<string, string>;
}

const staticConfig: Shape<StaticConfig> = section({
  targets: list(plainText({ minLength: 1 })),
  labels: mapOfValues(plainText()),
});

interface FileDiscovery {
  readonly files: readonly string[];
  readonly refresh_interval: DurationMs | undefined;
}

const fileDiscovery: Shape<FileDiscovery> = section({
  files: list(
    checked(filePath(), (path) =>
      /^[^*]*(?:\*[^/*]*)*\.(?:json|yml|yaml)$/i.test(path)
        ? undefined
        : "must end with .json, .yml or .yaml, and may have * in the name of the file only",
    ),
    { min: 1 },
  ),
  refresh_interval: optional(duration({ minMs: 1_000 })),
});

interface HttpDiscovery extends HttpClientValue {
  readonly url: URL;
  readonly refresh_interval: DurationMs | undefined;
}

const httpDiscovery: Shape<HttpDiscovery> = section(
  {
    url: url(),
    refresh_interval: optional(duration({ minMs: 1_000 })),
    ...httpClientFields,
  },
  { rules: (given) => httpClientRules(given), unsupported: httpClientUnsupported },
);

interface DnsDiscovery {
  readonly names: readonly string[];
  readonly refresh_interval: DurationMs | undefined;
  readonly type: "SRV" | "A" | "AAAA";
  readonly port: number | undefined;
}

const dnsDiscovery: Shape<DnsDiscovery> = section(
  {
    names: list(plainText({ minLength: 1 }), { min: 1 }),
    refresh_interval: optional(duration({ minMs: 1_000 })),
    type: withDefault(choice(["SRV", "A", "AAAA"]), "SRV"),
    port: optional(wholeNumber({ min: 1, max: 65_535 })),
  },
  {
    *rules({ type, port }) {
      if (type !== "SRV" && port === undefined) yield ["port", `must be given for type ${type}`];
    },
  },
);

/** Ways to find targets that the station does not have: a job that uses one has no targets from there. */
const OTHER_DISCOVERIES: Readonly<Record<string, string>> = Object.fromEntries(
  [
    "aws",
    "azure",
    "consul",
    "digitalocean",
    "docker",
    "dockerswarm",
    "ec2",
    "eureka",
    "gce",
    "hetzner",
    "ionos",
    "kubernetes",
    "kuma",
    "lightsail",
    "linode",
    "marathon",
    "nerve",
    "nomad",
    "openstack",
    "ovhcloud",
    "puppetdb",
    "scaleway",
    "serverset",
    "stackit",
    "triton",
    "uyuni",
    "vultr",
  ].map((kind) => [
    `${kind}_sd_configs`,
    "no targets come from there; static, file, http and dns discovery are there, and http takes any other",
  ]),
);

/** One item of `scrape_configs`. */
export interface ScrapeConfig extends LimitFields, HttpClientValue {
  readonly job_name: string;
  readonly scrape_interval: DurationMs | undefined;
  readonly scrape_timeout: DurationMs | undefined;
  readonly metrics_path: string;
  readonly honor_labels: boolean;
  readonly honor_timestamps: boolean;
  readonly scheme: "http" | "https";
  readonly params: ReadonlyMap<string, readonly string[]>;
  readonly static_configs: readonly StaticConfig[];
  readonly file_sd_configs: readonly FileDiscovery[];
  readonly http_sd_configs: readonly HttpDiscovery[];
  readonly dns_sd_configs: readonly DnsDiscovery[];
  readonly relabel_configs: readonly RelabelRule[];
  readonly metric_relabel_configs: readonly RelabelRule[];
}

const scrapeConfig: Shape<ScrapeConfig> = section(
  {
    job_name: checked(plainText({ minLength: 1 }), (name) =>
      name === SELF_JOB ? "is the job under which the station watches itself" : undefined,
    ),
    scrape_interval: optional(duration()),
    scrape_timeout: optional(duration()),
    metrics_path: withDefault(plainText({ minLength: 1 }), "/metrics"),
    honor_labels: withDefault(flag(), false),
    honor_timestamps: withDefault(flag(), true),
    scheme: withDefault(choice(["http", "https"]), "http"),
    params: mapOfValues(list(plainText())),
    static_configs: list(staticConfig),
    file_sd_configs: list(fileDiscovery),
    http_sd_configs: list(httpDiscovery),
    dns_sd_configs: list(dnsDiscovery),
    relabel_configs: relabelRules,
    metric_relabel_configs: relabelRules,
    ...limitFields,
    ...httpClientFields,
  },
  {
    rules: (given) => httpClientRules(given),
    unsupported: httpClientUnsupported,
    ignored: { ...ignoredOfScrape, ...OTHER_DISCOVERIES },
  },
);

/** The section `scrape_configs`. */
export const scrapeConfigs: Shape<readonly ScrapeConfig[]> = list(scrapeConfig);

/** What is wrong with jobs together: the index of one, and why. */
export function* scrapeRules(
  global: GlobalConfig,
  configs: readonly ScrapeConfig[],
): Iterable<readonly [index: number, message: string]> {
  const names = new Set<string>();
  for (const [i, config] of configs.entries()) {
    if (names.has(config.job_name)) yield [i, `there is another job ${config.job_name}`];
    names.add(config.job_name);
    const { scrape_timeout: timeout } = config;
    if (timeout !== undefined && timeout > intervalOf(global, config)) {
      yield [i, "scrape_timeout is longer than scrape_interval"];
    }
    // What relabelling makes of an address is not known yet (probes of URLs are written so).
    if (config.relabel_configs.length > 0) continue;
    const wrong = config.static_configs
      .flatMap(({ targets }) => targets)
      .find((target) => target.includes("/"));
    if (wrong !== undefined) {
      const how = "a target is host:port; scheme and metrics_path are keys of the job";
      yield [i, `${JSON.stringify(wrong.slice(0, 200))} is no target: ${how}`];
    }
  }
}

/** The jobs of a configuration. */
export function scrapeJobs(
  global: GlobalConfig,
  configs: readonly ScrapeConfig[],
): readonly ScrapeJob[] {
  return configs.map((config) => scrapeJob(global, config));
}

function intervalOf(global: GlobalConfig, config: ScrapeConfig): number {
  return config.scrape_interval || global.scrape_interval || DEFAULT_INTERVAL_MS;
}

function scrapeJob(global: GlobalConfig, config: ScrapeConfig): ScrapeJob {
  const intervalMs = intervalOf(global, config);
  const timeoutMs = config.scrape_timeout || global.scrape_timeout || DEFAULT_TIMEOUT_MS;
  return {
    jobName: config.job_name,
    scheme: config.scheme,
    metricsPath: config.metrics_path,
    params: Object.fromEntries(config.params),
    intervalMs,
    timeoutMs: Math.min(timeoutMs, intervalMs),
    honorLabels: config.honor_labels,
    honorTimestamps: config.honor_timestamps,
    access: accessOf(config),
    relabel: config.relabel_configs,
    metricRelabel: config.metric_relabel_configs,
    sampleLimit: config.sample_limit ?? global.sample_limit ?? 0,
    targetLimit: config.target_limit ?? global.target_limit ?? 0,
    labelLimit: config.label_limit ?? global.label_limit ?? 0,
    labelNameLengthLimit: config.label_name_length_limit ?? global.label_name_length_limit ?? 0,
    labelValueLengthLimit: config.label_value_length_limit ?? global.label_value_length_limit ?? 0,
    bodySizeLimit: config.body_size_limit ?? global.body_size_limit ?? 0,
    discoveries: discoveriesOf(config),
  };
}

function accessOf(given: HttpClientValue): ConfiguredAccess {
  return new ConfiguredAccess(httpClientSettings(given));
}

function discoveriesOf(config: ScrapeConfig): DiscoverySettings[] {
  const { static_configs: groups } = config;
  return [
    ...(groups.length === 0
      ? []
      : [
          {
            kind: "static" as const,
            groups: groups.map(({ targets, labels }) => ({
              targets,
              labels: Object.fromEntries(labels),
            })),
          },
        ]),
    ...config.file_sd_configs.map(({ files, refresh_interval: refreshMs }) => ({
      kind: "file" as const,
      files,
      ...(refreshMs !== undefined && { refreshMs }),
    })),
    ...config.http_sd_configs.map((given) => ({
      kind: "http" as const,
      url: given.url.href,
      access: accessOf(given),
      ...(given.refresh_interval !== undefined && { refreshMs: given.refresh_interval }),
    })),
    ...config.dns_sd_configs.map(({ names, type, port, refresh_interval: refreshMs }) => ({
      kind: "dns" as const,
      names,
      type,
      ...(port !== undefined && { port }),
      ...(refreshMs !== undefined && { refreshMs }),
    })),
  ];
}
