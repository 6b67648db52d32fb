// flx logs: log records that were sent to a station; with --tail as they come.
//
//   flx logs --service orders --severity warn "payment declined" country=DE
//   flx logs --tail

import { setTimeout as sleep } from "node:timers/promises";
import { readArguments } from "./arguments.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import {
  addAttributes,
  addSince,
  exitCodesHelp,
  parametersOf,
  urlOf,
  withStation,
} from "./records/ask.ts";
import { logLine, type ShownRecord } from "./records/log-line.ts";
import { screenOf } from "./screen.ts";
import {
  clientHelp,
  clientOptionSpecs,
  EXIT_UNREACHABLE,
  type StationClient,
  StationError,
} from "./station-client.ts";

const help = `Usage: flx logs [TEXT] [ATTRIBUTE...] [OPTIONS]

Shows log records, the newest last. TEXT stands somewhere in the body, in any case. An ATTRIBUTE is
name=value, name!=value, name=~pattern or name!~pattern; all must hold.

Options:
  --tail                     go on with what comes, until Ctrl-C
  --service NAME             of this service
  --severity SEVERITY        trace, debug, info, warn, error or fatal: that or worse
  --text TEXT                the same as TEXT, for one that has a = in it
  --pattern PATTERN          matches somewhere in the body (RE2)
  --event NAME               an event of this name: exception, ...
  --trace ID                 of this trace
  --span ID                  of this span
  --since DURATION           from so long ago (default 1h)
  --limit NUMBER             at most so many (default 100; with --tail to begin with: 10)
  --json                     print what the API answers: one record a line
${clientHelp}
${exitCodesHelp}`;

const optionSpecs = {
  tail: { short: "f" },
  service: { value: "NAME" },
  severity: { value: "warn" },
  text: { value: "TEXT" },
  pattern: { value: "PATTERN" },
  event: { value: "NAME" },
  trace: { value: "ID" },
  span: { value: "ID" },
  since: { value: "1h" },
  limit: { value: "100" },
  json: {},
  ...clientOptionSpecs,
} as const;

const POLL_MS = 1_000;

/** The command. */
export const logs: Command = { help, run };

interface LogRecord extends ShownRecord {
  readonly position: number;
}

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, optionSpecs);
  const parameters = parametersOf(options, {
    service: "service",
    severity: "severity",
    text: "text",
    pattern: "pattern",
    event: "event",
    trace: "trace_id",
    span: "span_id",
    limit: "limit",
  });
  const texts = words.filter((word) => !/[=~]/.test(word));
  if (texts.length + Number(options.has("text")) > 1) {
    throw new UsageError("one text at a time: put it in quotes");
  }
  if (texts.length > 0) parameters.set("text", texts[0]!);
  addAttributes(
    parameters,
    words.filter((word) => /[=~]/.test(word)),
  );
  const write = (records: readonly LogRecord[]): void => {
    for (const each of records) {
      terminal.out(options.has("json") ? `${JSON.stringify(each)}\n` : logLine(each, screenOf()));
    }
  };
  return await withStation("logs", options, terminal, async (client) => {
    if (options.has("tail")) await follow(client, parameters, options, write, terminal);
    else {
      addSince(parameters, options);
      write(await recent(client, parameters));
    }
  });
}

/** The newest records, the newest last. */
async function recent(
  client: StationClient,
  parameters: URLSearchParams,
): Promise<readonly LogRecord[]> {
  const found = (await client.get(urlOf("/api/v1/logs", parameters))) as readonly LogRecord[];
  return found.toReversed();
}

async function follow(
  client: StationClient,
  parameters: URLSearchParams,
  options: ReadonlyMap<string, string>,
  write: (records: readonly LogRecord[]) => void,
  terminal: Terminal,
): Promise<void> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  try {
    // Asked first: what comes while the beginning is fetched is not missed, and not shown twice.
    let { position } = (await client.get("/api/v1/logs/position")) as { position: number };
    const beginning = new URLSearchParams(parameters);
    if (!options.has("limit")) beginning.set("limit", "10");
    addSince(beginning, options);
    const first = await recent(client, beginning);
    write(first.filter((each) => each.position <= position));
    parameters.set("limit", "1000");
    while (!ended.signal.aborted) {
      position = await next(client, parameters, position, write, terminal);
      await sleep(POLL_MS, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  } finally {
    process.off("SIGINT", end);
    process.off("SIGTERM", end);
  }
}

/** Writes what came after a position; the new position. A station that does not answer is asked again. */
async function next(
  client: StationClient,
  parameters: URLSearchParams,
  position: number,
  write: (records: readonly LogRecord[]) => void,
  terminal: Terminal,
): Promise<number> {
  let after = position;
  try {
    for (;;) {
      parameters.set("after", String(after));
      const found = (await client.get(urlOf("/api/v1/logs", parameters))) as readonly LogRecord[];
      write(found);
      after = found.at(-1)?.position ?? after;
      if (found.length < 1_000) return after;
    }
  } catch (error) {
    if (!(error instanceof StationError) || error.exitCode !== EXIT_UNREACHABLE) throw error;
    terminal.error(`flx logs: ${error.message}; asking again\n`);
    return after;
  }
}
