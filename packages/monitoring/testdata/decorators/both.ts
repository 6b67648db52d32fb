// What compiles and works with standard decorators and with `experimentalDecorators` alike; see test/decorators.test.ts.
// Types only are imported, so that the compiled file stands alone.

import type { MetricsCollector } from "@flx/monitoring/metrics";

/** What the test calls. */
export interface Importer {
  readonly size: number;
  times(by: number, ...more: readonly number[]): number;
  load(name: string): Promise<string>;
  fail(): never;
  refuse(): Promise<never>;
  rows(): Generator<number, string, unknown>;
  pages(): AsyncGenerator<number>;
  execute(): number;
  call(): Promise<never>;
}

/** A class with a decorator on everything that can have one. */
export function importerOf(collector: MetricsCollector): {
  new (rows: number): Importer;
  parse(text: string): number;
} {
  class CsvImporter implements Importer {
    readonly #rows: number;

    constructor(rows: number) {
      this.#rows = rows;
    }

    @collector.trackPipelineExecution("static")
    static parse(text: string): number {
      return Number(text);
    }

    @collector.trackPipelineExecution("getter")
    get size(): number {
      return this.#rows;
    }

    @collector.trackPipelineExecution("method")
    times(by: number, ...more: readonly number[]): number {
      return this.#rows * by * more.length;
    }

    @collector.trackPipelineExecution("async")
    async load(name: string): Promise<string> {
      await Promise.resolve();
      return `${name} ${this.#rows}`;
    }

    @collector.trackPipelineExecution("throw")
    fail(): never {
      throw new Error("failed");
    }

    @collector.trackPipelineExecution("reject")
    async refuse(): Promise<never> {
      throw new Error("refused");
    }

    @collector.trackPipelineExecution("generator")
    *rows(): Generator<number, string, unknown> {
      for (let row = 0; row < this.#rows; row++) yield row;
      return "end";
    }

    @collector.trackPipelineExecution("async generator")
    async *pages(): AsyncGenerator<number> {
      for (let page = 0; page < this.#rows; page++) yield page;
    }

    @collector.trackCommandExecution("command")
    @collector.trackPipelineExecution("both")
    execute(): number {
      return this.#rows;
    }

    @collector.trackGrpcRequest("/shop.v1.Orders/Place")
    async call(): Promise<never> {
      throw Object.assign(new Error("not there"), { code: 5 });
    }
  }
  return CsvImporter;
}

/** What must not compile, in either kind of decorators; never run. */
export function misuse(collector: MetricsCollector): unknown {
  const track = collector.trackPipelineExecution("misuse");
  // @ts-expect-error a class is no run
  @track
  class Wrong {
    // @ts-expect-error seven is no function
    @track
    seven = 7;
    // @ts-expect-error the name is missing
    @collector.trackCommandExecution()
    run(): void {}
  }
  return Wrong;
}
