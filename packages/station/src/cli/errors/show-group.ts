// An error group for people: a line in a list, or everything that is known of it.

import { printable } from "../../base/printable.ts";
import type { Screen } from "../query/show.ts";
import { howCalled } from "../how-called.ts";
import { cell } from "../records/cells.ts";
import { msText } from "../../base/units.ts";

interface Tally {
  readonly name: string;
  readonly count: number;
}

/** A group in a list, as the API gives it. */
export interface GroupSummary {
  readonly fingerprint: string;
  readonly state: string;
  readonly isRegressed: boolean;
  readonly type: string;
  readonly message: string;
  readonly culprit: string;
  readonly count: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly services: readonly Tally[];
  readonly releases: readonly Tally[];
  readonly firstRelease: string;
  readonly regressedIn: string;
}

interface Example {
  readonly timeMs: number;
  readonly service: string;
  readonly release: string;
  readonly message: string;
  readonly stack: string;
  readonly traceId: string;
  readonly frames: readonly {
    readonly function?: string;
    readonly file?: string;
    readonly line?: number;
    readonly isOwn: boolean;
    readonly locals: readonly { readonly name: string; readonly value: string }[];
  }[];
  readonly fields: readonly { readonly name: string; readonly value: string }[];
}

/** A group with what belongs to it. */
export interface GroupDetail extends GroupSummary {
  readonly history: readonly {
    readonly timeMs: number;
    readonly change: string;
    readonly by: string;
    readonly release: string;
    readonly note: string;
  }[];
  readonly examples: readonly Example[];
}

const MAX_STACK_LINES = 20;

/** What stands above the frames already. */
const OF_THE_SENDER: ReadonlySet<string> = new Set(["service", "version", "environment"]);

/** One line of a list. */
export function groupLine(group: GroupSummary, { width }: Screen): string {
  const { fingerprint, state, isRegressed, count, lastSeenMs, type, message } = group;
  return [
    cell(fingerprint, 16),
    cell(isRegressed ? "regressed" : state, 9),
    cell(String(count), 7, "right"),
    msText(lastSeenMs).slice(0, 19),
    cell(`${type}: ${message}`, Math.max(20, width - 59)).trimEnd(),
  ].join("  ");
}

/** Everything about a group. */
export function groupLines(group: GroupDetail, screen: Screen): string[] {
  const { firstRelease, regressedIn, state } = group;
  const regressed = regressedIn === "" ? "" : `, came back in ${printable(regressedIn)}`;
  const since = firstRelease === "" ? "" : `, first in ${printable(firstRelease)}`;
  return [
    `${printable(group.type)}: ${printable(group.message, 2_000)}`,
    ...(group.culprit === "" ? [] : [`at ${printable(group.culprit)}`]),
    "",
    `state      ${printable(state)}${since}${regressed}`,
    `count      ${group.count}, from ${msText(group.firstSeenMs)} until ${msText(group.lastSeenMs)}`,
    `services   ${tallies(group.services)}`,
    ...(group.releases.length === 0 ? [] : [`releases   ${tallies(group.releases)}`]),
    "",
    ...group.history.map(({ timeMs, change, by, release, note }) => {
      const words = [change, by === "" ? "" : `by ${by}`, release, note];
      const shown = words.filter((word) => word !== "").map((word) => printable(word, 1_000));
      return [msText(timeMs), ...shown].join("  ");
    }),
    ...latestLines(group.examples[0], screen),
  ];
}

/** Frames of the application, and of others the first of each row: the rest of them is counted. */
function frameLines(frames: Example["frames"], width: number): string[] {
  const lines: string[] = [];
  let passed = 0;
  const tellPassed = (): void => {
    if (passed > 0) lines.push(`    ${passed} more ${passed === 1 ? "frame" : "frames"} of others`);
    passed = 0;
  };
  for (const [i, frame] of frames.entries()) {
    if (!frame.isOwn && frames[i - 1]?.isOwn === false) {
      passed++;
      continue;
    }
    tellPassed();
    if (lines.length >= MAX_STACK_LINES) return lines;
    const file = (frame.file ?? "native").replace(/^file:\/\/(?=\/)/, "");
    const place = `${file}${frame.line === undefined ? "" : `:${frame.line}`}`;
    const text = `at ${frame.function ?? "<anonymous>"} (${place})`;
    lines.push(`${frame.isOwn ? ">" : " "} ${cell(text, width - 2).trimEnd()}`);
    for (const { name, value } of frame.locals) {
      lines.push(`      ${cell(`${name} = ${value}`, width - 6).trimEnd()}`);
    }
  }
  tellPassed();
  return lines;
}

function tallies(list: readonly Tally[]): string {
  return list
    .slice(0, 10)
    .map(({ name, count }) => `${printable(name)} (${count})`)
    .join(", ");
}

function latestLines(example: Example | undefined, screen: Screen): string[] {
  return example === undefined ? [] : ["", ...exampleLines(example, screen)];
}

function exampleLines(example: Example, { width }: Screen): string[] {
  const { timeMs, service, release, traceId, frames, fields, stack } = example;
  const head = [`latest: ${msText(timeMs)}`, service, release].filter((word) => word !== "");
  const lines = [head.map((word) => printable(word)).join("  ")];
  if (traceId !== "") lines.push(`trace: ${howCalled()} trace ${printable(traceId)}`);
  for (const { name, value } of fields) {
    if (!OF_THE_SENDER.has(name)) lines.push(`  ${printable(`${name} = ${value}`)}`);
  }
  if (frames.length > 0) return [...lines, ...frameLines(frames, width)];
  const written = stack.split("\n").slice(0, MAX_STACK_LINES);
  return [...lines, ...written.map((line) => `  ${printable(line)}`)];
}
