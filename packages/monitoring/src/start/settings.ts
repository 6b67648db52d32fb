// All settings of the SDK: what they are called in options, variables and the file, what they may be, and what they are when
// nobody says anything.
//
//   "otlp.traces.endpoint"      the name: the place in the options, and what explainConfig() shows
//   ├── options   startMonitoring({ otlp: { traces: { endpoint } } }), then { otlp: { endpoint } }
//   ├── file      tracer_provider.processors[].batch.exporter.otlp_http.endpoint         (config-file.ts)
//   ├── env       OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, then OTEL_EXPORTER_OTLP_ENDPOINT
//   └── fallback  undefined: the place of the protocol
//
// The first that has a value counts. Only the table is here; configuration.ts goes through it, and
// docs/reference/configuration.md lists it (a test compares).
//
// Source of the OTEL_* names: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/

import {
  DEFAULT_BATCH,
  DEFAULT_EXIT_TIMEOUT_MS,
  type OtlpProtocol,
} from "../export/export-settings.ts";
import type { Signal } from "../export/signal.ts";
import { DETECTOR_NAMES, type DetectorName } from "../resource/detect-resource.ts";
import type { Sampler } from "../tracing/sampler.ts";
import { DEFAULT_SPAN_LIMITS } from "../tracing/span-limits.ts";
import {
  address,
  anything,
  flag,
  limit,
  list,
  number,
  pairs,
  patterns,
  type ReadValue,
  refuse,
  text,
  word,
} from "./setting-values.ts";

/** The names of samplers, as OpenTelemetry has them. */
export const SAMPLER_NAMES = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

/** Detectors of the resource, and what else OpenTelemetry has in their place. */
export const DETECTOR_WORDS: readonly string[] = [
  "all",
  "none",
  "env",
  "os",
  "serviceinstance",
  ...DETECTOR_NAMES,
];

/** The names of propagators. */
export const PROPAGATOR_NAMES = [
  "tracecontext",
  "baggage",
  "b3",
  "b3multi",
  "jaeger",
  "none",
] as const;

/** The name of a propagator. */
export type PropagatorName = (typeof PROPAGATOR_NAMES)[number];

/** Where and how one signal is sent. */
export interface SignalSettings {
  readonly exporter: "otlp" | "none";
  /** The address as it is given; undefined: that of the protocol. */
  readonly endpoint: string | undefined;
  readonly protocol: OtlpProtocol;
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: "none" | "gzip" | "zstd";
  readonly timeoutMs: number;
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

type SettingsOfSignals = {
  readonly [
    Name in `otlp.${Signal}.${keyof SignalSettings}`
  ]: Name extends `otlp.${Signal}.${infer Field extends keyof SignalSettings}`
    ? SignalSettings[Field]
    : never;
};

/** The values of all settings, by name. */
export interface Settings extends SettingsOfSignals {
  readonly disabled: boolean;
  readonly service: string | undefined;
  readonly version: string | undefined;
  readonly environment: string | undefined;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly resourceSchemaUrl: string | undefined;
  readonly resourceDetectors: readonly DetectorName[];
  readonly "admin.enabled": boolean;
  readonly "admin.port": number;
  readonly "admin.host": string | undefined;
  readonly "tracing.enabled": boolean;
  /** A name of OpenTelemetry, a ratio, or a sampler of the service's own. */
  readonly "tracing.sampling": string | number | Sampler;
  readonly "tracing.samplingRatio": number;
  readonly "tracing.propagators": readonly PropagatorName[];
  readonly "tracing.baggage": readonly string[];
  readonly "tracing.tail.ratio": number | undefined;
  readonly "tracing.tail.slowMs": number | Readonly<Record<string, number>> | undefined;
  readonly "tracing.tail.maxBytes": number;
  readonly "tracing.limits.attributes": number;
  readonly "tracing.limits.events": number;
  readonly "tracing.limits.links": number;
  readonly "tracing.limits.attributesPerEvent": number;
  readonly "tracing.limits.attributesPerLink": number;
  readonly "tracing.limits.valueLength": number;
  readonly "tracing.limits.valueDepth": number;
  readonly "metrics.system": boolean;
  readonly "metrics.exemplars": boolean;
  readonly "metrics.baggage": readonly string[];
  readonly "metrics.intervalMs": number;
  readonly "metrics.temporality": "cumulative" | "delta";
  readonly "health.enabled": boolean;
  readonly "logging.level": (typeof LOG_LEVELS)[number];
  readonly "logging.pretty": boolean | undefined;
  readonly "logging.duplicates": boolean | undefined;
  readonly "redaction.keys": readonly string[];
  readonly "redaction.paths": readonly string[];
  readonly "redaction.patterns": readonly RegExp[];
  readonly "redaction.secrets": readonly string[];
  readonly "export.delayMs": number;
  readonly "export.maxRecords": number;
  readonly "export.exitTimeoutMs": number;
  readonly "spool.enabled": boolean;
  readonly "spool.folder": string | undefined;
  readonly "spool.maxBytes": number;
  readonly "spool.maxAgeMs": number;
}

/** The name of a setting. */
export type SettingName = keyof Settings;

/** What is known of one setting. */
export interface Setting<Value> {
  /** One line for people. */
  readonly about: string;
  /** Further places in the options, asked after the setting's own. */
  readonly options?: readonly string[];
  /** Variables, the first one that is not empty counts. */
  readonly env: readonly string[];
  readonly read: ReadValue<Value>;
  readonly fallback: Value;
  /** Its value is shown to nobody. */
  readonly secret?: boolean;
  /** Values of all places together make it, the first place wins for each key. */
  readonly merged?: boolean;
}

/** Each setting by its name. */
export type SettingTable = { readonly [Name in SettingName]: Setting<Settings[Name]> };

/** Levels of lines, the last one is for none. */
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];
const MAX_MS = 2 ** 31 - 1;

/** A setting of one signal, and of all together. */
function ofSignals<Field extends keyof SignalSettings>(
  field: Field,
  variable: string,
  setting: Omit<Setting<SignalSettings[Field]>, "env" | "options">,
): Pick<SettingTable, `otlp.${Signal}.${Field}`> {
  const entries = Object.fromEntries(
    SIGNALS.map((signal) => [
      `otlp.${signal}.${field}`,
      {
        ...setting,
        about: setting.about.replace("{signal}", signal),
        options: [`otlp.${field}`],
        env: [
          `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${variable}`,
          `OTEL_EXPORTER_OTLP_${variable}`,
        ],
      },
    ]),
  );
  return entries as unknown as Pick<SettingTable, `otlp.${Signal}.${Field}`>;
}

function exporterOf(signal: Signal): Setting<"otlp" | "none"> {
  return {
    about: `Where ${signal} go: to an OTLP receiver, or nowhere`,
    options: ["otlp.exporter"],
    env: [`OTEL_${signal.toUpperCase()}_EXPORTER`],
    read: (raw, where) => {
      if (raw === false) return "none";
      // The admin server always exposes metrics to Prometheus, so that word asks for nothing more.
      const words = list(text)(raw, where).filter((each) => each !== "prometheus");
      const known = words.find((each) => each === "otlp" || each === "none");
      if (words.length === 0) return "none";
      return known === undefined ? refuse(where, "otlp or none", raw) : known;
    },
    fallback: "otlp",
  };
}

const sampling: ReadValue<string | number | Sampler> = (raw, where) => {
  if (typeof raw === "object" && raw !== null && "sample" in raw) return raw as Sampler;
  if (typeof raw === "number") return number(0, 1, false)(raw, where);
  return word(...SAMPLER_NAMES)(raw, where);
};

const slowMs: ReadValue<number | Readonly<Record<string, number>>> = (raw, where) =>
  typeof raw === "object" || (typeof raw === "string" && raw.includes("="))
    ? pairs(number(0, MAX_MS, false))(raw, where)
    : number(0, MAX_MS, false)(raw, where);

/** Names of baggage entries whose labels are ones that a metric can have. */
const labelSources: ReadValue<readonly string[]> = (raw, where) => {
  const names = list(text)(raw, where);
  const wrong = names.find((name) => ["le", "quantile"].includes(name) || name.startsWith("__"));
  if (wrong !== undefined) refuse(where, "names that a label may have", wrong);
  return names;
};

const optional = <Value>(read: ReadValue<Value>): ReadValue<Value | undefined> => read;

/** The table. */
export const SETTINGS: SettingTable = {
  disabled: {
    about: "Nothing is sent, recorded or served; metrics can still be counted",
    env: ["OTEL_SDK_DISABLED", "FLX_DISABLED"],
    read: flag,
    fallback: false,
  },
  service: {
    about: "The name of the service, service.name",
    env: ["OTEL_SERVICE_NAME", "FLX_SERVICE"],
    read: optional(text),
    fallback: undefined,
  },
  version: {
    about: "The version of the service, service.version",
    env: ["FLX_VERSION"],
    read: optional(text),
    fallback: undefined,
  },
  environment: {
    about: "Where it runs (production, ...), deployment.environment.name",
    env: ["FLX_ENVIRONMENT"],
    read: optional(text),
    fallback: undefined,
  },
  resource: {
    about: "Further attributes of the service",
    env: ["OTEL_RESOURCE_ATTRIBUTES"],
    read: pairs(anything),
    fallback: {},
    merged: true,
  },
  resourceSchemaUrl: {
    about: "The schema of the resource's attributes",
    env: [],
    read: optional(text),
    fallback: undefined,
  },
  resourceDetectors: {
    about: "What is found out about where the service runs",
    env: ["OTEL_NODE_RESOURCE_DETECTORS"],
    read: (raw, where) => {
      const words = list(word(...DETECTOR_WORDS))(raw, where);
      if (words.includes("all")) return DETECTOR_NAMES;
      return DETECTOR_NAMES.filter((name) => words.includes(name));
    },
    fallback: DETECTOR_NAMES,
  },
  "admin.enabled": {
    about: "Whether /metrics and the probes of health are served",
    env: ["FLX_ADMIN"],
    read: flag,
    fallback: true,
  },
  "admin.port": {
    about: "The port they are served on; 0 for any free one",
    env: ["FLX_ADMIN_PORT", "OTEL_EXPORTER_PROMETHEUS_PORT"],
    read: number(0, 65_535),
    fallback: 9464,
  },
  "admin.host": {
    about: "The address they are served on; by default loopback, and all interfaces in a container",
    env: ["FLX_ADMIN_HOST", "OTEL_EXPORTER_PROMETHEUS_HOST"],
    read: optional(text),
    fallback: undefined,
  },
  "otlp.traces.exporter": exporterOf("traces"),
  "otlp.metrics.exporter": exporterOf("metrics"),
  "otlp.logs.exporter": exporterOf("logs"),
  ...ofSignals("endpoint", "ENDPOINT", {
    about: "Where {signal} are sent; http://localhost:4318, with gRPC http://localhost:4317",
    read: address,
    fallback: undefined,
  }),
  ...ofSignals("protocol", "PROTOCOL", {
    about: "How {signal} are sent",
    read: word("http/protobuf", "http/json", "grpc"),
    fallback: "http/protobuf",
  }),
  ...ofSignals("headers", "HEADERS", {
    about: "Headers of the requests with {signal}",
    read: pairs(text),
    fallback: {},
    secret: true,
  }),
  ...ofSignals("compression", "COMPRESSION", {
    about: "How the requests with {signal} are packed",
    read: word("none", "gzip", "zstd"),
    fallback: "gzip",
  }),
  ...ofSignals("timeoutMs", "TIMEOUT", {
    about: "How long one request with {signal} may take, in milliseconds",
    read: number(1, MAX_MS),
    fallback: 10_000,
  }),
  ...ofSignals("caFile", "CERTIFICATE", {
    about: "Certificates that are trusted for {signal}, a PEM file",
    read: text,
    fallback: undefined,
  }),
  ...ofSignals("certFile", "CLIENT_CERTIFICATE", {
    about: "Our certificate towards the receiver of {signal}, a PEM file",
    read: text,
    fallback: undefined,
  }),
  ...ofSignals("keyFile", "CLIENT_KEY", {
    about: "The key of that certificate, a PEM file",
    read: text,
    fallback: undefined,
  }),
  "tracing.enabled": {
    about: "Whether spans are made",
    env: ["FLX_TRACING"],
    read: flag,
    fallback: true,
  },
  "tracing.sampling": {
    about: "Which traces are kept: a sampler's name, or the part of all traces",
    env: ["OTEL_TRACES_SAMPLER"],
    read: sampling,
    fallback: "parentbased_always_on",
  },
  "tracing.samplingRatio": {
    about: "The part of all traces that the samplers with a ratio keep",
    env: ["OTEL_TRACES_SAMPLER_ARG"],
    read: number(0, 1, false),
    fallback: 1,
  },
  "tracing.propagators": {
    about: "How contexts travel",
    env: ["OTEL_PROPAGATORS"],
    read: list(word(...PROPAGATOR_NAMES)),
    fallback: ["tracecontext", "baggage"],
  },
  "tracing.baggage": {
    about: "Entries of baggage that become attributes of spans and logs",
    env: ["FLX_BAGGAGE"],
    read: list(text),
    fallback: [],
  },
  "tracing.tail.ratio": {
    about: "Tail sampling: the part of traces kept anyway, beside failed and slow ones",
    env: ["FLX_TAIL_RATIO"],
    read: optional(number(0, 1, false)),
    fallback: undefined,
  },
  "tracing.tail.slowMs": {
    about: "Tail sampling: spans that take longer are kept; one bound, or one an operation",
    env: ["FLX_TAIL_SLOW_MS"],
    read: slowMs,
    fallback: undefined,
  },
  "tracing.tail.maxBytes": {
    about: "Tail sampling: memory for spans that may still matter",
    env: ["FLX_TAIL_MAX_BYTES"],
    read: number(65_536, 2 ** 31),
    fallback: 16 * 1024 * 1024,
  },
  "tracing.limits.attributes": {
    about: "Attributes of a span",
    env: ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT"],
    read: limit(100_000),
    fallback: DEFAULT_SPAN_LIMITS.attributes,
  },
  "tracing.limits.events": {
    about: "Events of a span",
    env: ["OTEL_SPAN_EVENT_COUNT_LIMIT"],
    read: limit(100_000),
    fallback: DEFAULT_SPAN_LIMITS.events,
  },
  "tracing.limits.links": {
    about: "Links of a span",
    env: ["OTEL_SPAN_LINK_COUNT_LIMIT"],
    read: limit(100_000),
    fallback: DEFAULT_SPAN_LIMITS.links,
  },
  "tracing.limits.attributesPerEvent": {
    about: "Attributes of an event",
    env: ["OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"],
    read: limit(100_000),
    fallback: DEFAULT_SPAN_LIMITS.attributesPerEvent,
  },
  "tracing.limits.attributesPerLink": {
    about: "Attributes of a link",
    env: ["OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"],
    read: limit(100_000),
    fallback: DEFAULT_SPAN_LIMITS.attributesPerLink,
  },
  "tracing.limits.valueLength": {
    about: "Characters of a text in an attribute",
    env: ["OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"],
    read: limit(1_000_000),
    fallback: DEFAULT_SPAN_LIMITS.values.valueLength,
  },
  "tracing.limits.valueDepth": {
    about: "Lists and objects inside each other in an attribute",
    env: [],
    read: number(1, 64),
    fallback: DEFAULT_SPAN_LIMITS.values.depth,
  },
  "metrics.system": {
    about: "Whether machine, container, process and runtime are measured",
    env: ["FLX_SYSTEM_METRICS"],
    read: flag,
    fallback: true,
  },
  "metrics.exemplars": {
    about: "Whether counters and histograms take exemplars from the active span",
    env: ["FLX_EXEMPLARS", "OTEL_METRICS_EXEMPLAR_FILTER"],
    read: (raw, where) =>
      raw === "trace_based" || raw === "always_on"
        ? true
        : raw === "always_off"
          ? false
          : flag(raw, where),
    fallback: true,
  },
  "metrics.baggage": {
    about: "Entries of baggage that become labels of counters, histograms and summaries",
    env: ["FLX_METRICS_BAGGAGE"],
    read: labelSources,
    fallback: [],
  },
  "metrics.intervalMs": {
    about: "How often metrics are pushed, in milliseconds",
    env: ["OTEL_METRIC_EXPORT_INTERVAL"],
    read: number(100, MAX_MS),
    fallback: 60_000,
  },
  "metrics.temporality": {
    about:
      "Whether pushed counters and histograms go on counting or say what came since the last push",
    env: ["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"],
    read: (raw, where) => {
      const found = word("cumulative", "delta", "low_memory", "lowmemory")(raw, where);
      return found === "cumulative" ? found : "delta";
    },
    fallback: "cumulative",
  },
  "health.enabled": {
    about: "Whether the machine is watched, and checks run in the background",
    env: ["FLX_HEALTH"],
    read: flag,
    fallback: true,
  },
  "logging.level": {
    about: "The lowest level that is logged",
    env: ["FLX_LOG_LEVEL"],
    read: word(...LOG_LEVELS),
    fallback: "info",
  },
  "logging.pretty": {
    about: "Whether lines are for people; by default on a terminal that is not production's",
    env: ["FLX_LOG_PRETTY"],
    read: optional(flag),
    fallback: undefined,
  },
  "logging.duplicates": {
    about: "Whether lines that repeat are held back and counted; by default in production",
    env: ["FLX_LOG_DUPLICATES"],
    read: optional(flag),
    fallback: undefined,
  },
  "redaction.keys": {
    about: "Names whose values are secrets, beside the usual: in lines, errors, health, exceptions",
    env: ["FLX_REDACT_KEYS"],
    read: list(text),
    fallback: [],
  },
  "redaction.paths": {
    about: "Places of secrets, as user.email or headers.*",
    env: ["FLX_REDACT_PATHS"],
    read: list(text),
    fallback: [],
  },
  "redaction.patterns": {
    about: "Regular expressions for secrets in texts; in a variable separated by blanks",
    env: ["FLX_REDACT_PATTERNS"],
    read: patterns,
    fallback: [],
  },
  "redaction.secrets": {
    about: "Secrets as they are, at least 4 characters each",
    env: ["FLX_REDACT_SECRETS"],
    read: list(text),
    fallback: [],
    secret: true,
  },
  "export.delayMs": {
    about: "How long records are collected before they are sent, in milliseconds",
    env: ["FLX_EXPORT_DELAY_MS", "OTEL_BSP_SCHEDULE_DELAY"],
    read: number(1, 3_600_000),
    fallback: DEFAULT_BATCH.delayMs,
  },
  "export.maxRecords": {
    about: "Records of one request",
    env: ["FLX_EXPORT_MAX_RECORDS", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"],
    read: number(1, 1_000_000),
    fallback: DEFAULT_BATCH.maxRecords,
  },
  "export.exitTimeoutMs": {
    about:
      "How long the end of the process may be held up for what is not sent yet, in milliseconds",
    env: ["FLX_EXIT_TIMEOUT_MS"],
    read: number(0, 60_000),
    fallback: DEFAULT_EXIT_TIMEOUT_MS,
  },
  "spool.enabled": {
    about:
      "Whether records wait on disk while the receiver is down; if not, they are lost and counted",
    env: ["FLX_SPOOL"],
    read: flag,
    fallback: true,
  },
  "spool.folder": {
    about:
      "The folder they wait in; by default one of the service's own in this user's state folder",
    env: ["FLX_SPOOL_FOLDER"],
    read: optional(text),
    fallback: undefined,
  },
  "spool.maxBytes": {
    about: "Bytes of the spool; the oldest go first",
    env: ["FLX_SPOOL_MAX_BYTES"],
    read: number(65_536, Number.MAX_SAFE_INTEGER),
    fallback: 256 * 1024 * 1024,
  },
  "spool.maxAgeMs": {
    about: "Records that waited longer are thrown away, in milliseconds",
    env: ["FLX_SPOOL_MAX_AGE_MS"],
    read: number(1, Number.MAX_SAFE_INTEGER),
    fallback: 24 * 3_600_000,
  },
};

/** All names, in the order of the table. */
export const SETTING_NAMES: readonly SettingName[] = Object.keys(SETTINGS) as SettingName[];
