// flx query: asks a station in PromQL.
//
//   flx query 'up'                                    at this moment: a table
//   flx query --range 1h 'sum(rate(x_total[5m]))'     over time: a plot
//   flx query --json ...                              as the API answers it

import { readArguments } from "./arguments.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { showResult, type Times } from "./query/show.ts";
import type { Result } from "./query/answer.ts";
import { screenOf } from "./screen.ts";
import {
  clientHelp,
  clientOptionSpecs,
  lengthOption,
  StationClient,
  StationError,
} from "./station-client.ts";

const help = `Usage: flx query QUERY [OPTIONS]

Asks a station in PromQL: a table of what is at this moment, a plot with --range.

Options:
  --range DURATION           from so long ago until now, or until --time
  --step DURATION            between two points (default: so that a plot is full); at whole steps when it is of whole
                             5 minutes, for which a station has rollups
  --time TIME                instead of now: Unix seconds, or like 2026-01-31T12:00:00Z
  --json                     print what the API answers, without its envelope
  --stats                    print what the query cost
${clientHelp}
Exit codes:
  0   answered
  1   the station refused the query
  2   no station answered
  64  the command line is wrong
`;

const optionSpecs = {
  range: { value: "1h" },
  step: { value: "15s" },
  time: { value: "2026-01-31T12:00:00Z" },
  json: {},
  stats: {},
  ...clientOptionSpecs,
} as const;

/** Points of a plot when no step is given. */
const DEFAULT_POINTS = 240;
/** Rollups are of pieces of so many seconds, or of an hour. */
const ROLLUP_SECONDS = 300;

/** The command. */
export const query: Command = { help, run };

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, optionSpecs);
  const [text, ...more] = words;
  if (text === undefined) throw new UsageError("say what to ask: flx query up");
  if (more.length > 0) throw new UsageError("one query at a time: put it in quotes");
  if (options.has("step") && !options.has("range"))
    throw new UsageError("--step goes with --range");
  const times = timesOf(options);
  const client = await StationClient.from(options);
  try {
    const { warnings, infos, ...answer } = await ask(client, text, times, options);
    const data = answer.data as Data;
    if (options.has("json")) terminal.out(`${JSON.stringify(data)}\n`);
    else terminal.out(`${showResult(data, screenOf(), times).join("\n")}\n`);
    for (const note of [...warnings, ...infos]) terminal.error(`note: ${note}\n`);
    if (options.has("stats") && !options.has("json")) terminal.error(statsLine(data.stats));
    return 0;
  } catch (error) {
    if (!(error instanceof StationError)) throw error;
    terminal.error(`flx query: ${error.message}\n`);
    return error.exitCode;
  }
}

type Data = Result & { readonly stats?: Stats };

interface Stats {
  readonly timings: { readonly execTotalTime: number };
  readonly samples: { readonly totalQueryableSamples: number; readonly peakSamples: number };
}

async function ask(
  client: StationClient,
  text: string,
  times: Times | undefined,
  options: ReadonlyMap<string, string>,
) {
  const stats = options.has("stats") ? { stats: "all" } : {};
  if (times !== undefined) {
    const { start, end, step } = times;
    return await client.data("/api/v1/query_range", {
      query: text,
      start: String(start),
      end: String(end),
      step: String(step),
      ...stats,
    });
  }
  const time = options.get("time");
  return await client.data("/api/v1/query", {
    query: text,
    ...(time !== undefined && { time }),
    ...stats,
  });
}

function timesOf(options: ReadonlyMap<string, string>): Times | undefined {
  if (!options.has("range")) return undefined;
  const rangeMs = lengthOption(options, "range", 0);
  const stepMs = lengthOption(
    options,
    "step",
    Math.max(1_000, Math.ceil(rangeMs / DEFAULT_POINTS)),
  );
  const end = endSeconds(options.get("time"));
  const step = stepMs / 1_000;
  if (options.has("time") || !options.has("step") || step % ROLLUP_SECONDS !== 0) {
    return { start: end - rangeMs / 1_000, end, step };
  }
  // At whole steps a station can answer from rollups.
  const wholeEnd = Math.floor(end / step) * step;
  return { start: wholeEnd - Math.floor(rangeMs / stepMs) * step, end: wholeEnd, step };
}

function endSeconds(text: string | undefined): number {
  if (text === undefined) return Math.floor(Date.now() / 1_000);
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text) / 1_000;
  if (Number.isFinite(seconds)) return seconds;
  throw new UsageError(`--time is Unix seconds, or like ${optionSpecs.time.value}; got ${text}`);
}

function statsLine(stats: Stats | undefined): string {
  if (stats === undefined) return "";
  const { timings, samples } = stats;
  const ms = (timings.execTotalTime * 1_000).toFixed(1);
  return `${ms} ms, ${samples.totalQueryableSamples} samples read, ${samples.peakSamples} at most in memory\n`;
}
