// flx graph: who calls whom, how often, how it ends and how long it takes.
//
//   CLIENT    SERVER              CALLS  FAILED   CLIENT P95  SERVER P95
//   gateway   orders                412    3.2 %     41.1 ms     38.7 ms
//   orders    sqlite:orders.db    1,930                 920 µs
//
// Durations are those that each side measured: what lies between them is the way.

import type { GraphEdge, ReadGraph } from "../traces/read-graph.ts";
import { printable } from "../base/printable.ts";
import { countText, durationText, percentText } from "../base/units.ts";
import { readArguments } from "./arguments.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { addSince, exitCodesHelp, urlOf, withStation } from "./records/ask.ts";
import { cell, cellWidth } from "./records/cells.ts";
import { clientHelp, clientOptionSpecs } from "./station-client.ts";

const help = `Usage: flx graph [OPTIONS]

Shows which services, databases and queues call each other: calls, failures, and how long nineteen
of twenty calls took at most, as client and server saw it. The most calls first.

Options:
  --since DURATION           from so long ago (default 1h)
  --json                     print what the API answers, without its envelope
${clientHelp}
${exitCodesHelp}`;

const optionSpecs = { since: { value: "1h" }, json: {}, ...clientOptionSpecs } as const;

/** The command. */
export const graph: Command = { help, run };

type Graph = Pick<ReadGraph, "nodes" | "edges">;

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, optionSpecs);
  if (words.length > 0) throw new UsageError(`flx graph takes no words, and ${words[0]} is one`);
  const parameters = new URLSearchParams();
  addSince(parameters, options);
  return await withStation("graph", options, terminal, async (client) => {
    const found = (await client.get(urlOf("/api/v1/services/graph", parameters))) as Graph;
    if (options.has("json")) terminal.out(`${JSON.stringify(found)}\n`);
    else if (found.edges.length === 0) terminal.out("(nothing)\n");
    else terminal.out(tableOf(found.edges));
  });
}

const HEAD = ["CLIENT", "SERVER", "CALLS", "FAILED", "CLIENT P95", "SERVER P95"] as const;
/** Names beyond this are cut. */
const MAX_CELLS = 40;

function tableOf(edges: readonly GraphEdge[]): string {
  const rows = [HEAD, ...edges.map(cellsOf)];
  const widths = HEAD.map((_, i) =>
    Math.min(MAX_CELLS, Math.max(...rows.map((row) => cellWidth(printable(row[i]!))))),
  );
  const line = (row: readonly string[]): string =>
    row.map((text, i) => cell(text, widths[i]!, i < 2 ? "left" : "right")).join("  ");
  return `${rows.map((row) => line(row).trimEnd()).join("\n")}\n`;
}

function cellsOf(edge: GraphEdge): string[] {
  const { client, server, calls, failed, clientDurations, serverDurations } = edge;
  const p95 = (durations: GraphEdge["clientDurations"]): string =>
    durations === undefined ? "" : durationText(durations.p95Seconds * 1e9);
  return [
    client,
    server,
    countText(calls),
    failed === 0 ? "" : percentText(failed / calls),
    p95(clientDurations),
    p95(serverDurations),
  ];
}
