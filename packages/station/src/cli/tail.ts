// flx tail: the samples of a selector as they come, one a line.
//
//   flx tail 'up'          2026-11-28 00:50:12.345  up{instance="a:1", job="shop"}  1
//   flx tail --json '{job="shop"}' | jq .value
//
// It asks for the last moments again and again, over the API, and shows of each series what is newer than what was shown:
//
//   asked   |────────── overlap ──────────|── since the last answer ──|     so a sample that comes late is not missed
//
// A station that does not answer is asked again: what came meanwhile is shown when it is back, up to an hour.

import { setTimeout as sleep } from "node:timers/promises";
import { printable } from "../base/printable.ts";
import { msText } from "../base/units.ts";
import { readArguments } from "./arguments.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import {
  histogramText,
  type Metric,
  metricText,
  type Result,
  type SeriesJson,
} from "./query/answer.ts";
import { exitCodesHelp, withStation } from "./records/ask.ts";
import {
  clientHelp,
  clientOptionSpecs,
  EXIT_UNREACHABLE,
  lengthOption,
  type StationClient,
  StationError,
} from "./station-client.ts";

const help = `Usage: flx tail SELECTOR [OPTIONS]

Shows the samples of a selector as they come, until Ctrl-C: time, series, value.

Options:
  --since DURATION           begin with those from so long ago (default: only what comes)
  --every DURATION           how often the station is asked (default 1s)
  --limit NUMBER             end after so many samples
  --json                     one object a line: {"time": seconds, "metric": {...}, "value": "1"}
${clientHelp}
${exitCodesHelp}`;

const optionSpecs = {
  since: { value: "5m" },
  every: { value: "1s" },
  limit: { value: "100" },
  json: {},
  ...clientOptionSpecs,
} as const;

/** How long a sample may be on its way and still be shown. */
const OVERLAP_MS = 15_000;
/** An outage that is longer is not caught up with. */
const MAX_WINDOW_MS = 3_600_000;
/** Series that are followed at once: each is remembered with its last time. */
const MAX_SERIES = 200_000;

/** The command. */
export const tail: Command = { help, run };

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, optionSpecs);
  const [selector, ...more] = words;
  if (selector === undefined || more.length > 0) {
    throw new UsageError("one selector: put it in quotes, like 'up{job=\"shop\"}'");
  }
  const limit = limitOf(options);
  const everyMs = lengthOption(options, "every", 1_000);
  const sinceMs = lengthOption(options, "since", 0);
  return await withStation("tail", options, terminal, async (client) => {
    const ended = new AbortController();
    const end = (): void => ended.abort();
    process.once("SIGINT", end);
    process.once("SIGTERM", end);
    try {
      const follower = new Follower(client, selector, await startOf(client, sinceMs));
      let left = limit;
      while (!ended.signal.aborted) {
        const samples = await retrying(() => follower.next(), terminal);
        for (const sample of samples.slice(0, left))
          terminal.out(line(sample, options.has("json")));
        left -= samples.length;
        if (left <= 0) return;
        await sleep(everyMs, undefined, { signal: ended.signal }).catch(() => undefined);
      }
    } finally {
      process.off("SIGINT", end);
      process.off("SIGTERM", end);
    }
  });
}

function limitOf(options: ReadonlyMap<string, string>): number {
  const text = options.get("limit");
  if (text === undefined) return Infinity;
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new UsageError(`--limit is a number of samples; got ${printable(text)}`);
}

/** From when on samples are shown, by the station's own clock. */
async function startOf(client: StationClient, sinceMs: number): Promise<number> {
  const { data } = await client.data("/api/v1/query", { query: "time()" });
  const { result } = data as { readonly result: readonly [number, string] };
  return result[0] * 1_000 - sinceMs;
}

async function retrying(
  ask: () => Promise<readonly Sample[]>,
  terminal: Terminal,
): Promise<readonly Sample[]> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof StationError) || error.exitCode !== EXIT_UNREACHABLE) throw error;
    terminal.error(`flx tail: ${error.message}; asking again\n`);
    return [];
  }
}

/** A sample that is new. */
interface Sample {
  readonly timeMs: number;
  readonly metric: Metric;
  readonly value: string;
}

/** Knows what was shown of each series. */
class Follower {
  readonly #client: StationClient;
  readonly #selector: string;
  readonly #startMs: number;
  /** By series: the time of the last sample that was shown. */
  #shown = new Map<string, number>();
  /** When the last answer was asked for, by our own clock. */
  #answeredMs: number | undefined;

  constructor(client: StationClient, selector: string, startMs: number) {
    this.#client = client;
    this.#selector = selector;
    this.#startMs = startMs;
  }

  /** Samples that are new, in the order of their times. */
  async next(): Promise<readonly Sample[]> {
    const askedMs = performance.now();
    const windowMs = await this.#window(askedMs);
    const { data } = await this.#client.data("/api/v1/query", {
      query: `${this.#selector}[${Math.ceil(windowMs)}ms]`,
    });
    const result = data as Result;
    if (result.resultType !== "matrix") throw new UsageError("this is no selector");
    if (result.result.length > MAX_SERIES) {
      throw new UsageError(`these are more than ${MAX_SERIES} series: narrow the selector`);
    }
    this.#answeredMs = askedMs;
    const shown = new Map<string, number>();
    const samples = result.result.flatMap((series) => this.#newOf(series, shown));
    // Series that have ended are forgotten: their samples are out of the window.
    this.#shown = shown;
    return samples.toSorted((a, b) => a.timeMs - b.timeMs);
  }

  /** So long ago a sample may have come that was not shown yet. */
  async #window(askedMs: number): Promise<number> {
    if (this.#answeredMs !== undefined) {
      return Math.min(MAX_WINDOW_MS, askedMs - this.#answeredMs + OVERLAP_MS);
    }
    const nowMs = await startOf(this.#client, 0);
    return Math.min(MAX_WINDOW_MS, Math.max(1, nowMs - this.#startMs) + OVERLAP_MS);
  }

  #newOf({ metric, values = [], histograms = [] }: SeriesJson, shown: Map<string, number>) {
    const key = JSON.stringify(metric);
    const after = this.#shown.get(key) ?? this.#startMs;
    const samples: Sample[] = [];
    for (const [seconds, value] of values) {
      if (seconds * 1_000 > after) samples.push({ timeMs: seconds * 1_000, metric, value });
    }
    for (const [seconds, histogram] of histograms) {
      if (seconds * 1_000 <= after) continue;
      samples.push({ timeMs: seconds * 1_000, metric, value: histogramText(histogram) });
    }
    const last = Math.max(after, ...samples.map(({ timeMs }) => timeMs));
    shown.set(key, last);
    return samples;
  }
}

function line({ timeMs, metric, value }: Sample, isJson: boolean): string {
  if (isJson) return `${JSON.stringify({ time: timeMs / 1_000, metric, value })}\n`;
  return `${msText(Math.round(timeMs))}  ${printable(metricText(metric), 2_000)}  ${value}\n`;
}
