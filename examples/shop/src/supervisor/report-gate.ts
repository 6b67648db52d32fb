// Shows each error of a process once: a process that crashes in a loop tells the same report after every start, since it does
// not know that it told it before.
//
//   lines of a report are kept until its last one names the group
//     ├─ not seen for a minute   shown, all of them
//     └─ seen                    one line: "the same error again, 3 times: group acdf3d040d006a36"

import { stripVTControlCharacters } from "node:util";
import { reportText } from "../process/report-output.ts";

const quietMs = 60_000;
/** A report that is longer was none. */
const mostLines = 400;

type Group = { readonly untilMs: number; more: number };

/** Holds reports back that were shown already. */
export class ReportGate {
  readonly #groups = new Map<string, Group>();
  #held: string[] = [];

  /** The lines to show now that this one has come; undefined when it belongs to no report. */
  take(line: string, nowMs: number): readonly string[] | undefined {
    const said = reportText(line);
    if (said === undefined) return this.#held.length === 0 ? undefined : [...this.#flushed(), line];
    const text = stripVTControlCharacters(said);
    // A report begins with an empty line; what else the handler says is one line.
    if (this.#held.length === 0 && text !== "") return [line];
    this.#held.push(line);
    const group = /^ {2}(?:error [0-9a-f]{16} {3})?group ([0-9a-f]{16})/.exec(text)?.[1];
    if (group === undefined) return this.#held.length > mostLines ? this.#flushed() : [];
    return this.#ended(group, line, nowMs);
  }

  #ended(name: string, last: string, nowMs: number): readonly string[] {
    const lines = this.#flushed();
    const group = this.#groups.get(name);
    if (group !== undefined && nowMs < group.untilMs) {
      group.more += 1;
      const times = group.more === 1 ? "" : `, ${group.more} times`;
      return [
        `${last.slice(0, last.indexOf("│") + 1)}   the same error again${times}: group ${name}`,
      ];
    }
    this.#groups.set(name, { untilMs: nowMs + quietMs, more: 0 });
    return lines;
  }

  #flushed(): readonly string[] {
    const lines = this.#held;
    this.#held = [];
    return lines;
  }
}
