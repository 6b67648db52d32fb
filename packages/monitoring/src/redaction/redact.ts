// Takes secrets out of texts and values before anybody is shown them.
//
//   redact("connect postgres://app:hunter2@db failed")   connect postgres://[redacted]@db failed
//   redactValue({ user: "app", password: "hunter2" })    { user: "app", password: "[redacted]" }
//
// It knows the shapes and names that secrets usually have (secret-shapes.ts), and those it is told of. It cannot know a
// password that stands alone in a sentence: a check that has one gives it to `new Redactor({ secrets: [password] })`.
//
// Bounded in every dimension: a text is read up to MAX_INPUT characters, a value to a depth and a number of fields.
// What a value has that can fail (a getter that throws, a proxy, a cycle) becomes a word.

import { FlxError } from "@flx/model/errors";
import { REDACTED, SECRET_NAME, SECRET_SHAPES } from "./secret-shapes.ts";
import { redactAddresses } from "./url-credentials.ts";

/** No more of a text is read. */
const MAX_INPUT = 16_384;

/** A secret that is shorter would take half of the words away. */
const MIN_SECRET = 4;

/** How much of a text or value is kept. */
export interface RedactionLimits {
  /** Characters of a text (default 1,024). */
  readonly maxLength?: number;
  /** Levels of a value (default 4). */
  readonly maxDepth?: number;
  /** Fields or elements of one level (default 50). */
  readonly maxFields?: number;
}

/** What a redactor knows beside the usual. */
export interface RedactorOptions extends RedactionLimits {
  /** Secrets as they are: passwords, keys. At least 4 characters each. */
  readonly secrets?: readonly string[];
  /** Further names whose value is a secret, in any case. */
  readonly names?: readonly string[];
}

/** Takes secrets out of texts and values. */
export class Redactor {
  readonly #secrets: readonly string[];
  readonly #names: ReadonlySet<string>;
  readonly #maxLength: number;
  readonly #maxDepth: number;
  readonly #maxFields: number;

  /** @throws {FlxError} `FLX_REDACTION_SECRET` when a secret is shorter than 4 characters */
  constructor(options: RedactorOptions = {}) {
    const { secrets = [], names = [] } = options;
    if (secrets.some((secret) => secret.length < MIN_SECRET)) {
      throw new FlxError(
        "FLX_REDACTION_SECRET",
        `a secret to be redacted needs at least ${MIN_SECRET} characters: a shorter one is part of too many words`,
      );
    }
    // The longest first: one secret may begin with another.
    this.#secrets = secrets.toSorted((a, b) => b.length - a.length);
    this.#names = new Set(names.map((name) => name.toLowerCase()));
    this.#maxLength = options.maxLength ?? 1_024;
    this.#maxDepth = options.maxDepth ?? 4;
    this.#maxFields = options.maxFields ?? 50;
  }

  /** The text without secrets, shortened to `maxLength`. Never throws. */
  text(text: string): string {
    let rest = cut(text);
    for (const secret of this.#secrets) rest = rest.replaceAll(secret, REDACTED);
    rest = redactAddresses(rest);
    for (const { pattern, replacement } of SECRET_SHAPES) rest = rest.replace(pattern, replacement);
    return rest.length <= this.#maxLength ? rest : `${rest.slice(0, this.#maxLength - 1)}…`;
  }

  /** A copy of plain data without secrets: what JSON has, and no more. Never throws. */
  value(value: unknown): unknown {
    return this.#value(value, 0);
  }

  #value(value: unknown, depth: number): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
    if (typeof value === "bigint") return String(value);
    if (typeof value === "boolean") return value;
    return typeof value === "object" && value !== null ? this.#object(value, depth) : null;
  }

  #object(value: object, depth: number): unknown {
    if (depth >= this.#maxDepth) return Array.isArray(value) ? "[array]" : "[object]";
    try {
      if (value instanceof Error) return this.#value(value.message, depth + 1);
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
      if (Array.isArray(value)) {
        return value.slice(0, this.#maxFields).map((each) => this.#value(each, depth + 1));
      }
      const keys = Object.keys(value).slice(0, this.#maxFields);
      return Object.fromEntries(
        keys.map((key) => [this.text(key), this.#field(value, key, depth)]),
      );
    } catch {
      return "[unreadable]";
    }
  }

  #field(owner: object, key: string, depth: number): unknown {
    if (SECRET_NAME.test(key.slice(-128)) || this.#names.has(key.toLowerCase())) return REDACTED;
    try {
      return this.#value((owner as Record<string, unknown>)[key], depth + 1);
    } catch {
      return "[unreadable]";
    }
  }
}

/** The beginning of a long text, without the word in which the cut falls: half a secret has no shape any more. */
function cut(text: string): string {
  if (text.length <= MAX_INPUT) return text;
  const start = text.slice(0, MAX_INPUT);
  const blank = start.search(/\s\S*$/);
  return `${blank < 0 ? "" : start.slice(0, blank)} …`;
}

const usual = new Redactor();

/**
 * The text without secrets of the usual shapes and names, shortened to 1,024 characters. Never throws.
 *
 * @example redact("postgres://app:hunter2@db refused") // "postgres://[redacted]@db refused"
 */
export function redact(text: string): string {
  return usual.text(text);
}

/**
 * A copy of plain data without secrets of the usual shapes and names. Never throws.
 *
 * @example redactValue({ user: "app", password: "hunter2" }) // { user: "app", password: "[redacted]" }
 */
export function redactValue(value: unknown): unknown {
  return usual.value(value);
}
