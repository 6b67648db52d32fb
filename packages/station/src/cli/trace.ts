// flx trace: one trace as a waterfall.
//
//   flx trace 5516cc886e86c21ff8f3c32f4126032b

import { readArguments } from "./arguments.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { cell } from "./records/cells.ts";
import { exitCodesHelp, withStation } from "./records/ask.ts";
import { durationText } from "../base/units.ts";
import { screenOf } from "./screen.ts";
import { clientHelp, clientOptionSpecs } from "./station-client.ts";
import { criticalPath } from "../traces/critical-path.ts";
import { type ShownSpan, waterfall } from "./trace/waterfall.ts";

const help = `Usage: flx trace ID [OPTIONS]

Shows a trace: its spans under their callers, when each of them ran, and in heavy lines the critical
path: what the whole waited for.

Options:
  --all                      every span (default: the first 200)
  --json                     print what the API answers, without its envelope
${clientHelp}
${exitCodesHelp}`;

const MAX_LINES = 200;
const MAX_CRITICAL = 5;

/** The command. */
export const trace: Command = { help, run };

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, { all: {}, json: {}, ...clientOptionSpecs });
  const [id, ...more] = words;
  if (id === undefined) throw new UsageError("say which trace: flx trace ID");
  if (more.length > 0) throw new UsageError("one trace at a time");
  if (!/^[0-9a-fA-F]{1,32}$/.test(id)) throw new UsageError("a trace id is up to 32 hex digits");
  return await withStation("trace", options, terminal, async (client) => {
    const data = (await client.get(`/api/v1/traces/${id}?limit=10000`)) as {
      readonly traceId: string;
      readonly spans: readonly ShownSpan[];
    };
    if (options.has("json")) terminal.out(`${JSON.stringify(data)}\n`);
    else show(data.traceId, data.spans, options.has("all"), terminal);
  });
}

function show(
  traceId: string,
  spans: readonly ShownSpan[],
  isWhole: boolean,
  terminal: Terminal,
): void {
  const services = new Set(spans.map(({ service }) => service)).size;
  const errors = spans.filter(({ status }) => status === "error").length;
  const counts = [
    counted(spans.length, "span"),
    counted(services, "service"),
    ...(errors > 0 ? [counted(errors, "error")] : []),
  ];
  terminal.out(`trace ${cell(traceId, 32)}  ${counts.join(", ")}\n`);
  const lines = waterfall(spans, screenOf(), isWhole ? Infinity : MAX_LINES);
  terminal.out(`${lines.join("\n")}\n`);
  const critical = criticalNames(spans);
  if (critical.length > 1) terminal.out(`critical path: ${critical.join(", ")}\n`);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** The spans that took most of the critical path themselves. */
function criticalNames(spans: readonly ShownSpan[]): string[] {
  const [first] = spans;
  if (first === undefined) return [];
  const begin = BigInt(first.startNs);
  const path = criticalPath(
    spans.map(({ spanId, parentSpanId, startNs, durationNs }) => {
      const start = Number(BigInt(startNs) - begin);
      return { spanId, parentSpanId, start, end: start + durationNs };
    }),
  );
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  return [...path]
    .filter(([, own]) => own > 0)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, MAX_CRITICAL)
    .map(([spanId, own]) => {
      const { service, name } = byId.get(spanId)!;
      return `${durationText(own)} ${cell(service, 24).trimEnd()} ${cell(name, 40).trimEnd()}`;
    });
}
