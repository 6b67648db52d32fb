// The names of windows in an archive; all that is known of one stands in its name.
//
//   metrics/1767225600000-1767225612345-1767232799000-480000-9f3a01c2.window
//           │             │             │             │      └ CRC-32 of the file
//           │             │             │             └ samples
//           │             │             └ time of the first and last one, Unix ms
//           └ when the window begins
//   spans/000012-1790000000000-1790007200000-41231-9f3a01c2.parquet        as in a data folder
//   logs/...
//
// So a list of names is a catalogue: which windows a question needs is known without reading one.

/** What is kept in an archive. */
export type ArchivedSignal = "metrics" | "spans" | "logs";

export const ARCHIVED_SIGNALS: readonly ArchivedSignal[] = ["metrics", "spans", "logs"];

/** A window in an archive. */
export interface ArchivedWindow {
  /** With its folder: "metrics/....window". */
  readonly name: string;
  readonly signal: ArchivedSignal;
  /** When it begins, Unix milliseconds; of spans and logs the number of its hot file. */
  readonly key: number;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  /** Samples, spans or log records. */
  readonly records: number;
  /** CRC-32. */
  readonly checksum: number;
  readonly bytes: number;
}

const METRICS =
  /^metrics\/(-?\d{1,16})-(-?\d{1,16})-(-?\d{1,16})-(\d{1,16})-([0-9a-f]{8})\.window$/;
const RECORDS =
  /^(?:spans|logs)\/(\d{6,16})-(\d{1,16})-(\d{1,16})-(\d{1,16})-([0-9a-f]{8})\.parquet$/;

/** What a name says; undefined: it is none of ours. */
export function readArchiveName(name: string, bytes: number): ArchivedWindow | undefined {
  const match = METRICS.exec(name) ?? RECORDS.exec(name);
  if (match === null) return undefined;
  return {
    name,
    signal: name.slice(0, name.indexOf("/")) as ArchivedSignal,
    key: Number(match[1]),
    minTimeMs: Number(match[2]),
    maxTimeMs: Number(match[3]),
    records: Number(match[4]),
    checksum: Number.parseInt(match[5]!, 16),
    bytes,
  };
}

/** The name of a window of metrics. */
export function metricsArchiveName(
  window: Pick<ArchivedWindow, "key" | "minTimeMs" | "maxTimeMs" | "records" | "checksum">,
): string {
  const { key, minTimeMs, maxTimeMs, records, checksum } = window;
  const sum = checksum.toString(16).padStart(8, "0");
  return `metrics/${[key, minTimeMs, maxTimeMs, records, sum].join("-")}.window`;
}

/** The name of a window's file in a data folder, below the folder of its signal. */
export function localNameOf({ name, signal, key }: ArchivedWindow): string {
  return signal === "metrics" ? `${key}.window` : name.slice(signal.length + 1);
}

/** The folder of a signal in a data folder. */
export const LOCAL_FOLDERS: Readonly<Record<ArchivedSignal, string>> = {
  metrics: "metrics/windows",
  spans: "records/spans",
  logs: "records/logs",
};
