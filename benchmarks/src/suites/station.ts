// The station as a server, as it is published, beside Prometheus and VictoriaMetrics.
//
//   remote write   20 scrapes of 10,000 series, each sample in a request with its labels, 2,000 a request as Prometheus
//                  sends them: CPU of the server, with index and durability on
//   questions      over two hours of 10,000 counters at 15 s, through HTTP: wall time until the last byte is read
//
// VictoriaMetrics answers rates of its own, so answers are compared by how many series they have.

import { type BenchmarkCase, type Budget, contender, suite, type Suite } from "../harness/suite.ts";
import { remoteCounters, SAMPLES, SERIES, START_MS, STEP_MS } from "./promql-counters.ts";
import { ScrapeRequest } from "./scrape-request.ts";
import {
  cpuNsOf,
  type MetricServer,
  requestOf,
  send,
  SERVER_NAMES,
  type ServerName,
  startServer,
} from "./station-servers.ts";

const SCRAPES = 20;
const SERIES_OF_A_REQUEST = 2_000;
/** Shorter than the questions' step: a fast server takes many scrapes, and none may be of the future. */
const WRITE_STEP_MS = 5_000;
/** The station drops what is older than its retention, so the data ends now. */
const SHIFT_MS = Math.floor((Date.now() - START_MS) / STEP_MS) * STEP_MS - SAMPLES * STEP_MS;

/** Servers by name and what they are for. */
const servers = new Map<string, Promise<MetricServer>>();

function server(name: ServerName, make: () => Promise<MetricServer>, use: string) {
  const key = `${name} ${use}`;
  const known = servers.get(key) ?? make();
  servers.set(key, known);
  return known;
}

const requests = Array.from(
  { length: SERIES / SERIES_OF_A_REQUEST },
  (_, part) =>
    new ScrapeRequest(
      Array.from({ length: SERIES_OF_A_REQUEST }, (__, i) =>
        scrapedLabels(part * SERIES_OF_A_REQUEST + i),
      ),
    ),
);

function requestsOf(scrape: number): readonly Uint8Array<ArrayBuffer>[] {
  const at = START_MS + SHIFT_MS + scrape * WRITE_STEP_MS;
  return requests.map((request) => request.at(at, (i) => scrape * 10 + (i % 7)));
}

function scrapedLabels(number: number): string[] {
  return [
    ["__name__", "http_requests_total"],
    ["instance", `host-${Math.floor(number / 10) % 100}:9100`],
    ["job", `job-${number % 10}`],
    ["path", `/p/${Math.floor(number / 1000)}`],
  ].flat();
}

interface Writing {
  readonly to: MetricServer;
  readonly write: () => Promise<void>;
}

/** How many scrapes a server has had. */
const scraped = new Map<string, number>();

async function writing(name: ServerName): Promise<Writing> {
  const to = await server(name, () => startServer(name), "write");
  const write = async (): Promise<void> => {
    const from = scraped.get(to.url) ?? 0;
    scraped.set(to.url, from + SCRAPES);
    for (let scrape = from; scrape < from + SCRAPES; scrape++) {
      await Promise.all(requestsOf(scrape).map((body) => send(to.url, body)));
    }
  };
  return { to, write };
}

const taken: BenchmarkCase = {
  name: `take ${SCRAPES * SERIES} samples by remote write`,
  kind: "long",
  figure: "server CPU",
  async: true,
  contenders: SERVER_NAMES.map((name) =>
    contender({
      name,
      setup: () => writing(name),
      op: ({ write }) => write(),
      cpuNs: ({ to }) => cpuNsOf(to.pid),
      check: async ({ to }) => {
        const end =
          (START_MS + SHIFT_MS + ((scraped.get(to.url) ?? 1) - 1) * WRITE_STEP_MS) / 1_000;
        return await countedOnce(to.url, end);
      },
    }),
  ),
  // 400,000 samples a second of CPU.
  budgets: [{ atMost: (SCRAPES * SERIES) / 400 }, ...against("prometheus", 1)],
};

function against(name: ServerName, atLeast: number): readonly Budget[] {
  return SERVER_NAMES.includes(name) ? [{ against: name, atLeast }] : [];
}

interface Found {
  readonly value?: readonly [number, string];
  readonly values?: readonly unknown[];
}

async function ask(
  url: string,
  path: string,
  parameters: Readonly<Record<string, string>>,
): Promise<readonly Found[]> {
  const query = new URLSearchParams(parameters).toString();
  const response = await fetch(`${url}/api/v1/${path}?${query}`);
  const answer = (await response.json()) as { data?: { result: readonly Found[] }; error?: string };
  if (answer.data === undefined) throw new Error(`${url}: ${answer.error ?? response.status}`);
  return answer.data.result;
}

/** How many series there are at a time, once all are seen: VictoriaMetrics shows them some seconds after it took them. */
async function countedOnce(url: string, timeS: number): Promise<string | undefined> {
  let counted: string | undefined;
  for (let tries = 0; tries < 100 && counted !== `${SERIES}`; tries++) {
    if (tries > 0) await new Promise((resolve) => setTimeout(resolve, 200));
    const query = "count(http_requests_total)";
    const [found] = await ask(url, "query", { query, time: `${timeS}` });
    counted = found?.value?.[1];
  }
  return counted;
}

/** A server with two hours of 10,000 counters. */
async function filled(name: ServerName): Promise<MetricServer> {
  const one = await startServer(name);
  for (let from = 0; from < SAMPLES; from += 120) {
    for (let first = 0; first < SERIES; first += 2_500) {
      const series = remoteCounters([first, first + 2_500], [from, from + 120]).map(
        ({ labels, timestamps, values }) => ({
          labels,
          timestamps: Float64Array.from(timestamps, (at) => at + SHIFT_MS),
          values,
        }),
      );
      await send(one.url, requestOf(series));
    }
  }
  await countedOnce(one.url, END_S);
  return one;
}

/** Off the grid of samples. */
const END_S = (START_MS + SHIFT_MS + SAMPLES * STEP_MS - 4_001) / 1_000;

function question(
  name: string,
  path: "query" | "query_range",
  parameters: Readonly<Record<string, string>>,
): BenchmarkCase {
  return {
    name,
    kind: "long",
    async: true,
    contenders: SERVER_NAMES.map((who) =>
      contender({
        name: who,
        setup: async () => {
          const { url } = await server(who, () => filled(who), "ask");
          const asked = `${url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`;
          return { asked, again: () => ask(url, path, parameters) };
        },
        op: async ({ asked }) => await (await fetch(asked)).text(),
        check: async ({ again }) => {
          const found = await again();
          return [found.length, found[0]?.values?.length ?? 1];
        },
      }),
    ),
    budgets: against("prometheus", 1),
  };
}

export const station: Suite = suite("station", {
  title:
    "The station as a server: remote write in, PromQL out, beside Prometheus and VictoriaMetrics",
  cases: [
    taken,
    question("rate(x[5m]) over 10,000 series through HTTP, at one time", "query", {
      query: "rate(http_requests_total[5m])",
      time: `${END_S}`,
    }),
    question("sum of 10,000 rates through HTTP, an hour in steps of 15 s", "query_range", {
      query: "sum(rate(http_requests_total[5m]))",
      start: `${END_S - 3_600}`,
      end: `${END_S}`,
      step: "15",
    }),
    question("rate of one series of 10,000 through HTTP, at one time", "query", {
      query: 'rate(http_requests_total{job="job-3",instance="host-42:9100",path="/p/5"}[5m])',
      time: `${END_S}`,
    }),
  ],
});
