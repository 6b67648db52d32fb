// What a receiver says it has written: X-Prometheus-Remote-Write-{Samples,Histograms,Exemplars}-Written.
//
// Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/ , "Required Written Response Headers"

import type { IncomingHttpHeaders } from "node:http";

/** What was written. */
export interface Written {
  /** Floats and histograms. */
  readonly samples: number;
  readonly exemplars: number;
}

/** What an answer says; undefined when it says nothing, which receivers of 2.0 do not do. One that is missing is 0. */
export function writtenOf(headers: IncomingHttpHeaders): Written | undefined {
  const [samples, histograms, exemplars] = ["samples", "histograms", "exemplars"].map((what) => {
    const text = headers[`x-prometheus-remote-write-${what}-written`];
    return typeof text === "string" && /^\d{1,15}$/.test(text.trim()) ? Number(text) : undefined;
  });
  if (samples === undefined && histograms === undefined && exemplars === undefined) {
    return undefined;
  }
  return { samples: (samples ?? 0) + (histograms ?? 0), exemplars: exemplars ?? 0 };
}
