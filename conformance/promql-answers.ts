// Answers of PromQL engines in one form, and what differs between two of them.
//
//   AnswerClient ── HTTP API ──► Answer ─┐
//                     any engine ──► Answer ─┴─ compare() ──► what differs, or nothing
//
// Debian's Prometheus is a 2.42, our semantics are those of 3.x. Where the two differ by intention, the difference stands
// in `explained` with its reason.

import { Agent, request } from "node:http";
import { Labels } from "@flx/model";
import { DATA_START_MS, SCRAPE_MS, SCRAPES } from "./promql-data.ts";

export type Times =
  | { readonly kind: "instant"; readonly timeMs: number }
  | {
      readonly kind: "range";
      readonly startMs: number;
      readonly endMs: number;
      readonly stepMs: number;
    };

/** A result in one form for both: series by labels, samples by time. */
export interface Answer {
  readonly error: string | undefined;
  readonly series: ReadonlyMap<string, ReadonlyMap<number, number | Histogram>>;
  /** In the order given, for instant vectors that functions have ordered. */
  readonly values: readonly (number | Histogram)[];
}

export interface Histogram {
  readonly count: number;
  readonly sum: number;
}

export interface Difference {
  readonly query: string;
  readonly times: Times;
  readonly what: string;
  readonly ours: Answer;
  readonly theirs: Answer;
}

export interface Explanation {
  readonly why: string;
  readonly covers: (difference: Difference) => boolean;
  /** The seed of the tests does not meet it; others (FLX_SEED=10) do. */
  readonly rare?: true;
}

/** Differences between 2.42 and 3.x that are meant to be. */
export const explained: readonly Explanation[] = [
  {
    why: "3.x bounds the extrapolation to a counter's zero point after deciding how far to extrapolate, 2.42 before (only what is not a counter of some age shows it)",
    covers: ({ query, what }) =>
      / at [0-9]+: /.test(what) && /\b(?:rate|increase)\((?!(?:reqs|errs|lat)_)/.test(query),
  },
  {
    why: "3.x makes one of series whose labels became the same at different times, 2.42 refuses",
    covers: ({ query, what }) =>
      what === "they refuse: vector cannot contain metrics with the same labelset" &&
      query.includes("-("),
    rare: true,
  },
  {
    why: "2.42 keeps the metric's name in the result of atan2",
    covers: ({ query }) => / atan2 /.test(query),
  },
  {
    why: "3.x gives NaN for the deviation of a group whose first value is NaN or infinite, 2.42 0 when it is the only one",
    covers: ({ query, what }) =>
      /(?:: NaN, not|: .*, not NaN|^samples? (?:missing|too many)|^series (?:missing|too many))/.test(
        what,
      ) && /\bstd(?:dev|var) ?(?:by|without|\()/.test(query),
  },
  {
    why: "3.x forgets the compensation of a sum that becomes infinite, in 2.42 it makes the line through the samples NaN",
    covers: ({ query, what }) =>
      /: -?Infinity, not NaN$/.test(what) && /\b(?:deriv|predict_linear) ?\(/.test(query),
  },
  {
    why: "in 2.42 the window of a range selector with @ moves on when predict_linear is evaluated at many times, as in a range query or subquery",
    covers: ({ query, times }) =>
      (times.kind === "range" || /\[[^\]]*:[^\]]*\]/.test(query)) &&
      /\bpredict_linear\(.* @ /.test(query),
  },
  {
    why: "3.x refuses a second match also when the comparison filters the pair out, 2.42 only when it is kept",
    covers: ({ query, what }) =>
      what.startsWith("we refuse: multiple matches for labels") && /[=<>!]=? (?!bool)/.test(query),
  },
];

/** Times off the grid of samples and of seconds. */
export function timesFrom(random: () => number): Times {
  const spanMs = SCRAPES * SCRAPE_MS;
  const at = (): number => DATA_START_MS + Math.floor(random() * spanMs) * 1 + 0;
  const offGrid = (timeMs: number): number => Math.floor(timeMs / 1000) * 1000 + 7;
  if (random() < 0.6) return { kind: "instant", timeMs: offGrid(at()) };
  const startMs = offGrid(at());
  const stepMs = [13_000, 15_000, 60_000, 97_000][Math.floor(random() * 4)]!;
  const steps = 1 + Math.floor(random() * 12);
  return { kind: "range", startMs, endMs: startMs + steps * stepMs + 3000, stepMs };
}

/** What differs, or `undefined`. */
export function compare(
  query: string,
  times: Times,
  ours: Answer,
  theirs: Answer,
): string | undefined {
  if (ours.error !== undefined || theirs.error !== undefined) {
    if (ours.error === theirs.error) return undefined;
    if (ours.error === undefined) return `they refuse: ${theirs.error}`;
    if (theirs.error === undefined) return `we refuse: ${ours.error}`;
    return sameKindOfError(ours.error, theirs.error)
      ? undefined
      : `errors: ${ours.error} / ${theirs.error}`;
  }
  for (const [key, samples] of theirs.series) {
    const found = ours.series.get(key);
    if (found === undefined) return `series missing: ${key}`;
    for (const [time, value] of samples) {
      const mine = found.get(time);
      if (mine === undefined) return `sample missing: ${key} at ${time}`;
      if (!almostEqual(mine, value)) return `${key} at ${time}: ${show(mine)}, not ${show(value)}`;
    }
    if (found.size !== samples.size) return `samples too many: ${key}`;
  }
  if (ours.series.size !== theirs.series.size) return "series too many";
  if (times.kind === "instant" && /^(?:sort|sort_desc|topk|bottomk) ?\(/.test(query)) {
    const differs = theirs.values.findIndex((value, i) => !almostEqual(ours.values[i]!, value));
    if (differs >= 0) return `order differs at ${differs}`;
  }
  return undefined;
}

/** Errors name a pair of series where there are several; which pair is a matter of order. */
function sameKindOfError(ours: string, theirs: string): boolean {
  const kind = (text: string): string =>
    text.replace(/\{.*\}.*\[.*\]/, "...").replace(/^expanding series: /, "");
  return kind(ours) === kind(theirs);
}

function almostEqual(a: number | Histogram, b: number | Histogram): boolean {
  if (typeof a === "object" || typeof b === "object") {
    if (typeof a !== "object" || typeof b !== "object") return false;
    return almostEqual(a.count, b.count) && almostEqual(a.sum, b.sum);
  }
  if (Object.is(a, b) || a === b) return true;
  const difference = Math.abs(a - b);
  // The second: what is left of a difference of large numbers is noise of their size.
  return difference <= 1e-9 * Math.max(Math.abs(a), Math.abs(b)) || difference <= 1e-9;
}

function show(value: number | Histogram): string {
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

export function report(differences: readonly Difference[]): string {
  const shown = differences.slice(0, 25).map(({ query, times, what }) => {
    return `${what}\n    ${query}\n    ${JSON.stringify(times)}`;
  });
  return `${differences.length} differences\n  ${shown.join("\n  ")}`;
}

interface ApiSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
  readonly histogram?: readonly [number, ApiHistogram];
  readonly histograms?: readonly (readonly [number, ApiHistogram])[];
}

interface ApiHistogram {
  readonly count: string;
  readonly sum: string;
}

interface ApiAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data?: {
    readonly resultType: string;
    readonly result: readonly ApiSeries[] | readonly [number, string];
  };
}

/** Asks Prometheus' HTTP API over connections that stay open. */
export class AnswerClient {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });

  constructor(port: number) {
    this.#port = port;
  }

  async ask(query: string, times: Times): Promise<Answer> {
    const seconds = (ms: number): string => (ms / 1000).toFixed(3);
    const body =
      times.kind === "instant"
        ? new URLSearchParams({ query, time: seconds(times.timeMs) })
        : new URLSearchParams({
            query,
            start: seconds(times.startMs),
            end: seconds(times.endMs),
            step: seconds(times.stepMs),
          });
    const path = times.kind === "instant" ? "/api/v1/query" : "/api/v1/query_range";
    return toAnswer(JSON.parse(await this.#post(path, body.toString())) as ApiAnswer);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #post(path: string, body: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const sent = request(
      {
        host: "127.0.0.1",
        port: this.#port,
        path,
        method: "POST",
        agent: this.#agent,
        headers: {
          "content-type": "application/x-www-form-urlencoded",
          "content-length": Buffer.byteLength(body),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          resolve(Buffer.concat(chunks).toString());
        });
        response.on("error", reject);
      },
    );
    sent.on("error", reject);
    sent.end(body);
    return await promise;
  }
}

function toAnswer({ status, error, data }: ApiAnswer): Answer {
  const series = new Map<string, Map<number, number | Histogram>>();
  const values: (number | Histogram)[] = [];
  if (status !== "success" || data === undefined) return { error: error ?? "?", series, values };
  if (data.resultType === "scalar") {
    const [time, text] = data.result as readonly [number, string];
    series.set("", new Map([[Math.round(time * 1000), numberOf(text)]]));
    values.push(numberOf(text));
    return { error: undefined, series, values };
  }
  for (const each of data.result as readonly ApiSeries[]) {
    const samples = new Map<number, number | Histogram>();
    const floats = each.values ?? (each.value === undefined ? [] : [each.value]);
    for (const [time, text] of floats) samples.set(Math.round(time * 1000), numberOf(text));
    const histograms = each.histograms ?? (each.histogram === undefined ? [] : [each.histogram]);
    for (const [time, { count, sum }] of histograms) {
      samples.set(Math.round(time * 1000), { count: numberOf(count), sum: numberOf(sum) });
    }
    series.set(Labels.from(each.metric).key, samples);
    values.push(...samples.values());
  }
  return { error: undefined, series, values };
}

function numberOf(text: string): number {
  if (text === "+Inf") return Infinity;
  return text === "-Inf" ? -Infinity : Number(text);
}

/** Asks both every question; what differs and is not excused. */
export async function differencesOf(
  ours: AnswerClient,
  theirs: AnswerClient,
  questions: Iterable<readonly [query: string, times: Times]>,
  isExcused: (difference: Difference) => boolean = () => false,
): Promise<{ asked: number; filled: number; differences: Difference[] }> {
  const differences: Difference[] = [];
  let asked = 0;
  let filled = 0;
  for (const [query, times] of questions) {
    const [mine, right] = await Promise.all([ours.ask(query, times), theirs.ask(query, times)]);
    asked++;
    if (right.series.size > 0) filled++;
    const what = compare(query, times, mine, right);
    if (what === undefined) continue;
    const difference = { query, times, what, ours: mine, theirs: right };
    if (!isExcused(difference)) differences.push(difference);
  }
  return { asked, filled, differences };
}
