// Makes a report of whatever was thrown.
//
//   thrown ─► secrets learned ─► type, message, fields ─┐
//          └► stack ─► frames ─► places, code, locals ──┼─► FullReport ─► terminal, JSON, HTML, log record
//          └► cause, errors: the same, bounded ─────────┘
//
// It never throws and its work is bounded, whatever it is given: at most MAX_ERRORS errors in all, 8 causes deep, texts cut.

import {
  fingerprint,
  type FingerprintInput,
  type FingerprintRule,
} from "../fingerprint/fingerprint.ts";
import type { NormalFrame } from "../fingerprint/normalize-frame.ts";
import type { Redactor } from "../../redaction/redact.ts";
import { pathBelow } from "../../redaction/secret-paths.ts";
import { REDACTED } from "../../redaction/secret-shapes.ts";
import type { StackFrame } from "../stack/parse-stack.ts";
import { type CapturedLocals, matchCaptured } from "./captured-frames.ts";
import { CodeFrames, maskedFrame } from "./code-frame.ts";
import { cut, DESCRIBE_LIMITS, describeValue } from "./describe-value.ts";
import { isErrorLike, isObject, readProperty, readText, typeOfThrown } from "./hostile.ts";
import { KnownFrames, type PlacedFrame, type PlacedStack } from "./known-frames.ts";
import { learnSecrets } from "./learn-secrets.ts";
import type {
  Breadcrumb,
  ErrorReport,
  FrameEntry,
  FullReport,
  PlainFields,
  ReportField,
} from "./report.ts";
import { SecretFilter } from "./secret-filter.ts";
import { type ReadText, SourceFiles } from "./source-files.ts";
import {
  classInSource,
  frameEntries,
  type FrameSettings,
  NO_STACK,
  placedStack,
} from "./stack-frames.ts";

/** Variables that were captured when an error was thrown. */
export type LocalsOf = (error: object) => CapturedLocals | undefined;

/** What reports are made with. */
export interface ReportSettings extends FrameSettings {
  readonly redactor: Redactor;
  readonly rules: readonly FingerprintRule[];
  readonly localsOf: LocalsOf;
}

/** What is known beside the error. */
export interface Occurrence {
  readonly errorId: string;
  readonly timeMs: number;
  readonly traceId?: string | undefined;
  readonly spanId?: string | undefined;
  readonly breadcrumbs?:
    | readonly { readonly message: string; readonly fields: object }[]
    | undefined;
  /** Fields of the work around it; later ones win. */
  readonly fields?: readonly object[] | undefined;
}

/** The least that is said of an error. */
export interface BriefReport {
  readonly message: string;
  readonly fingerprint: string;
  readonly stack: PlacedStack;
}

const MAX_CAUSES = 8;
const MAX_IN_AGGREGATE = 5;
const MAX_ERRORS = 24;
const MAX_PROPERTIES = 24;
const MAX_MESSAGE = 4_096;
const MAX_NOTES = 8;
const MAX_CRUMBS = 16;
const MAX_PLAIN = 1_024;

/** Properties that have a place of their own in a report, or say nothing. */
const KNOWN = new Set(
  "name message stack cause errors code help hint docs url notes note fix link domain domainEmitter domainThrown".split(
    " ",
  ),
);

/** Makes reports; keeps files and code between them. */
export class ReportBuilder {
  readonly #sources: SourceFiles;
  readonly #codes = new CodeFrames();
  readonly #known: KnownFrames;

  /** @param read reads files; default: from the disk */
  constructor(read?: ReadText) {
    this.#sources = new SourceFiles(read);
    this.#known = new KnownFrames(this.#sources);
  }

  /** Only the fingerprint, the message and the stack that the report of a thrown value would have. Never throws. */
  brief(thrown: unknown, settings: ReportSettings): BriefReport {
    this.#known.begin(settings);
    const filter = new SecretFilter(settings.redactor);
    const work = new Work(this.#sources, this.#codes, this.#known, settings, filter);
    work.learn(thrown);
    const input = work.input(thrown, 0);
    return {
      message: input.message ?? "",
      fingerprint: fingerprint(input, { rules: settings.rules }),
      stack: work.stack,
    };
  }

  /** The report of a thrown value. Never throws. */
  build(thrown: unknown, settings: ReportSettings, occurrence: Occurrence): FullReport {
    const filter = new SecretFilter(settings.redactor);
    this.#known.begin(settings);
    const work = new Work(this.#sources, this.#codes, this.#known, settings, filter);
    work.learn(thrown);
    const { breadcrumbs = [], fields = [] } = occurrence;
    for (const each of breadcrumbs) learnSecrets(each.fields, filter);
    for (const each of fields) learnSecrets(each, filter);
    const built = work.error(thrown, 0);
    return {
      ...built.report,
      fingerprint: fingerprint(built.input, { rules: settings.rules }),
      errorId: occurrence.errorId,
      timeMs: occurrence.timeMs,
      traceId: occurrence.traceId,
      spanId: occurrence.spanId,
      breadcrumbs: breadcrumbs.slice(-MAX_CRUMBS).map((crumb): Breadcrumb => ({
        message: filter.text(cut(crumb.message, 512)),
        fields: fieldsOf(crumb.fields, filter),
      })),
      fields: fields.length === 0 ? {} : plainFields(fields, filter),
    };
  }
}

interface Built {
  readonly report: ErrorReport;
  readonly input: FingerprintInput;
}

class Work {
  readonly #sources: SourceFiles;
  readonly #codes: CodeFrames;
  readonly #known: KnownFrames;
  readonly #settings: ReportSettings;
  readonly #filter: SecretFilter;
  readonly #seen = new Set<unknown>();
  readonly #problemsTold = new Set<string>();
  /** Of the outermost error, once `input` was made. */
  stack: PlacedStack = NO_STACK;

  constructor(
    sources: SourceFiles,
    codes: CodeFrames,
    known: KnownFrames,
    settings: ReportSettings,
    filter: SecretFilter,
  ) {
    this.#sources = sources;
    this.#codes = codes;
    this.#known = known;
    this.#settings = settings;
    this.#filter = filter;
  }

  /** Secrets may stand in any error of a chain, and be told by the message of another. */
  learn(thrown: unknown): void {
    learnSecrets(thrown, this.#filter);
    let error = thrown;
    for (let depth = 0; depth <= MAX_CAUSES && isObject(error); depth++) {
      for (const secret of this.#settings.localsOf(error)?.secrets ?? []) {
        this.#filter.learn(secret);
      }
      error = readProperty(error, "cause");
    }
  }

  /** @param around frames of the error that this one is the cause of */
  error(thrown: unknown, depth: number, around: readonly PlacedFrame[] = []): Built {
    if (!isObject(thrown)) return this.#value(thrown);
    if (this.#seen.has(thrown)) return this.#repeated(thrown);
    if (this.#seen.size >= MAX_ERRORS) return this.#repeated(thrown);
    this.#seen.add(thrown);
    return this.#object(thrown, depth, around);
  }

  /** What a fingerprint is made of, as `error` has it. */
  input(thrown: unknown, depth: number): FingerprintInput {
    if (!isObject(thrown)) return this.#value(thrown).input;
    if (this.#seen.has(thrown) || this.#seen.size >= MAX_ERRORS) {
      return { type: typeOfThrown(thrown) };
    }
    this.#seen.add(thrown);
    const stack = this.#stackOf(thrown);
    if (depth === 0) this.stack = stack;
    const inside = (each: unknown): FingerprintInput => this.input(each, depth + 1);
    const cause = this.#causeOf(thrown, depth);
    return this.#input(
      this.#typeOf(thrown, stack.placed),
      this.#message(thrown),
      stack.normals,
      cause === undefined ? undefined : inside(cause),
      this.#errorsOf(thrown, depth).some.map(inside),
    );
  }

  #value(thrown: unknown): Built {
    const type = typeOfThrown(thrown);
    const raw = typeof thrown === "string" ? cut(thrown, MAX_MESSAGE) : undefined;
    const message =
      raw === undefined ? describeValue(thrown, this.#filter) : this.#filter.text(raw);
    return { report: { ...EMPTY, type, message, isError: false }, input: { type, message } };
  }

  #repeated(thrown: object): Built {
    const type = typeOfThrown(thrown);
    const message = this.#message(thrown);
    return {
      report: { ...EMPTY, type, message, isError: true, isRepeated: true },
      input: { type },
    };
  }

  #object(thrown: object, depth: number, around: readonly PlacedFrame[]): Built {
    const isError = isErrorLike(thrown);
    const { frames, placed, normals } = this.#stackOf(thrown);
    const type = this.#typeOf(thrown, placed);
    const cause = this.#cause(thrown, depth, placed);
    const errors = this.#errors(thrown, depth, placed);
    const message = this.#message(thrown);
    const report: ErrorReport = {
      type,
      message,
      isError,
      code: this.#code(thrown),
      help: this.#said(thrown, ["help", "hint", "fix"]),
      docs: this.#said(thrown, ["docs", "url", "link"]),
      notes: [...this.#notes(thrown), ...this.#problems(placed)],
      properties: isError ? this.#properties(thrown) : [],
      frames: this.#frames(thrown, frames, placed, around),
      cause: cause?.report,
      errors: errors.built.map((each) => each.report),
      moreErrors: errors.more,
      isRepeated: false,
    };
    const inputs = errors.built.map(({ input }) => input);
    return { report, input: this.#input(type, message, normals, cause?.input, inputs) };
  }

  #typeOf(thrown: object, placed: readonly PlacedFrame[]): string {
    const type = typeOfThrown(thrown);
    const isMade = /^[\w$]{1,2}$/.test(type) && readText(thrown, "name") !== type;
    return this.#filter.text((isMade ? classInSource(placed) : undefined) ?? type);
  }

  #stackOf(thrown: object): PlacedStack {
    return placedStack(thrown, this.#sources, this.#settings.suppress, this.#known);
  }

  #frames(
    thrown: object,
    frames: readonly StackFrame[],
    placed: readonly PlacedFrame[],
    around: readonly PlacedFrame[],
  ): readonly FrameEntry[] {
    const captured = this.#settings.localsOf(thrown);
    const locals = captured === undefined ? undefined : matchCaptured(frames, captured.frames);
    const shared = sharedFrames(placed, around);
    const own = shared === 0 ? placed : placed.slice(0, -shared);
    const entries = frameEntries(own, this.#settings, this.#codes, this.#known, (i) =>
      locals?.get(i),
    );
    const all: readonly FrameEntry[] =
      shared === 0 ? entries : [...entries, { kind: "folded", count: shared, reason: "above" }];
    return this.#filter.knowsAny ? all.map((entry) => this.#masked(entry)) : all;
  }

  #masked(entry: FrameEntry): FrameEntry {
    if (entry.kind === "folded") return entry;
    const { code, locals } = entry;
    const masked = code === undefined ? undefined : maskedFrame(code, this.#filter.knows);
    if (masked === code && locals === undefined) return entry;
    return { ...entry, code: masked, locals: locals?.map((each) => this.#withoutLearned(each)) };
  }

  #withoutLearned({ name, value }: ReportField): ReportField {
    return { name, value: this.#filter.withoutLearned(value) };
  }

  #input(
    type: string,
    message: string,
    frames: readonly NormalFrame[],
    cause: FingerprintInput | undefined,
    errors: readonly FingerprintInput[],
  ): FingerprintInput {
    return { type, message, frames, cause, errors };
  }

  #message(thrown: object): string {
    const text = readText(thrown, "message");
    if (text === undefined) return describeValue(thrown, this.#filter);
    return this.#filter.text(cut(text, MAX_MESSAGE));
  }

  #code(thrown: object): string | undefined {
    const code = readProperty(thrown, "code");
    if (typeof code === "number") return String(code);
    return typeof code === "string" && code !== "" ? this.#filter.text(cut(code, 128)) : undefined;
  }

  #said(thrown: object, names: readonly string[]): string | undefined {
    for (const name of names) {
      const text = readText(thrown, name);
      if (text !== undefined && text !== "") return this.#filter.text(cut(text, 1_024));
    }
    return undefined;
  }

  #notes(thrown: object): readonly string[] {
    const notes = readProperty(thrown, "notes") ?? readProperty(thrown, "note");
    const list: readonly unknown[] = Array.isArray(notes) ? notes.slice(0, MAX_NOTES) : [notes];
    return list
      .filter((each): each is string => typeof each === "string" && each !== "")
      .map((each) => this.#filter.text(cut(each, 1_024)));
  }

  /** What is wrong with the files of own frames; each once. */
  #problems(placed: readonly PlacedFrame[]): readonly string[] {
    const told: string[] = [];
    for (const { owner, place } of placed) {
      if (owner !== "own" || place?.problem === undefined) continue;
      if (this.#problemsTold.has(place.problem)) continue;
      this.#problemsTold.add(place.problem);
      told.push(this.#filter.text(cut(place.problem, 1_024)));
    }
    return told;
  }

  #properties(thrown: object): readonly ReportField[] {
    return fieldsOf(thrown, this.#filter, KNOWN);
  }

  #cause(thrown: object, depth: number, around: readonly PlacedFrame[]): Built | undefined {
    const cause = this.#causeOf(thrown, depth);
    return cause === undefined ? undefined : this.error(cause, depth + 1, around);
  }

  #causeOf(thrown: object, depth: number): unknown {
    if (depth >= MAX_CAUSES) return undefined;
    // A `cause` of what is no error is a field like another.
    return isErrorLike(thrown) ? (readProperty(thrown, "cause") ?? undefined) : undefined;
  }

  #errors(
    thrown: object,
    depth: number,
    around: readonly PlacedFrame[],
  ): { built: readonly Built[]; more: number } {
    const { some, more } = this.#errorsOf(thrown, depth);
    return { built: some.map((each) => this.error(each, depth + 1, around)), more };
  }

  #errorsOf(thrown: object, depth: number): { some: readonly unknown[]; more: number } {
    const errors = isErrorLike(thrown) ? readProperty(thrown, "errors") : undefined;
    if (!Array.isArray(errors) || depth >= MAX_CAUSES) return { some: [], more: 0 };
    return {
      some: errors.slice(0, MAX_IN_AGGREGATE).filter((each) => isErrorLike(each)),
      more: Math.max(0, errors.length - MAX_IN_AGGREGATE),
    };
  }
}

/**
 * How many of the outermost frames stand in the error around it, too; a single one is shown. Of both the outermost may be
 * missing: V8 keeps so many of the innermost, and the error around it was made further out.
 */
function sharedFrames(placed: readonly PlacedFrame[], around: readonly PlacedFrame[]): number {
  for (let end = around.length; end > 0; end--) {
    let count = 0;
    while (count < placed.length - 1 && count < end) {
      const { frame: x } = placed[placed.length - 1 - count]!;
      const { frame: y } = around[end - 1 - count]!;
      if (x.file !== y.file || x.line !== y.line || x.column !== y.column) break;
      count++;
    }
    if (count > 1) return count;
  }
  return 0;
}

const EMPTY: Omit<ErrorReport, "type" | "message" | "isError"> = {
  code: undefined,
  help: undefined,
  docs: undefined,
  notes: [],
  properties: [],
  frames: [],
  cause: undefined,
  errors: [],
  moreErrors: 0,
  isRepeated: false,
};

/** The own properties of objects for a line of a log: what has no parts as it is. Never throws; getters are not called. */
function plainFields(owners: readonly object[], filter: SecretFilter): PlainFields {
  const plain: [string, string | number | boolean][] = [];
  for (const owner of owners) {
    for (const field of fieldsOf(owner, filter)) {
      plain.push([field.name, plainValue(owner, field, filter)]);
    }
  }
  return Object.fromEntries(plain);
}

function plainValue(
  owner: object,
  { name, value: shown }: ReportField,
  filter: SecretFilter,
): string | number | boolean {
  if (shown === REDACTED) return shown;
  const value: unknown = Object.getOwnPropertyDescriptor(owner, name)?.value;
  if (typeof value === "string") return filter.text(cut(value, MAX_PLAIN));
  const isPlain = typeof value === "number" ? Number.isFinite(value) : typeof value === "boolean";
  // A number may be that of a card.
  return isPlain && String(value) === shown ? (value as number | boolean) : shown;
}

/** The own properties of an object as lines. Never throws; getters are not called. */
function fieldsOf(
  owner: object,
  filter: SecretFilter,
  without: ReadonlySet<string> = new Set(),
): readonly ReportField[] {
  const fields: ReportField[] = [];
  try {
    for (const name of Object.keys(owner)) {
      if (without.has(name)) continue;
      if (fields.length >= MAX_PROPERTIES) break;
      fields.push(fieldOf(owner, name, filter));
    }
  } catch {
    // A proxy that does not tell its keys.
  }
  return fields;
}

function fieldOf(owner: object, name: string, filter: SecretFilter): ReportField {
  const shown = filter.text(cut(name, 128));
  const paths = pathBelow(filter.rules.paths, name);
  if (paths?.isEnd === true || filter.rules.isSecretName(name)) {
    return { name: shown, value: REDACTED };
  }
  const property = Object.getOwnPropertyDescriptor(owner, name);
  const isGetter = property?.get !== undefined || property?.set !== undefined;
  return {
    name: shown,
    value: isGetter ? "[getter]" : describeValue(property?.value, filter, DESCRIBE_LIMITS, paths),
  };
}
