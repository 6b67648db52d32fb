// What a benchmark is made of: a suite has cases, a case has contenders that do the same thing.
//
//   suite "labels"
//   └── case "counter.inc, 1000 label sets"          kind: loop | long | memory | start-up | figure
//       ├── contender "ours"                         first, and always there
//       ├── contender "@prometheus-io/client"        a package: its version goes into the results
//       └── budget: at least 3 times faster than @prometheus-io/client
//
//   loop     op(state, i), thousands of times per round: ns per op, garbage per op
//   long     op(state, i), once per round: ms (a scrape, a parse); `before` puts the state back, untimed
//   memory   build(count) in a process of its own: bytes kept per object
//   start-up a program in a process of its own: ms until it runs, its CPU, or MB above a bare process
//   figure   what a contender measures itself, a round each: the p99 of a service under load
//
// `op` is compiled anew for each of several copies (copies.ts), so it must stand alone: it may use its
// parameters and JavaScript's globals, nothing else around it. Whatever it needs goes into the state.

/** A limit that a case should keep; reported, and fatal with --strict. */
export type Budget =
  /** Ours is at least `atLeast` times as fast (or small) as the contender `against`. */
  | { readonly against: string; readonly atLeast: number }
  /** Ours takes at most so many ns, ms, bytes or MB (the unit of the case). */
  | { readonly atMost: number }
  /** Ours leaves at most so many bytes of garbage per op. */
  | { readonly garbageAtMost: number };

type Named = {
  /** "ours", or the name of a peer. */
  readonly name: string;
  /** The npm package that is measured; its version is read from its package.json. */
  readonly package?: string;
};

/** One way to do the thing that a loop or long case measures. */
export interface TimedContender<State> extends Named {
  /** A fresh state; called for each copy and for the check. */
  setup(copy: number): State | Promise<State>;
  /** The measured code. Stands alone (see above). `i` counts up from 0 over the whole run. */
  op(this: void, state: State, i: number): unknown;
  /** Brings the state, or what it shares with others, into the shape `op` expects; before each round, not timed. */
  before?(state: State, round: number): void | Promise<void>;
  /** What came out, to be compared with the other contenders before anything is timed. */
  check(state: State): unknown;
  /** For the figure "server CPU": what the process that does the work has used so far, ns. */
  cpuNs?(state: State): number;
}

/** One way to hold the objects that a memory case measures. */
export interface MemoryContender extends Named {
  /** Makes `count` objects and returns what keeps them alive. */
  build(count: number): unknown;
  /** What is in there, to be compared with the other contenders. */
  check(built: unknown): unknown;
}

/** One program whose start is measured. */
export interface StartUpContender extends Named {
  /** What runs before the figure is taken, when only a part of a program's life is measured: `program` sees its names. */
  readonly before?: string;
  /** JavaScript of a module that imports and starts; with `await`, and packages are found as built. */
  readonly program: string;
  /** An expression, may be a promise, whose text contains what the case expects; not measured. */
  readonly proof: string;
}

type CaseBase = { readonly name: string; readonly budgets?: readonly Budget[] };

/** Thousands of ops per round. */
export interface LoopCase extends CaseBase {
  readonly kind: "loop";
  /** `op` returns a promise and is awaited, one after the other. */
  readonly async?: boolean;
  readonly contenders: readonly TimedContender<unknown>[];
  /** How many ops run before `check` (default 1,000). */
  readonly checkOps?: number;
}

/** One op per round. */
export interface LongCase extends CaseBase {
  readonly kind: "long";
  /** What is compared (default wall time): CPU of the measuring thread, of the process with all its threads, of a server. */
  readonly figure?: "wall time" | "thread CPU" | "process CPU" | "server CPU";
  readonly async?: boolean;
  readonly contenders: readonly TimedContender<unknown>[];
}

/** Bytes per object. */
export interface MemoryCase extends CaseBase {
  readonly kind: "memory";
  /** How many objects are made; enough that the process' own noise, some 20 KB, does not count. */
  readonly count: number;
  readonly contenders: readonly MemoryContender[];
}

/** Milliseconds or megabytes of a start, or of a part of a process's life. */
export interface StartUpCase extends CaseBase {
  readonly kind: "start-up";
  /** Wall time, CPU time of the main thread, or memory. */
  readonly figure: "ms" | "CPU ms" | "MB";
  /** What every contender's proof contains. */
  readonly expected: string;
  readonly contenders: readonly StartUpContender[];
}

/** Gives a figure each round. */
export interface FigureSource extends AsyncDisposable {
  /** @param round -1 for one that is not kept */
  measure(round: number): Promise<number>;
}

/** One who measures itself. */
export interface FigureContender extends Named {
  open(): Promise<FigureSource>;
}

/** Figures that contenders measure themselves. */
export interface FigureCase extends CaseBase {
  readonly kind: "figure";
  readonly unit: "ms" | "CPU ms" | "MB";
  readonly contenders: readonly FigureContender[];
}

/** One thing that is measured. */
export type BenchmarkCase = LoopCase | LongCase | MemoryCase | StartUpCase | FigureCase;

/** Cases that are run and reported together. */
export interface Suite {
  readonly name: string;
  readonly title: string;
  readonly cases: readonly BenchmarkCase[];
}

/** A contender with the type of its state inferred from `setup`. */
export function contender<State>(definition: TimedContender<State>): TimedContender<State> {
  return definition;
}

/**
 * A suite, checked: case and contender names are unique, "ours" comes first, budgets name contenders.
 *
 * @param name what `npm run bench -- NAME` calls it and its results file is named after
 * @throws {TypeError} when one of these does not hold
 */
export function suite(name: string, definition: Omit<Suite, "name">): Suite {
  refuseDoubles(`suite ${name}: case`, definition.cases);
  for (const each of definition.cases) {
    const where = `suite ${name}, case ${each.name}`;
    refuseDoubles(`${where}: contender`, each.contenders);
    if (each.contenders[0]?.name !== "ours") {
      throw new TypeError(`${where}: the first contender must be named "ours"`);
    }
    for (const budget of each.budgets ?? []) {
      if ("against" in budget && !each.contenders.some((one) => one.name === budget.against)) {
        throw new TypeError(
          `${where}: a budget is against "${budget.against}", who does not take part`,
        );
      }
    }
  }
  return { name, ...definition };
}

function refuseDoubles(what: string, named: readonly { readonly name: string }[]): void {
  const seen = new Set<string>();
  for (const { name } of named) {
    if (seen.has(name)) throw new TypeError(`${what} "${name}" is there twice`);
    seen.add(name);
  }
}
