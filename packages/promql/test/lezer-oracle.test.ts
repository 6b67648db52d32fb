// What parses, beside the grammar that Prometheus' own editor uses (lezer): for queries of our grammar and of the test
// scripts, whole and damaged. The editor's grammar knows no types, and repairs what it can; where the two differ by
// intention, the reason stands in `knownGaps`.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parser as lezer } from "@prometheus-io/lezer-promql";
import { parseUnchecked, PromqlParseError } from "@flx/promql";
import { seededRandom } from "@flx/testkit";
import { QueryGrammar } from "./query-grammar.ts";

const QUERIES = process.env["FLX_FULL"] === "1" ? 100_000 : 3000;

interface Gap {
  readonly why: string;
  readonly covers: (query: string, ours: string | undefined) => boolean;
  /** Only the full run meets it. */
  readonly rare?: true;
}

/** `ours` is what we complain about; `undefined` when we read what lezer does not. */
const knownGaps: readonly Gap[] = [
  {
    why: "lezer does not know min_of() and max_of() outside of durations",
    covers: (query, ours) => ours === undefined && /\bm(?:in|ax)_of\b/.test(query),
  },
  {
    why: "lezer takes `offset` for the modifier where it can only be a metric",
    covers: (query, ours) => ours === undefined && /(?:^|[(,\-+*/%^\s])offset\b/.test(query),
  },
  {
    why: "lezer does not know numbers that end in a point, nor 0X and an underscore",
    covers: (query, ours) => ours === undefined && /\b(?:\d\.(?!\d)|0X_)/.test(query),
  },
  {
    why: "lezer does not mind a word that touches a number",
    covers: (_, ours) => ours?.startsWith("bad number or duration syntax") === true,
  },
  {
    why: "lezer does not look into strings: escapes, line breaks, patterns",
    covers: (_, ours) =>
      /^(?:unknown escape sequence|unterminated quoted string|error parsing regexp)/.test(
        ours ?? "",
      ),
  },
  {
    why: "lezer takes `atan2` and `bool` for metrics where no operator fits",
    covers: (_, ours) => /^unexpected <(?:op:atan2|bool)>/i.test(ours ?? ""),
    rare: true,
  },
  {
    why: "lezer does not mind what a range, an offset or an @ stands behind, nor that there are two",
    covers: (_, ours) =>
      /^(?:ranges only allowed|no offset modifiers|no @ modifiers|offset may not be set|@ <timestamp> may not be set|\S+ modifier )/.test(
        ours ?? "",
      ),
  },
  {
    why: "lezer does not count the arguments of aggregations",
    covers: (_, ours) =>
      /^(?:no arguments|wrong number of arguments) for aggregate/.test(ours ?? ""),
    rare: true,
  },
  {
    why: "lezer does not compute durations",
    covers: (_, ours) => /^(?:division by zero|modulo by zero|duration must be)/.test(ours ?? ""),
  },
];

test("parseUnchecked() reads what the editor's grammar reads, and refuses what it refuses", (t) => {
  const used = new Map<string, number>();
  const differences: string[] = [];
  let both = 0;
  for (const query of queries()) {
    const ours = complaintOf(query);
    const theirs = hasError(query);
    if ((ours === undefined) === !theirs) {
      both++;
      continue;
    }
    const gap = knownGaps.find(({ covers }) => covers(query, ours));
    if (gap === undefined) differences.push(`${ours ?? "we read"}: ${query}`);
    else used.set(gap.why, (used.get(gap.why) ?? 0) + 1);
  }
  t.diagnostic(`${both} queries read or refused by both`);
  for (const [why, count] of used) t.diagnostic(`${count} times: ${why}`);
  assert.equal(differences.slice(0, 20).join("\n"), "");
  for (const { why, rare } of knownGaps) {
    assert.ok(rare === true || used.has(why), `no longer a gap: ${why}`);
  }
});

function* queries(): Generator<string> {
  const grammar = new QueryGrammar(seededRandom(11));
  const random = seededRandom(12);
  for (let i = 0; i < QUERIES; i++) {
    const query = grammar.next(3);
    yield query;
    yield damaged(query, random);
  }
  const folder = join(import.meta.dirname, "../testdata");
  for (const file of globSync("*.test.promql", { cwd: folder })) {
    const lines = readFileSync(join(folder, file), "utf8").matchAll(
      /^eval(?:_\w+)? (?:instant at \S+|range from \S+ to \S+ step \S+) (.+)$/gm,
    );
    for (const [, query] of lines) yield query!;
  }
}

function complaintOf(query: string): string | undefined {
  try {
    parseUnchecked(query, { experimental: true });
    return undefined;
  } catch (error) {
    if (error instanceof PromqlParseError) return error.reason;
    throw error;
  }
}

function hasError(query: string): boolean {
  let found = false;
  lezer.parse(query).iterate({
    enter: ({ type }) => {
      if (type.isError) found = true;
      return !found;
    },
  });
  return found;
}

/** A query with a token taken away or doubled. */
function damaged(query: string, random: () => number): string {
  const tokens = query.match(/"[^"]*"|'[^']*'|`[^`]*`|\w+|\s+|#.*\n|[^\w\s]/gu) ?? [];
  const at = Math.floor(random() * tokens.length);
  const isDoubled = random() < 0.4;
  return [
    ...tokens.slice(0, at),
    ...(isDoubled ? [tokens[at], " ", tokens[at]] : []),
    ...tokens.slice(at + 1),
  ].join("");
}
