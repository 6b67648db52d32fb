// What the station says of itself in Prometheus' API, so that tools find what they look for.
//
//   GET /api/v1/status/buildinfo | runtimeinfo | flags | config | tsdb | walreplay
//   GET /-/healthy  /-/ready                                       for whoever starts it
//   POST|PUT /-/reload                                             admin

import type { Answer } from "../http/answer.ts";
import { textAnswer } from "../http/answer.ts";
import { Refusal } from "../http/refusal.ts";
import type { Route } from "../http/route.ts";
import { success } from "./envelope.ts";
import type { MetricsSource, NamedCount } from "../../store/metrics-source.ts";
import { limitParameter } from "./parameters.ts";

/** What the routes need. */
export interface StatusParts {
  readonly source: MetricsSource;
  readonly version: string;
  /** Unix milliseconds. */
  readonly startedMs: number;
  /** The configuration in force, as YAML, secrets masked. */
  readonly configYaml: () => string;
  /** Settings of the command line, by name. */
  readonly flags: Readonly<Record<string, string>>;
  /** Whether the last reload went well, and when it was. */
  readonly reloadState: () => { readonly isGood: boolean; readonly atMs: number };
  /** Takes the configuration anew; rejects when it cannot be used. */
  readonly reload: () => Promise<void>;
  readonly isReady: () => boolean;
  readonly retention: string;
}

/**
 * The version of Prometheus whose API this is: clients choose by it what they ask for.
 */
const COMPATIBLE_VERSION = "3.5.0";

/** The routes of the station's state. */
export function statusRoutes(parts: StatusParts): readonly Route[] {
  const status = (name: string, data: (limit: number) => unknown): Route => ({
    method: "GET",
    path: `/api/v1/status/${name}`,
    role: "read",
    answer: async (request) => success(await data(limitParameter(request) || 10)),
  });
  const reload = (method: "POST" | "PUT"): Route => ({
    method,
    path: "/-/reload",
    role: "admin",
    answer: () => reloaded(parts),
  });
  return [
    status("buildinfo", () => buildInfo(parts)),
    status("runtimeinfo", () => runtimeInfo(parts)),
    status("flags", () => parts.flags),
    status("config", () => ({ yaml: parts.configYaml() })),
    status("tsdb", (limit) => storeStatus(parts.source, limit)),
    status("walreplay", () => ({
      min: 0,
      max: 0,
      current: 0,
      state: parts.isReady() ? "done" : "in progress",
    })),
    {
      method: "GET",
      path: "/-/healthy",
      role: "public",
      answer: () => textAnswer("The station is healthy."),
    },
    {
      method: "GET",
      path: "/-/ready",
      role: "public",
      answer: () =>
        parts.isReady()
          ? textAnswer("The station is ready.")
          : textAnswer("The station is starting.", 503),
    },
    reload("POST"),
    reload("PUT"),
  ];
}

function buildInfo({ version }: StatusParts) {
  return {
    version: COMPATIBLE_VERSION,
    revision: `flx-${version}`,
    branch: "HEAD",
    buildUser: "",
    buildDate: "",
    goVersion: "",
    application: "flx",
    applicationVersion: version,
    nodeVersion: process.versions.node,
  };
}

async function runtimeInfo({ source, startedMs, reloadState, retention }: StatusParts) {
  const { isGood, atMs } = reloadState();
  const { series } = await source.statistics(0);
  return {
    startTime: new Date(startedMs).toISOString(),
    CWD: process.cwd(),
    reloadConfigSuccess: isGood,
    lastConfigTime: new Date(atMs).toISOString(),
    corruptionCount: 0,
    goroutineCount: 0,
    GOMAXPROCS: 0,
    GOGC: "",
    GODEBUG: "",
    storageRetention: retention,
    series,
  };
}

async function storeStatus(source: MetricsSource, limit: number) {
  const found = await source.statistics(limit);
  const named = (counts: readonly NamedCount[]) =>
    counts.map(({ name, value }) => ({ name, value }));
  return {
    headStats: {
      numSeries: found.series,
      numLabelPairs: found.labelPairs,
      chunkCount: found.chunks,
      minTime: found.minTimeMs,
      maxTime: found.maxTimeMs,
    },
    seriesCountByMetricName: named(found.seriesByMetric),
    labelValueCountByLabelName: named(found.valuesByLabel),
    memoryInBytesByLabelName: named(found.bytesByLabel),
    seriesCountByLabelValuePair: named(found.seriesByPair),
  };
}

async function reloaded({ reload }: StatusParts): Promise<Answer> {
  try {
    await reload();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Refusal("internal", `failed to reload config: ${reason}`, { cause: error });
  }
  return { status: 200, body: "" };
}
