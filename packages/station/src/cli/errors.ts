// flx errors: error groups, and what is done to them.
//
//   flx errors --state open --service orders
//   flx errors 0123456789abcdef
//   flx errors resolve 0123456789abcdef --release 1.5.0 --note "fixed in #7"

import { readArguments } from "./arguments.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { type GroupDetail, type GroupSummary, groupLine, groupLines } from "./errors/show-group.ts";
import { exitCodesHelp, parametersOf, urlOf, withStation } from "./records/ask.ts";
import { screenOf } from "./screen.ts";
import { clientHelp, clientOptionSpecs, lengthOption } from "./station-client.ts";

const help = `Usage: flx errors [OPTIONS]
       flx errors FINGERPRINT
       flx errors resolve|ignore|reopen FINGERPRINT [OPTIONS]

Lists error groups; shows one with its history and example occurrences; changes its state. A group
that was resolved is open again when the error comes back, one that is ignored is not.

Options:
  --state STATE              open, resolved or ignored
  --service NAME             seen in this service
  --text TEXT                in type, message or place, in any case
  --since DURATION           seen since so long ago
  --order ORDER              lastSeen, firstSeen or count (default lastSeen)
  --limit NUMBER             at most so many (default 100)
  --release RELEASE          seen in this release; resolve: fixed in it
  --note TEXT                resolve, ignore, reopen: why
  --json                     print what the API answers, without its envelope
${clientHelp}
${exitCodesHelp}`;

const optionSpecs = {
  state: { value: "open" },
  service: { value: "NAME" },
  text: { value: "TEXT" },
  since: { value: "24h" },
  order: { value: "count" },
  limit: { value: "100" },
  release: { value: "1.5.0" },
  note: { value: "TEXT" },
  json: {},
  ...clientOptionSpecs,
} as const;

const ACTIONS: ReadonlySet<string> = new Set(["resolve", "ignore", "reopen"]);

/** The command. */
export const errors: Command = { help, run };

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, optionSpecs);
  const [first, ...rest] = words;
  if (first === undefined) return await list(options, terminal);
  const action = ACTIONS.has(first) ? first : undefined;
  const [fingerprint, ...more] = action === undefined ? words : rest;
  if (fingerprint === undefined || !/^[0-9a-f]{16}$/.test(fingerprint)) {
    throw new UsageError("a fingerprint is 16 hex digits: flx errors shows them");
  }
  if (more.length > 0) throw new UsageError("one group at a time");
  return await withStation("errors", options, terminal, async (client) => {
    const path = `/api/v1/errors/${fingerprint}`;
    const form = Object.fromEntries(parametersOf(options, { release: "release", note: "note" }));
    const group = (
      action === undefined
        ? await client.get(path)
        : (await client.data(`${path}/${action}`, form)).data
    ) as GroupDetail;
    if (options.has("json")) terminal.out(`${JSON.stringify(group)}\n`);
    else if (action === undefined) terminal.out(`${groupLines(group, screenOf()).join("\n")}\n`);
    else terminal.out(`${fingerprint} is ${group.state}\n`);
  });
}

async function list(options: ReadonlyMap<string, string>, terminal: Terminal): Promise<number> {
  const parameters = parametersOf(options, {
    state: "state",
    service: "service",
    release: "release",
    text: "text",
    order: "order",
    limit: "limit",
  });
  if (options.has("since")) {
    const sinceMs = lengthOption(options, "since", 0);
    parameters.set("since", String((Date.now() - sinceMs) / 1_000));
  }
  return await withStation("errors", options, terminal, async (client) => {
    const groups = (await client.get(urlOf("/api/v1/errors", parameters))) as GroupSummary[];
    if (options.has("json")) terminal.out(`${JSON.stringify(groups)}\n`);
    else if (groups.length === 0) terminal.out("(nothing)\n");
    else for (const group of groups) terminal.out(`${groupLine(group, screenOf())}\n`);
  });
}
