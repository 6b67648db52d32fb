// What the receivers count about themselves.
//
//   flx_ingest_requests_total {receiver, status}     flx_ingest_samples_total {receiver}
//   flx_ingest_records_total  {receiver, signal}
//   flx_ingest_rejected_total {receiver, reason}     flx_ingest_body_bytes_total {receiver, form}

import { Counter, type Registry } from "@flx/monitoring/metrics";

/** The metrics of all receivers; made once and given to each. */
export class IngestMetrics {
  readonly requests: Counter<"receiver" | "status">;
  readonly samples: Counter<"receiver">;
  readonly records: Counter<"receiver" | "signal">;
  readonly rejected: Counter<"receiver" | "reason">;
  readonly bytes: Counter<"receiver" | "form">;

  constructor(registry: Registry) {
    const registers = [registry];
    this.requests = new Counter({
      name: "flx_ingest_requests_total",
      help: "Requests answered, by receiver and status",
      labelNames: ["receiver", "status"],
      registers,
    });
    this.samples = new Counter({
      name: "flx_ingest_samples_total",
      help: "Samples accepted and durable",
      labelNames: ["receiver"],
      registers,
    });
    this.records = new Counter({
      name: "flx_ingest_records_total",
      help: "Spans and log records accepted and durable",
      labelNames: ["receiver", "signal"],
      registers,
    });
    this.rejected = new Counter({
      name: "flx_ingest_rejected_total",
      help: "Samples not taken, by reason",
      labelNames: ["receiver", "reason"],
      registers,
    });
    this.bytes = new Counter({
      name: "flx_ingest_body_bytes_total",
      help: "Bytes received, as they came (wire) and after decompression (plain)",
      labelNames: ["receiver", "form"],
      registers,
    });
  }
}
