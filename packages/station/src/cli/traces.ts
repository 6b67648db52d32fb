// flx traces: which traces there are.
//
//   flx traces --service orders --status error --since 1h http.route=/orders

import { readArguments } from "./arguments.ts";
import type { Command, Terminal } from "./command.ts";
import { cell } from "./records/cells.ts";
import {
  addAttributes,
  addSince,
  exitCodesHelp,
  parametersOf,
  urlOf,
  withStation,
} from "./records/ask.ts";
import { durationText, timeText } from "../base/units.ts";
import { screenOf } from "./screen.ts";
import { clientHelp, clientOptionSpecs } from "./station-client.ts";

const help = `Usage: flx traces [ATTRIBUTE...] [OPTIONS]

Lists traces with a span that fits, the newest first. An ATTRIBUTE is name=value, name!=value,
name=~pattern, name!~pattern or name; all must hold for one span.

Options:
  --service NAME             of this service
  --operation NAME           with this name
  --kind KIND                server, client, internal, producer or consumer
  --status STATUS            error, ok or unset
  --min-duration DURATION    at least so long
  --max-duration DURATION    at most so long
  --since DURATION           from so long ago (default 1h)
  --limit NUMBER             at most so many (default 20)
  --json                     print what the API answers, without its envelope
${clientHelp}
${exitCodesHelp}`;

const optionSpecs = {
  service: { value: "NAME" },
  operation: { value: "NAME" },
  kind: { value: "server" },
  status: { value: "error" },
  "min-duration": { value: "100ms" },
  "max-duration": { value: "10s" },
  since: { value: "1h" },
  limit: { value: "20" },
  json: {},
  ...clientOptionSpecs,
} as const;

/** The command. */
export const traces: Command = { help, run };

interface Summary {
  readonly traceId: string;
  readonly service: string;
  readonly name: string;
  readonly startNs: string;
  readonly durationNs: number;
  readonly spans: number;
  readonly errors: number;
}

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, optionSpecs);
  const parameters = parametersOf(options, {
    service: "service",
    operation: "operation",
    kind: "kind",
    status: "status",
    "min-duration": "min_duration",
    "max-duration": "max_duration",
    limit: "limit",
  });
  addSince(parameters, options);
  addAttributes(parameters, words);
  return await withStation("traces", options, terminal, async (client) => {
    const found = (await client.get(urlOf("/api/v1/traces", parameters))) as readonly Summary[];
    if (options.has("json")) terminal.out(`${JSON.stringify(found)}\n`);
    else if (found.length === 0) terminal.out("(nothing)\n");
    else for (const each of found) terminal.out(`${line(each, screenOf().width)}\n`);
  });
}

function line(summary: Summary, width: number): string {
  const { traceId, service, name, startNs, durationNs, spans, errors } = summary;
  const counts = `${spans} span${spans === 1 ? "" : "s"}${errors > 0 ? `, ${errors} failed` : ""}`;
  return [
    timeText(startNs),
    cell(traceId, 32),
    cell(durationText(durationNs), 8, "right"),
    cell(counts, 20),
    cell(`${service}: ${name}`, Math.max(20, width - 91)).trimEnd(),
  ].join("  ");
}
