// How long `flx up` takes until it answers a query, as it is published: with nothing, and after kill -9 with a gigabyte.
//
//   filled    10,000 series every 15 s for 56 hours, values that nothing makes smaller: 28 closed windows, most of a gigabyte
//   killed    then a station takes 50 minutes more by remote write, and is killed while its log is long: not yet is a snapshot
//             due, and the window has begun
//   a round   a copy of that folder, a station on it; time from its start to the first query that is answered, CPU time of
//             the whole process until then, its memory
//
// One start gives the three figures. The peers start with nothing: giving them as many samples takes a quarter of an hour.

import { execFile } from "node:child_process";
import { cp, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "@flx/testkit";
import { requireBuilt } from "../harness/built-packages.ts";
import { type FigureCase, type FigureContender, suite, type Suite } from "../harness/suite.ts";
import { ScrapeRequest } from "./scrape-request.ts";
import {
  cpuNsOf,
  type MetricServer,
  residentBytesOf,
  send,
  SERVER_NAMES,
  startServer,
  startStation,
} from "./station-servers.ts";
import { labelsOfSeries, STEP_MS } from "./up-series.ts";

const SERIES = 10_000;
const HOURS = 56;
const LATEST_SCRAPES = 200;
const SERIES_OF_A_REQUEST = 2_000;
const LEAST_BYTES = 1_000_000_000;
const MINUTE_MS = 60_000;

interface Start {
  readonly ms: number;
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** One start of a program: until it is ready and has answered a query. */
async function startOnce(start: () => Promise<MetricServer>): Promise<Start> {
  const startedMs = performance.now();
  const { pid, url, kill } = await start();
  const query = new URLSearchParams({ query: "count(room_temperature_ratio)" }).toString();
  const response = await fetch(`${url}/api/v1/query?${query}`);
  await response.text();
  const ms = performance.now() - startedMs;
  const figures = { ms, cpuMs: cpuNsOf(pid) / 1e6, rssBytes: residentBytesOf(pid) };
  await kill();
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return figures;
}

let killedFolder: Promise<string> | undefined;

/** The folder of a station that was killed; it is made once. */
function killed(): Promise<string> {
  killedFolder ??= makeKilled();
  return killedFolder;
}

async function makeKilled(): Promise<string> {
  const folder = await temporaryFolder("bench-up-killed");
  const data = folder.file("data");
  const nowMs = Math.floor(Date.now() / STEP_MS) * STEP_MS;
  const filledMs = nowMs - LATEST_SCRAPES * STEP_MS;
  const fromMs = filledMs - HOURS * 60 * MINUTE_MS;
  await promisify(execFile)(process.execPath, [
    "--conditions=@flx/source",
    join(import.meta.dirname, "up-fill.ts"),
    ...[data, SERIES, fromMs, filledMs].map(String),
  ]);
  const { url, kill } = await startStation(data);
  const requests = Array.from(
    { length: SERIES / SERIES_OF_A_REQUEST },
    (_, part) =>
      new ScrapeRequest(
        Array.from({ length: SERIES_OF_A_REQUEST }, (__, i) =>
          Object.entries(labelsOfSeries(part * SERIES_OF_A_REQUEST + i)).flat(),
        ),
      ),
  );
  for (let at = filledMs; at < nowMs; at += STEP_MS) {
    await Promise.all(requests.map((each) => send(url, each.at(at, Math.random))));
  }
  await kill();
  const bytes = await sizeOf(data);
  if (bytes < LEAST_BYTES) throw new Error(`the folder has ${bytes} bytes only`);
  return data;
}

async function sizeOf(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = files
    .filter((file) => file.isFile())
    .map(async (file) => (await stat(join(file.parentPath, file.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** A start on a folder of its own, each round. */
async function startOn(makeData: (data: string) => Promise<unknown>): Promise<Start> {
  await using folder = await temporaryFolder("bench-up");
  const data = folder.file("data");
  await makeData(data);
  return await startOnce(() => startStation(data));
}

const empty = (): Promise<Start> => startOn(() => Promise.resolve());
const gigabyte = (): Promise<Start> =>
  startOn(async (data) => await cp(await killed(), data, { recursive: true }));
/** Starts of one program by round: the first case that asks makes one, the others are given what it gave. */
class Starts {
  readonly name: string;
  readonly #start: () => Promise<Start>;
  readonly #rounds = new Map<number, Promise<Start>>();

  constructor(name: string, start: () => Promise<Start>) {
    this.name = name;
    this.#start = start;
  }

  source(figure: (start: Start) => number): FigureContender {
    const measure = async (round: number): Promise<number> => {
      const start = this.#rounds.get(round) ?? this.#start();
      this.#rounds.set(round, start);
      return figure(await start);
    };
    const none = async (): Promise<void> => {};
    return {
      name: this.name,
      open: async () => ({ measure, [Symbol.asyncDispose]: none }),
    };
  }
}

/** The three cases of some programs. `atMostMb`: idle, with little in the head. */
function cases(what: string, starts: readonly Starts[], atMostMb?: number): readonly FigureCase[] {
  const contenders = (figure: (start: Start) => number): FigureContender[] =>
    starts.map((each) => each.source(figure));
  return [
    {
      name: `until the first answer, ${what}`,
      kind: "figure",
      unit: "ms",
      contenders: contenders(({ ms }) => ms),
      budgets: [{ atMost: 2_000 }],
    },
    {
      name: `CPU time until then, ${what}`,
      kind: "figure",
      unit: "CPU ms",
      contenders: contenders(({ cpuMs }) => cpuMs),
    },
    {
      name: `memory then, ${what}`,
      kind: "figure",
      unit: "MB",
      contenders: contenders(({ rssBytes }) => rssBytes / 1_000_000),
      ...(atMostMb !== undefined && { budgets: [{ atMost: atMostMb }] }),
    },
  ];
}

requireBuilt("station");

const nothing = SERVER_NAMES.map(
  (name) => new Starts(name, name === "ours" ? empty : () => startOnce(() => startServer(name))),
);

export const up: Suite = suite("up", {
  title:
    "flx up: from the start to the first answer, with nothing and with a gigabyte after kill -9",
  cases: [
    ...cases("nothing stored", nothing, 200),
    ...cases("a gigabyte, killed", [new Starts("ours", gigabyte)]),
  ],
});
