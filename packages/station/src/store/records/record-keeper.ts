// The thread of records from the inside: a DuckDB, the files of spans and logs, the questions that can be asked.
//
//   append(signal, request) ─► signal-keeper ─► hot file            ask(name, question) ─► span-questions, log-questions
//
// DuckDB works in memory with the files attached: nothing is kept outside of them. When a failed write made DuckDB refuse
// everything (a full disk does), it is opened anew; what waited is still in the log and here.

import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { FlxError } from "@flx/model";
import { askLogs } from "../logs/log-questions.ts";
import type { LogQuestion } from "../logs/log-store.ts";
import { logTable } from "../logs/log-table.ts";
import { askActivity } from "../spans/service-activity.ts";
import { askCalls, askOperations, askSearch, askSpans, askTrace } from "../spans/span-questions.ts";
import type { SpanQuestion } from "../spans/span-store.ts";
import { spanTable } from "../spans/span-table.ts";
import type { RecordRange } from "../stored-record.ts";
import { askServices } from "./ask-services.ts";
import type { LoggedRequest } from "./hot-file.ts";
import { QuestionSlots } from "./question-slots.ts";
import { type ArchivedFiles, type KeepOptions, RecordFiles } from "./record-files.ts";
import type { RecordSource } from "./record-source.ts";
import type { RecordTable } from "./record-table.ts";
import type { Ask } from "./row.ts";
import { SignalKeeper } from "./signal-keeper.ts";
import { WindowRows } from "./window-rows.ts";

/** The signals that are kept here. */
export type RecordSignal = "spans" | "logs";

const TABLES: Readonly<Record<RecordSignal, RecordTable>> = { spans: spanTable, logs: logTable };
const SIGNALS: readonly RecordSignal[] = ["spans", "logs"];

/** How records are kept. */
export interface KeeperOptions {
  /** `spans` and `logs` are folders in it. */
  readonly folder: string;
  readonly keep: Readonly<Record<RecordSignal, KeepOptions>>;
  /** What DuckDB may have of memory. */
  readonly memoryBytes: number;
  readonly threads: number;
  /** Room that must be left on the disk beside what is written. Default 4 MiB. */
  readonly spareBytes?: number;
}

/** What there is of each signal in the archive. */
export type Archives = Readonly<Partial<Record<RecordSignal, ArchivedFiles>>>;

/** Where the files of a signal end. */
export interface KeeperState {
  /** Up to where the log is in the files; -1 for nothing. */
  readonly position: number;
}

/** Every time there is. */
const ALWAYS: RecordRange = { startMs: 0, endMs: 18_446_744_073_709 };
const HOUR_MS = 3_600_000;
const SPARE_BYTES = 4 * 1024 * 1024;
const FLUSH_MS = 1_000;
const UPKEEP_MS = 5_000;

/** The questions, by name. */
export interface RecordQuestions {
  "spans.trace": { readonly traceId: string; readonly limit: number };
  "spans.search": SpanQuestion;
  "spans.spans": SpanQuestion;
  "spans.services": { readonly range: RecordRange; readonly limit: number };
  "spans.operations": {
    readonly service: string;
    readonly range: RecordRange;
    readonly limit: number;
  };
  "spans.calls": { readonly range: RecordRange; readonly limit: number };
  "spans.activity": { readonly range: RecordRange; readonly limit: number };
  "logs.search": LogQuestion;
  "logs.services": { readonly range: RecordRange; readonly limit: number };
}

/** Keeps records. */
export class RecordKeeper {
  readonly #options: KeeperOptions;
  readonly #slots = new QuestionSlots();
  readonly #windowRows = new WindowRows();
  readonly #timers: NodeJS.Timeout[] = [];
  #instance: DuckDBInstance;
  readonly #keepers: Readonly<Record<RecordSignal, SignalKeeper>>;
  readonly #archives: Archives;
  #reopening: Promise<void> | undefined;

  private constructor(
    options: KeeperOptions,
    instance: DuckDBInstance,
    keepers: Readonly<Record<RecordSignal, SignalKeeper>>,
    archives: Archives,
  ) {
    this.#archives = archives;
    this.#options = options;
    this.#instance = instance;
    this.#keepers = keepers;
    this.#timers.push(
      setInterval(() => void this.#tick((keeper) => keeper.flush()), FLUSH_MS),
      setInterval(() => void this.#tick((keeper) => keeper.upkeep()), UPKEEP_MS),
    );
  }

  /** Opens the files. */
  static async open(
    options: KeeperOptions,
    onDurable: (signal: RecordSignal, position: number) => void,
    archives: Archives = {},
  ): Promise<RecordKeeper> {
    const instance = await openDatabase(options);
    const keepers: Partial<Record<RecordSignal, SignalKeeper>> = {};
    for (const signal of SIGNALS) {
      const files = await openFiles(instance, signal, options, archives);
      keepers[signal] = new SignalKeeper(files, options.spareBytes ?? SPARE_BYTES, (position) =>
        onDurable(signal, position),
      );
    }
    return new RecordKeeper(
      options,
      instance,
      keepers as Record<RecordSignal, SignalKeeper>,
      archives,
    );
  }

  state(signal: RecordSignal): KeeperState {
    return { position: this.#keepers[signal].files.position };
  }

  /** Takes a request that is in the log. */
  append(signal: RecordSignal, request: LoggedRequest, records: number): void {
    this.#keepers[signal].take(request, records);
  }

  async #tick(work: (keeper: SignalKeeper) => Promise<void>): Promise<void> {
    for (const signal of SIGNALS) {
      try {
        await work(this.#keepers[signal]);
      } catch {
        // Told by `fault`; tried again with the next tick.
      }
    }
    if (SIGNALS.some((signal) => this.#keepers[signal].isBroken)) await this.#recover();
  }

  /** Opens the database anew, once at a time; what fails is tried again with the next tick. */
  async #recover(): Promise<void> {
    this.#reopening ??= this.#reopen();
    try {
      await this.#reopening;
    } catch {
      // The disk has no room for it yet.
    }
    this.#reopening = undefined;
  }

  async #reopen(): Promise<void> {
    const { promise: reopened, resolve } = Promise.withResolvers<void>();
    try {
      await Promise.all(SIGNALS.map((signal) => this.#keepers[signal].hold(reopened)));
      for (const signal of SIGNALS) await this.#keepers[signal].files.abandon();
      this.#instance.closeSync();
      this.#instance = await openDatabase(this.#options);
      for (const signal of SIGNALS) {
        const files = await openFiles(this.#instance, signal, this.#options, this.#archives);
        this.#keepers[signal].replace(files);
      }
    } finally {
      resolve();
    }
  }

  /** Why the last flush of a signal failed; "" when it did not. */
  fault(signal: RecordSignal): string {
    return this.#keepers[signal].fault;
  }

  /** Answers a question. */
  async ask<Name extends keyof RecordQuestions>(
    name: Name,
    question: RecordQuestions[Name],
    signal: AbortSignal,
  ): Promise<unknown> {
    const [of] = name.split(".") as [RecordSignal];
    const keeper = this.#keepers[of];
    const range = "range" in question ? question.range : ALWAYS;
    const work = (sources: readonly RecordSource[]): Promise<unknown> =>
      this.#slots.run(this.#instance, signal, (ask) => this.#answer(name, question, sources, ask));
    // A question without a range would bring the whole archive.
    return await keeper.ask(range, work, range === ALWAYS ? undefined : range);
  }

  async #answer(
    name: keyof RecordQuestions,
    question: RecordQuestions[keyof RecordQuestions],
    sources: readonly RecordSource[],
    ask: Ask,
  ): Promise<unknown> {
    switch (name) {
      case "spans.trace": {
        const trace = question as RecordQuestions["spans.trace"];
        return await askTrace(sources, ask, this.#windowRows, trace);
      }
      case "spans.search": {
        const everywhere = (work: readonly RecordSource[]) =>
          askSearch(sources, work, ask, question as SpanQuestion);
        // The rest of a trace is within the hour, or near.
        const bring = around((question as SpanQuestion).range, HOUR_MS);
        return await this.#keepers.spans.files.ask(ALWAYS, everywhere, bring);
      }
      case "spans.spans":
        return await askSpans(sources, ask, question as SpanQuestion);
      case "spans.operations": {
        const { service, range, limit } = question as RecordQuestions["spans.operations"];
        return await askOperations(sources, ask, service, range, limit);
      }
      case "spans.calls": {
        const { range, limit } = question as RecordQuestions["spans.calls"];
        return await askCalls(sources, ask, range, limit);
      }
      case "spans.activity": {
        const { range, limit } = question as RecordQuestions["spans.activity"];
        return await askActivity(sources, ask, range, limit);
      }
      case "spans.services":
      case "logs.services":
        return await askServices(
          sources,
          ask,
          (question as RecordQuestions["logs.services"]).limit,
        );
      case "logs.search":
        return await askLogs(sources, ask, question as LogQuestion);
      default:
        throw new FlxError("FLX_STORE_QUESTION", `there is no question ${String(name)}`);
    }
  }

  /** Position of the newest log record. */
  async lastLogPosition(): Promise<number> {
    await this.#keepers.logs.flush().catch(() => undefined);
    return this.#keepers.logs.next - 1;
  }

  statistics(signal: RecordSignal): Promise<unknown> {
    return this.#keepers[signal].statistics();
  }

  /** Everything that was taken is in the files when it resolves. */
  async flush(signal: RecordSignal): Promise<void> {
    await this.#keepers[signal].flush();
  }

  /** Closes the window that is open. */
  async closeWindow(signal: RecordSignal): Promise<void> {
    await this.#keepers[signal].rotate();
  }

  /** Closes the window that is open, and gives all of them a second name in a folder. */
  async freeze(signal: RecordSignal, folder: string): Promise<void> {
    await this.#keepers[signal].freeze(folder);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#reopening;
    for (const signal of SIGNALS) await this.#keepers[signal].close();
    this.#instance.closeSync();
  }
}

function around({ startMs, endMs }: RecordRange, byMs: number): RecordRange {
  return { startMs: startMs - byMs, endMs: endMs + byMs };
}

async function openDatabase(options: KeeperOptions): Promise<DuckDBInstance> {
  return await DuckDBInstance.create(":memory:", {
    threads: String(options.threads),
    memory_limit: `${Math.max(64, Math.floor(options.memoryBytes / 1024 / 1024))}MiB`,
    temp_directory: join(options.folder, "spill.draft"),
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    preserve_insertion_order: "false",
  });
}

async function openFiles(
  instance: DuckDBInstance,
  signal: RecordSignal,
  options: KeeperOptions,
  archives: Archives,
): Promise<RecordFiles> {
  const folder = join(options.folder, signal);
  const keep = options.keep[signal];
  const archive = archives[signal];
  return await RecordFiles.open(instance, TABLES[signal], folder, keep, Date.now, archive);
}
