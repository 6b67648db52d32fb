// A series as it is sent: its labels, encoded once for the message that has them in every request.

import { encodeSeriesLabels, type Labels } from "@flx/model";

/** A series that is sent. */
export class SentSeries {
  readonly labels: Labels;
  /** The name it has in the store, whatever relabelling made of it: what is said of its family is found by it. */
  readonly name: string;
  #encoded: Uint8Array | undefined;

  constructor(labels: Labels, name: string = labels.metricName ?? "") {
    this.labels = labels;
    this.name = name;
  }

  /** The labels as they stand in every 1.0 request. */
  get encoded(): Uint8Array {
    return (this.#encoded ??= encodeSeriesLabels(this.labels));
  }
}
