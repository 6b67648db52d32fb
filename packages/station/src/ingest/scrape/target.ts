// From what discovery says to a target that can be asked.
//
//   discovered  __address__ and __meta_... labels
//   + defaults  job __scheme__ __metrics_path__ __scrape_interval__ __scrape_timeout__ __param_<name>
//   relabelled  dropped, or final; instance = address when it has none; __... labels go away
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config

import { FlxError, Labels, parseDuration } from "@flx/model";
import type { RelabelRule, Relabeling } from "../relabel.ts";
import type { HttpAccess, HttpAccessSource } from "../../base/http-call.ts";

/** Targets that share labels. */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Where the group comes from: a group of the same source replaces it. */
  readonly source: string;
}

/** A scrape job in plain settings; limits of 0 are none, as in Prometheus. */
export interface ScrapeJobSettings {
  readonly jobName: string;
  readonly scheme?: "http" | "https";
  readonly metricsPath?: string;
  readonly params?: Readonly<Record<string, readonly string[]>>;
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly honorLabels?: boolean;
  readonly honorTimestamps?: boolean;
  readonly access?: HttpAccess | HttpAccessSource;
  readonly relabel?: readonly RelabelRule[];
  readonly metricRelabel?: readonly RelabelRule[];
  readonly sampleLimit?: number;
  readonly targetLimit?: number;
  readonly labelLimit?: number;
  readonly labelNameLengthLimit?: number;
  readonly labelValueLengthLimit?: number;
  /** Default 64 MiB. */
  readonly bodySizeLimit?: number;
}

/** A target that can be asked. */
export interface Target {
  /** What makes it this one: its labels and its URL. */
  readonly key: string;
  readonly url: string;
  readonly labels: Labels;
  readonly discovered: Labels;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/**
 * The target of discovered labels, or `undefined` when relabelling drops it.
 *
 * @throws {FlxError} `FLX_SCRAPE_TARGET` when there is no address that can be asked
 */
export function targetOf(
  job: ScrapeJobSettings,
  relabeling: Relabeling,
  address: string,
  groupLabels: Readonly<Record<string, string>>,
): { target: Target | undefined; discovered: Labels } {
  const intervalMs = job.intervalMs ?? 60_000;
  const timeoutMs = Math.min(job.timeoutMs ?? 10_000, intervalMs);
  const params = Object.entries(job.params ?? {});
  const discovered = Labels.from(
    new Map([
      ["job", job.jobName],
      ["__scheme__", job.scheme ?? "http"],
      ["__metrics_path__", job.metricsPath ?? "/metrics"],
      ["__scrape_interval__", `${intervalMs}ms`],
      ["__scrape_timeout__", `${timeoutMs}ms`],
      ...params.map(([name, values]): [string, string] => [`__param_${name}`, values[0] ?? ""]),
      ...Object.entries(groupLabels),
      ["__address__", address],
    ]),
  );
  const relabelled = relabeling.apply(discovered);
  if (relabelled === undefined) return { target: undefined, discovered };
  const url = urlOf(relabelled, params);
  const kept = [...relabelled].filter(([name]) => !name.startsWith("__"));
  let labels = Labels.from(kept);
  if (!labels.has("instance")) labels = labels.with("instance", relabelled.get("__address__")!);
  const target: Target = {
    key: `${labels.key} ${url}`,
    url,
    labels,
    discovered,
    intervalMs: durationOf(relabelled, "__scrape_interval__"),
    timeoutMs: durationOf(relabelled, "__scrape_timeout__"),
  };
  return { target, discovered };
}

function durationOf(labels: Labels, name: string): number {
  const duration = parseDuration(labels.get(name) ?? "");
  if (duration > 0) return duration;
  throw new FlxError("FLX_SCRAPE_TARGET", `${name} must be above 0`);
}

function urlOf(labels: Labels, params: readonly (readonly [string, readonly string[]])[]): string {
  const address = labels.get("__address__") ?? "";
  const scheme = labels.get("__scheme__") ?? "";
  const path = labels.get("__metrics_path__") ?? "";
  const wrong = (reason: string): never => {
    throw new FlxError("FLX_SCRAPE_TARGET", `${JSON.stringify(address)}: ${reason}`);
  };
  if (address === "") wrong("no address");
  if (address.includes("/") || address.includes("@")) wrong("not a valid hostname");
  if (scheme !== "http" && scheme !== "https")
    wrong(`unsupported scheme ${JSON.stringify(scheme)}`);
  if (!URL.canParse(`${scheme}://${address}`)) wrong("not a valid hostname");
  const url = new URL(`${scheme}://${address}`);
  const [pathname = "", query = ""] = path.split("?", 2);
  url.pathname = pathname;
  url.search = query;
  for (const [name, values] of params) {
    for (const value of values.slice(1)) url.searchParams.append(name, value);
  }
  for (const [name, value] of labels) {
    if (name.startsWith("__param_")) {
      const key = name.slice("__param_".length);
      const rest = url.searchParams.getAll(key);
      url.searchParams.delete(key);
      for (const one of [value, ...rest]) url.searchParams.append(key, one);
    }
  }
  return url.href;
}
