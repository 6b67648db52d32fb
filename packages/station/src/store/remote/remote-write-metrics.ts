// What the station counts about what it sends on, by the name of where it goes.
//
//   flx_remote_write_samples_total {remote, outcome}     sent, refused by the other end for good, dropped since the queue is full
//   flx_remote_write_exemplars_total {remote, outcome}   sent, refused
//   flx_remote_write_requests_total {remote, status}     an HTTP status, or `none` without an answer
//   flx_remote_write_send_seconds {remote}
//   flx_remote_write_queue_bytes, _queue_samples, _lag_seconds {remote}

import { Counter, Histogram, observableGauge, type Registry } from "@flx/monitoring/metrics";

/** What a queue says of itself. */
export interface QueueView {
  readonly bytes: number;
  readonly samples: number;
  readonly lagMs: number;
}

/** The metrics of all queues of a station. */
export class RemoteWriteMetrics {
  static readonly #of = new WeakMap<Registry, RemoteWriteMetrics>();
  readonly samples: Counter<"remote" | "outcome">;
  readonly exemplars: Counter<"remote" | "outcome">;
  readonly requests: Counter<"remote" | "status">;
  readonly seconds: Histogram<"remote">;
  readonly #queues = new Map<string, QueueView>();

  private constructor(registry: Registry) {
    const registers = [registry];
    this.samples = new Counter({
      name: "flx_remote_write_samples_total",
      help: "Samples sent on, refused by the other end for good, or dropped because the queue was full",
      labelNames: ["remote", "outcome"],
      registers,
    });
    this.exemplars = new Counter({
      name: "flx_remote_write_exemplars_total",
      help: "Exemplars sent on, or refused by the other end for good",
      labelNames: ["remote", "outcome"],
      registers,
    });
    this.requests = new Counter({
      name: "flx_remote_write_requests_total",
      help: "Requests sent, by the status of the answer; none: there was no answer",
      labelNames: ["remote", "status"],
      registers,
    });
    this.seconds = new Histogram({
      name: "flx_remote_write_send_seconds",
      help: "How long a request took",
      labelNames: ["remote"],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    });
    const gauge = (name: string, help: string, read: (queue: QueueView) => number): void => {
      observableGauge({
        name: `flx_remote_write_${name}`,
        help,
        labelNames: ["remote"],
        registers,
        collect: (observe) => {
          for (const [remote, queue] of this.#queues) observe({ remote }, read(queue));
        },
      });
    };
    gauge("queue_bytes", "Bytes on disk that are not sent yet", ({ bytes }) => bytes);
    gauge("queue_samples", "Samples that are not sent yet", ({ samples }) => samples);
    gauge("lag_seconds", "How long the oldest of them waits", ({ lagMs }) => lagMs / 1_000);
  }

  /** Those of a registry: an engine that keeps the metrics and remotes beside it are counted together. */
  static of(registry: Registry): RemoteWriteMetrics {
    let metrics = RemoteWriteMetrics.#of.get(registry);
    if (metrics === undefined) {
      metrics = new RemoteWriteMetrics(registry);
      RemoteWriteMetrics.#of.set(registry, metrics);
    }
    return metrics;
  }

  /** Shows a queue from now on; the answer ends it. */
  watch(remote: string, queue: QueueView): Disposable {
    this.#queues.set(remote, queue);
    return {
      [Symbol.dispose]: () => {
        if (this.#queues.get(remote) === queue) this.#queues.delete(remote);
      },
    };
  }
}
