// What a registry and its metrics say to each other, and the pieces that lines are made of.
//
// Metrics of this package write their lines themselves (`writeLines`); anything else with a `get()` (an aggregated
// metric, a class of somebody else) is written from the values it gives.

/** Labels that a registry adds to every series: name and value, in the order they were set. */
export type DefaultLabels = readonly (readonly [string, unknown])[];

/** How one exposition wants its lines. */
export interface LineOptions {
  readonly openMetrics: boolean;
  readonly defaults: DefaultLabels;
}

/** One sample of `get()`. */
export interface SampleObject {
  value: number;
  labels?: Record<string, unknown> | undefined;
  /** Labels that the lines have last, for the parts of one histogram. */
  sharedLabels?: Record<string, unknown> | undefined;
  metricName?: string | undefined;
  exemplar?: ExemplarObject | null | undefined;
}

/** An exemplar of a sample. */
export interface ExemplarObject {
  readonly labelSet: Readonly<Record<string, unknown>>;
  readonly value: number;
  /** Unix time in seconds. */
  readonly timestamp: number;
}

/** A metric with its samples. */
export interface MetricObject {
  name: string;
  help: string;
  type: string;
  aggregator?: string | undefined;
  values: SampleObject[];
}

/** Whatever can be registered. */
export interface RegisteredMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator?: string | undefined;
  get(): MetricObject | Promise<MetricObject>;
  getForPromString?(): MetricObject | Promise<MetricObject>;
  reset?(): void;
}

/** A metric that writes its lines itself. */
export interface LineWriter extends RegisteredMetric {
  /** Changes when series were removed or moved, which makes lines written in several pieces wrong. */
  readonly rowLayout: number;
  /** Calls `collect`. */
  bringUpToDate(): void | Promise<void>;
  /** Writes the sample lines, each with its line feed, in pieces. */
  writeLines(options: LineOptions): Iterable<string>;
}

/** Whether a metric writes its lines itself. */
export function isLineWriter(metric: RegisteredMetric): metric is LineWriter {
  return "writeLines" in metric;
}

/** `name="value"` joined by commas. */
export function labelsText(labels: Readonly<Record<string, unknown>>): string {
  return Object.entries(labels).map(labelText).join(",");
}

/** `name="value"`. */
export function labelText([name, value]: readonly [string, unknown]): string {
  return `${name}="${escapeLabel(value)}"`;
}

/** `{labels}`, or nothing. */
export function braced(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}

/** The labels with the defaults that they do not have. */
export function withDefaults(
  labels: Readonly<Record<string, unknown>>,
  defaults: DefaultLabels,
): Record<string, unknown> {
  const all: Record<string, unknown> = { ...labels };
  for (const [name, value] of defaults) all[name] ??= value;
  return all;
}

/** HELP and TYPE. */
export function headerText(name: string, help: string, type: string): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
}

/** The name of the family: a counter of OpenMetrics has no `_total`, its samples have. */
export function familyName(name: string, type: string, openMetrics: boolean): string {
  return openMetrics && type === "counter" ? name.replace(/_total$/, "") : name;
}

/** The name of the samples of a counter or gauge. */
export function sampleName(name: string, type: string, openMetrics: boolean): string {
  const family = familyName(name, type, openMetrics);
  return openMetrics && type === "counter" ? `${family}_total` : family;
}

/** A number as it stands in a line. */
export function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : `${value}`;
}

/** ` # {labels} value time`, or nothing. */
export function exemplarText(exemplar: ExemplarObject | null | undefined): string {
  if (exemplar === null || exemplar === undefined) return "";
  const { labelSet, value, timestamp } = exemplar;
  return ` # {${labelsText(labelSet)}} ${numberText(value)} ${timestamp}`;
}

/** The lines of a metric from its values. */
export function linesOf(metric: MetricObject, { openMetrics, defaults }: LineOptions): string {
  const fallback = sampleName(metric.name, metric.type, openMetrics);
  let text = "";
  for (const sample of metric.values) {
    const { labels = {}, sharedLabels = {}, metricName } = sample;
    const name =
      metricName === undefined ? fallback : sampleName(metricName, metric.type, openMetrics);
    const own = defaults.length === 0 ? labels : withDefaults(labels, defaults);
    const first = Object.entries(own).filter(([label]) => !Object.hasOwn(sharedLabels, label));
    const all = braced([...first, ...Object.entries(sharedLabels)].map(labelText).join(","));
    const exemplar = openMetrics ? exemplarText(sample.exemplar) : "";
    text += `${name}${all} ${numberText(sample.value)}${exemplar}\n`;
  }
  return text;
}

function escapeLabel(value: unknown): string {
  return escapeHelp(String(value)).replaceAll('"', String.raw`\"`);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", String.raw`\\`).replaceAll("\n", String.raw`\n`);
}
