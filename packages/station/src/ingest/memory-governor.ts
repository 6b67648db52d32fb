// Keeps the process under its memory: reads how much it has, and stops taking data before it has too much.
//
//   resident ──────────┬──────────┬──────────┬──────────┬──── cap
//                  sweep 68 %  traces 72 %  logs 78 %  metrics 88 %
//
//   shed    receivers answer 429 and RESOURCE_EXHAUSTED until it is 4 % less again: to spans first, to metrics last.
//           The steps are wide: what was taken of spans goes on growing until it is in the database
//   sweep   V8 is asked to collect garbage: with much memory on the machine it would by itself let more pile up than the cap.
//           It is asked less often when that does not help: then memory is full of data, and full it may be
//
// It looks ten times a second and before each request, since a loop that is busy with requests has late timers.
//
// What the station says of itself goes into the store directly, so it is there also while nothing else is taken.
//
// Why resident memory and not the heap: buffers, DuckDB and V8 share the cap, and the kernel counts them together.

import { constrainedMemory, memoryUsage } from "node:process";
import { totalmem } from "node:os";
import { type Admission, type AdmittedSignal, SHED_ORDER } from "./admission.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { YoungGeneration } from "./young-generation.ts";

const MIB = 1024 * 1024;
const MAX_DEFAULT = 1024 * MIB;

/** min(75 % of what the container or machine has, 1 GiB), in bytes. */
export function defaultMemoryCap(limit: number = memoryLimit()): number {
  return Math.floor(Math.min(limit * 0.75, MAX_DEFAULT));
}

/** What the process may have: of its container, or of the machine. */
function memoryLimit(): number {
  const constrained = constrainedMemory();
  const total = totalmem();
  // Without a limit Node gives 0, or a number beyond any memory.
  return constrained > 0 && constrained < total ? constrained : total;
}

/** What a governor stands on. */
export interface GovernorOptions {
  /** Bytes of the whole process. */
  readonly cap: number;
  readonly admission: Admission;
  /** Milliseconds that never go back. */
  readonly elapsed: () => number;
  /** Told what is shed when that changes. */
  readonly onChange?: (shed: ReadonlySet<AdmittedSignal>, residentBytes: number) => void;
  /** For tests; default: resident memory of this process. */
  readonly resident?: () => number;
  /** For tests; default: V8's collector. */
  readonly sweep?: () => void;
}

const SWEEP = 0.68;
const SHED: Readonly<Record<AdmittedSignal, number>> = { traces: 0.72, logs: 0.78, metrics: 0.88 };
/** So much less it must be until a signal is taken again. */
const CALMER = 0.04;
const EVERY_MS = 100;
const AT_MOST_EVERY_MS = 5;
const SWEEP_EVERY_MS = 2_000;
const MAX_SWEEP_EVERY_MS = 60_000;
/** So often it is also asked before metrics are sent back: what is read and dropped of spans is garbage, too. */
const LAST_SWEEP_EVERY_MS = 250;

/** Watches memory until it is disposed. */
export class MemoryGovernor implements Disposable {
  readonly cap: number;
  readonly #options: GovernorOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #young = new YoungGeneration();
  #lookedMs = -Infinity;
  #sweptMs = -Infinity;
  #sweepEveryMs = SWEEP_EVERY_MS;
  #shed: ReadonlySet<AdmittedSignal> = new Set();
  /** How often it has begun to shed, and swept. */
  sheddings = 0;
  sweeps = 0;

  constructor(options: GovernorOptions) {
    this.#options = options;
    this.cap = options.cap;
    this.#timer = setInterval(() => {
      this.#young.look(options.elapsed());
      this.look();
    }, EVERY_MS);
    this.#young.look(options.elapsed());
    this.#timer.unref();
    options.admission.watch(() => {
      if (options.elapsed() - this.#lookedMs >= AT_MOST_EVERY_MS) this.look();
    });
  }

  /** What is not taken now. */
  get shed(): ReadonlySet<AdmittedSignal> {
    return this.#shed;
  }

  /** Bytes the process has. */
  get resident(): number {
    const { resident } = this.#options;
    return resident === undefined ? memoryUsage.rss() : resident();
  }

  /** Looks once. */
  look(): void {
    const nowMs = this.#options.elapsed();
    this.#lookedMs = nowMs;
    let resident = this.resident;
    const isLast = resident > this.cap * SHED.metrics && !this.#shed.has("metrics");
    const everyMs = isLast ? LAST_SWEEP_EVERY_MS : this.#sweepEveryMs;
    if (resident > this.cap * SWEEP && nowMs - this.#sweptMs >= everyMs) {
      resident = this.#sweep(nowMs, resident);
    }
    const share = resident / this.cap;
    const shed = SHED_ORDER.filter(
      (signal) => share > SHED[signal] - (this.#shed.has(signal) ? CALMER : 0),
    );
    if (shed.length !== this.#shed.size) this.#change(new Set(shed), resident);
  }

  #sweep(nowMs: number, before: number): number {
    const { sweep = () => collectGarbage("major") } = this.#options;
    this.#sweptMs = nowMs;
    this.sweeps++;
    sweep();
    const after = this.resident;
    const helped = after < before * 0.95;
    this.#sweepEveryMs = helped
      ? SWEEP_EVERY_MS
      : Math.min(MAX_SWEEP_EVERY_MS, this.#sweepEveryMs * 2);
    return after;
  }

  #change(shed: ReadonlySet<AdmittedSignal>, resident: number): void {
    const { admission, onChange } = this.#options;
    if (this.#shed.size === 0) this.sheddings++;
    this.#shed = shed;
    admission.shed(shed);
    onChange?.(shed, resident);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#options.admission.watch(undefined);
    this.#options.admission.shed(new Set());
  }
}
