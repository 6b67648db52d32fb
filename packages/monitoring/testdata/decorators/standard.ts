// What only standard decorators can: fields and accessors that hold functions; see test/decorators.test.ts.

import type { MetricsCollector } from "@flx/monitoring/metrics";

/** What the test calls. */
export interface Jobs {
  readonly field: (by: number) => number;
  accessor: () => Promise<string>;
}

/** A class with functions in its fields. */
export function jobsOf(collector: MetricsCollector): new () => Jobs {
  class NightlyJobs implements Jobs {
    readonly factor: number = 3;

    @collector.trackPipelineExecution("field")
    readonly field = (by: number): number => this.factor * by;

    @collector.trackPipelineExecution("accessor")
    accessor accessor = async (): Promise<string> => `by ${this.factor}`;
  }
  return NightlyJobs;
}

/** What must not compile; never run. */
export function misuse(collector: MetricsCollector): unknown {
  const track = collector.trackPipelineExecution("misuse");
  return class {
    #value = 0;
    // @ts-expect-error a setter is no run
    @track
    set value(value: number) {
      this.#value = value;
    }
    // @ts-expect-error text is no function
    @track
    accessor text = `${this.#value}`;
  };
}
