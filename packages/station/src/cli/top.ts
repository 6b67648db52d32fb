// flx top: which jobs, targets or metrics are busiest, as a table that is drawn anew.
//
//   JOB       UP    SAMPLES/S   SERIES   SCRAPE   ERROR
//   shop      3/3       412.0    6,180   12.3 ms
//   node      0/1         0.1        5     10 s   connection refused
//
// Samples are counted over the last minute, for whatever is sent as for what is scraped; scrape times and errors are those of the
// targets. Everything comes over the API: the busier a station is the more such a look costs it, so it looks every five
// seconds. On no terminal it looks once.

import { setTimeout as sleep } from "node:timers/promises";
import { printable } from "../base/printable.ts";
import { readArguments } from "./arguments.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { exitCodesHelp, withStation } from "./records/ask.ts";
import { screenOf } from "./screen.ts";
import {
  clientHelp,
  clientOptionSpecs,
  EXIT_UNREACHABLE,
  lengthOption,
  type StationClient,
  StationError,
} from "./station-client.ts";
import { isView, look, type TopRow, VIEWS } from "./top/look.ts";
import { topTable } from "./top/table.ts";

const help = `Usage: flx top [jobs|targets|metrics] [OPTIONS]

Shows what is busiest: samples per second over the last minute, series, how long scrapes take, errors. On a terminal
it is drawn anew until Ctrl-C.

Options:
  --every DURATION           how often it looks (default 5s)
  --limit NUMBER             rows (default: what fits; 20 on no terminal)
  --sort samples|series      what is first (default samples)
  --once                     look once
  --json                     look once and print one object a line
${clientHelp}
${exitCodesHelp}`;

const optionSpecs = {
  every: { value: "5s" },
  limit: { value: "20" },
  sort: { value: "series" },
  once: {},
  json: {},
  ...clientOptionSpecs,
} as const;

/** Title, head, and the line below. */
const LINES_AROUND = 4;

/** The alternate screen without a cursor, and back. */
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** The command. */
export const top: Command = { help, run };

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, optionSpecs);
  const [view = "jobs", ...more] = words;
  if (!isView(view) || more.length > 0) throw new UsageError(`one of ${VIEWS.join(", ")}`);
  const sort = options.get("sort") ?? "samples";
  if (sort !== "samples" && sort !== "series") throw new UsageError("--sort samples or series");
  const everyMs = lengthOption(options, "every", 5_000);
  const limit = limitOf(options);
  const isLive = process.stdout.isTTY && !options.has("once") && !options.has("json");
  return await withStation("top", options, terminal, async (client) => {
    const rows = async (): Promise<readonly TopRow[]> => {
      const height = process.stdout.isTTY ? screenOf().height - LINES_AROUND : 20;
      return await look(client, view, sort, limit ?? Math.max(1, height));
    };
    if (isLive) {
      await live(client, terminal, everyMs, async () => topTable(view, await rows(), screenOf()));
    } else if (options.has("json")) {
      for (const row of await rows()) terminal.out(`${JSON.stringify(row)}\n`);
    } else terminal.out(`${topTable(view, await rows(), screenOf()).join("\n")}\n`);
  });
}

function limitOf(options: ReadonlyMap<string, string>): number | undefined {
  const text = options.get("limit");
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new UsageError(`--limit is a number of rows; got ${printable(text)}`);
}

/** Draws anew until somebody ends it; a station that does not answer is asked again. */
async function live(
  client: StationClient,
  terminal: Terminal,
  everyMs: number,
  lines: () => Promise<readonly string[]>,
): Promise<void> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  terminal.out(ENTER);
  try {
    let shown: readonly string[] = [];
    while (!ended.signal.aborted) {
      let trouble = "";
      try {
        shown = await lines();
      } catch (error) {
        if (!(error instanceof StationError) || error.exitCode !== EXIT_UNREACHABLE) throw error;
        trouble = `${error.message}; asking again`;
      }
      const { width } = screenOf();
      const title = `${client.url}  every ${everyMs / 1_000} s`.slice(0, width);
      const drawn = [title, trouble.slice(0, width), ...shown]
        .map((text) => text + CLEAR_LINE)
        .join("\n");
      if (!ended.signal.aborted) terminal.out(`${HOME}${drawn}\n${CLEAR_BELOW}`);
      await sleep(everyMs, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  } finally {
    terminal.out(LEAVE);
    process.off("SIGINT", end);
    process.off("SIGTERM", end);
  }
}
