// The text formats: reading and writing 10,000 series, one op for all of them.
//
//   reading   bytes of one scrape: 50 families of counters and gauges, 200 series each, about 1 MB
//             known series   the line layer as a scraper uses it: every text has been seen before
//             structured     labels, families, and all rules of the format. The peer makes families and checks nothing (no
//                            duplicates, no histogram's counts, no names), and is about as fast: no budget here
//   writing   the same families to one text; the peer holds its values in its registry, we in MetricFamily values
//
// Per op is per 10,000 lines: 2 ms is 5 million lines a second.

import { createRequire } from "node:module";
import client from "@prometheus-io/client";
import {
  ExpositionLineParser,
  Labels,
  type MetricFamily,
  parseExposition,
  SeriesCache,
  writeExposition,
} from "@flx/model";
import { contender, suite, type Suite } from "../harness/suite.ts";

/** What the peer makes of a text; it has no types. */
type PeerParse = (text: string) => readonly {
  readonly name: string;
  readonly metrics: readonly {
    readonly value: string;
    readonly labels?: Readonly<Record<string, string>>;
  }[];
}[];

const peerParse = createRequire(import.meta.url)("parse-prometheus-text-format") as PeerParse;

/** A series of the line layer. */
class KnownSeries {
  readonly name: string;
  readonly labels: Labels;
  value = 0;

  constructor(name: string, labels: Labels) {
    this.name = name;
    this.labels = labels;
  }
}

const families: readonly MetricFamily[] = Array.from({ length: 50 }, (_, f): MetricFamily => {
  const series = Array.from({ length: 200 }, (_each, i) => ({
    labels: Labels.from({
      instance: `host-${i % 10}:9100`,
      method: i % 2 === 0 ? "GET" : "POST",
      path: `/api/v1/items/${i}`,
      status: "200",
    }),
    value: i % 3 === 0 ? f * 1000 + i + 0.25 : f * 1000 + i,
  }));
  const help = `Family ${f} of the benchmark.`;
  if (f % 2 === 1) return { name: `shop_gauge_${f}`, type: "gauge", help, points: series };
  const points = series.map(({ labels, value }) => ({ labels, value: { total: value } }));
  return { name: `shop_requests_${f}`, type: "counter", help, points };
});

const text = writeExposition(families, { format: "text" });
const bytes = new TextEncoder().encode(text);

/** All samples in one form, to be compared between contenders. */
function listed(
  samples: Iterable<readonly [name: string, labels: Labels, value: number]>,
): string[] {
  return [...samples].map(([name, labels, value]) => `${name} ${labels.key} ${value}`).toSorted();
}

function samplesOfFamilies(
  all: readonly MetricFamily[],
): (readonly [name: string, labels: Labels, value: number])[] {
  return all.flatMap((family) => {
    if (family.type === "counter") {
      const name = `${family.name}_total`;
      return family.points.map(({ labels, value }) => [name, labels, value.total] as const);
    }
    if (family.type !== "gauge") throw new TypeError(family.type);
    return family.points.map(({ labels, value }) => [family.name, labels, value] as const);
  });
}

function samplesOfPeer(parsed: ReturnType<PeerParse>): string[] {
  return listed(
    parsed.flatMap(({ name, metrics }) =>
      metrics.map(({ labels = {}, value }) => [name, Labels.from(labels), Number(value)] as const),
    ),
  );
}

function peerReader(): ReturnType<
  typeof contender<{ parse: PeerParse; text: string; parsed: ReturnType<PeerParse> }>
> {
  return contender({
    name: "parse-prometheus-text-format",
    package: "parse-prometheus-text-format",
    setup: () => ({ parse: peerParse, text, parsed: [] as ReturnType<PeerParse> }),
    op: (state) => {
      state.parsed = state.parse(state.text);
    },
    check: ({ parsed }) => samplesOfPeer(parsed),
  });
}

/** A scraper's memory of one target and the sink that fills it. */
function scraper(): {
  scrape: () => void;
  forget: () => void;
  series: () => KnownSeries[];
} {
  let cache = new SeriesCache<KnownSeries>();
  let all: KnownSeries[] = [];
  const sink = {
    find: (key: string) => cache.find(key),
    open: (key: string, name: string, labels: Labels) => {
      const series = new KnownSeries(name, labels);
      cache.add(key, series);
      all.push(series);
      return series;
    },
    sample: (series: KnownSeries, value: number) => {
      series.value = value;
    },
  };
  return {
    scrape: () => {
      cache.start();
      const parser = new ExpositionLineParser(sink, { format: "text" });
      parser.push(bytes);
      parser.end();
    },
    forget: () => {
      cache = new SeriesCache();
      all = [];
    },
    series: () => all,
  };
}

const listSeries = (all: readonly KnownSeries[]): string[] =>
  listed(all.map(({ name, labels, value }) => [name, labels, value] as const));

/** A registry of the peer with the same families. */
function peerRegistry(): client.Registry {
  const registry = new client.Registry();
  for (const family of families) {
    const labelNames = ["instance", "method", "path", "status"];
    const settings = { help: family.help ?? "", labelNames, registers: [registry] };
    if (family.type === "counter") {
      const counter = new client.Counter({ name: `${family.name}_total`, ...settings });
      for (const { labels, value } of family.points) counter.inc(labels.toJSON(), value.total);
    } else if (family.type === "gauge") {
      const gauge = new client.Gauge({ name: family.name, ...settings });
      for (const { labels, value } of family.points) gauge.set(labels.toJSON(), value);
    }
  }
  return registry;
}

export const exposition: Suite = suite("exposition", {
  title: "Text formats, 10,000 series",
  cases: [
    {
      name: "read, every series known (a scrape)",
      kind: "long",
      contenders: [
        contender({
          name: "ours",
          setup: () => {
            const one = scraper();
            one.scrape();
            return one;
          },
          op: ({ scrape }) => scrape(),
          check: ({ series }) => listSeries(series()),
        }),
        peerReader(),
      ],
      budgets: [{ against: "parse-prometheus-text-format", atLeast: 5 }],
    },
    {
      name: "read, every series new (a first scrape)",
      kind: "long",
      contenders: [
        contender({
          name: "ours",
          setup: scraper,
          before: ({ forget }) => forget(),
          op: ({ scrape }) => scrape(),
          check: ({ series }) => listSeries(series()),
        }),
        peerReader(),
      ],
      budgets: [{ against: "parse-prometheus-text-format", atLeast: 1 }],
    },
    {
      name: "read into families",
      kind: "long",
      contenders: [
        contender({
          name: "ours",
          setup: () => ({ parseExposition, bytes, families: [] as readonly MetricFamily[] }),
          op: (state) => {
            state.families = state.parseExposition(state.bytes, { format: "text" }).families;
          },
          check: (state) => listed(samplesOfFamilies(state.families)),
        }),
        peerReader(),
      ],
    },
    {
      name: "write",
      kind: "long",
      async: true,
      contenders: [
        contender({
          name: "ours",
          setup: () => ({ writeExposition, families, text: "" }),
          op: async (state) => {
            state.text = state.writeExposition(state.families, { format: "text" });
          },
          check: (state) => samplesOfPeer(peerParse(state.text)),
        }),
        contender({
          name: "@prometheus-io/client",
          package: "@prometheus-io/client",
          setup: () => ({ registry: peerRegistry(), text: "" }),
          op: async (state) => {
            state.text = await state.registry.metrics();
          },
          check: (state) => samplesOfPeer(peerParse(state.text)),
        }),
      ],
    },
  ],
});
