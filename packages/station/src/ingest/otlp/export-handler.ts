// One OTLP export, whatever brought it: plain protobuf in, how much was taken out.
//
//   HTTP ─┐                        ┌─ metrics ── readMetricsRequest ── OtlpTranslator ── MetricSink
//   gRPC ─┴─ ExportHandlers[signal]┼─ traces ─┬─ checkRecords ── RecordSink: kept as they came
//                                  └─ logs   ─┘

import {
  checkRecords,
  OtlpMetrics,
  type OtlpReadLimits,
  type OtlpSignal,
  readMetricsRequest,
} from "@flx/model";
import type { IngestMetrics } from "../ingest-metrics.ts";
import { comeAgain } from "../no-room.ts";
import type { AppendOutcome, MetricSink } from "../../store/metric-sink.ts";
import { OtlpTranslator, type Translated, type TranslationSettings } from "./translate.ts";

/** What became of an export: OTLP's partial success. */
export interface ExportOutcome {
  readonly rejected: number;
  readonly message: string;
}

/**
 * Takes one request in protobuf; resolves when what it accepted is durable.
 *
 * Rejects with an FlxError for bytes that are none (the sender's fault) and with SinkRefusal when it must come again.
 */
export type ExportHandler = (request: Uint8Array, receiver: string) => Promise<ExportOutcome>;

/** The signals that are taken. */
export type ExportHandlers = Readonly<Partial<Record<OtlpSignal, ExportHandler>>>;

/** The handler of metrics. */
export function metricsHandler(
  sink: MetricSink,
  metrics: IngestMetrics,
  settings: Partial<TranslationSettings> = {},
  limits: Partial<OtlpReadLimits> = {},
): ExportHandler {
  const translator = new OtlpTranslator(sink, settings);
  // Translated before another request is read: one set of columns is enough.
  const columns = new OtlpMetrics();
  const append = async (translated: Translated): Promise<AppendOutcome> => {
    const { batch } = translated;
    if (batch.samples === 0) return { rejected: [] };
    try {
      return await sink.append(batch);
    } catch (error) {
      translator.undo(translated);
      throw error;
    }
  };
  return async (request, receiver) => {
    const translated = translator.translate(readMetricsRequest(request, limits, columns));
    const { batch, rejected, reasons, over, left, full } = translated;
    const outcome = await append(translated);
    translator.undo(translated, outcome.rejected);
    metrics.samples.inc({ receiver }, batch.samples - outcome.rejected.length);
    if (rejected > over) metrics.rejected.inc({ receiver, reason: "invalid" }, rejected - over);
    if (left + over > 0) metrics.rejected.inc({ receiver, reason: "limit" }, left + over);
    for (const { kind } of outcome.rejected) metrics.rejected.inc({ receiver, reason: kind });
    // After the others are durable: repeated, they are what is there already.
    if (full !== undefined) throw comeAgain(full);
    const told = [...reasons, ...outcome.rejected.slice(0, 3).map(({ reason }) => reason)];
    return { rejected: rejected + outcome.rejected.length, message: told.join("; ") };
  };
}

/** Where requests of spans and log records go, checked. */
export interface RecordSink {
  /**
   * Takes a request in protobuf; resolves when it is durable.
   *
   * @param records how many spans or log records are in it
   * @throws {SinkRefusal} when it takes nothing now
   */
  append(signal: "spans" | "logs", request: Uint8Array, records: number): Promise<void>;
}

/** Sees a checked request before it is kept; when it fails, the sender is told to come again. */
export type RecordObserver = (signal: "traces" | "logs", request: Uint8Array) => Promise<void>;

/** The handler of traces or logs. */
export function recordsHandler(
  signal: "traces" | "logs",
  sink: RecordSink,
  metrics: IngestMetrics,
  observe: RecordObserver,
): ExportHandler {
  return async (request, receiver) => {
    const checked = checkRecords(signal, request);
    const { records, rejected, reason } = checked;
    if (records > 0) {
      await observe(signal, checked.request);
      await sink.append(signal === "traces" ? "spans" : "logs", checked.request, records);
    }
    metrics.records.inc({ receiver, signal }, records);
    if (rejected > 0) metrics.rejected.inc({ receiver, reason: "invalid" }, rejected);
    return { rejected, message: reason };
  };
}
