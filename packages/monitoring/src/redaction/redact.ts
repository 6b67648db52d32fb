// Takes secrets out of texts and values before anybody is shown them.
//
//   redact("connect postgres://app:hunter2@db failed")   connect postgres://[redacted]@db failed
//   redactValue({ user: "app", password: "hunter2" })    { user: "app", password: "[redacted]" }
//
// It knows the shapes and names that secrets usually have (secret-shapes.ts, secret-names.ts), and what the rules say
// (redaction-rules.ts). It cannot know a password that stands alone in a sentence, unless the rules tell it.
//
// Bounded in every dimension: a text is read up to MAX_INPUT characters, a value to a depth and a number of fields.
// What a value has that can fail (a getter that throws, a proxy, a cycle) becomes a word.

import { redactCards } from "./card-numbers.ts";
import { processRedaction, type RedactionRules } from "./redaction-rules.ts";
import { pathBelow, type SecretPath } from "./secret-paths.ts";
import { REDACTED, SECRET_SHAPES } from "./secret-shapes.ts";
import { redactAddresses } from "./url-credentials.ts";

/** No more of a text is read. */
const MAX_INPUT = 16_384;

/** How much of a text or value is kept. */
export interface RedactionLimits {
  /** Characters of a text (default 1,024). */
  readonly maxLength?: number;
  /** Levels of a value (default 4). */
  readonly maxDepth?: number;
  /** Fields or elements of one level (default 50). */
  readonly maxFields?: number;
}

/** How a redactor is made. */
export interface RedactorOptions extends RedactionLimits {
  /** Default: those of the process, as they are at the time. */
  readonly rules?: RedactionRules | undefined;
}

/** Takes secrets out of texts and values. */
export class Redactor {
  readonly #rules: RedactionRules | undefined;
  readonly #maxLength: number;
  readonly #maxDepth: number;
  readonly #maxFields: number;

  constructor(options: RedactorOptions = {}) {
    this.#rules = options.rules;
    this.#maxLength = options.maxLength ?? 1_024;
    this.#maxDepth = options.maxDepth ?? 4;
    this.#maxFields = options.maxFields ?? 50;
  }

  /** What is a secret for this one. */
  get rules(): RedactionRules {
    return this.#rules ?? processRedaction();
  }

  /** The text without secrets, shortened to `maxLength`. Never throws. */
  text(text: string): string {
    let rest = redactAddresses(this.rules.withoutTold(cut(text)));
    for (const { pattern, replacement } of SECRET_SHAPES) rest = rest.replace(pattern, replacement);
    rest = redactCards(rest);
    return rest.length <= this.#maxLength ? rest : `${rest.slice(0, this.#maxLength - 1)}…`;
  }

  /** A copy of plain data without secrets: what JSON has, and no more. Never throws. */
  value(value: unknown): unknown {
    return this.#value(value, 0, this.rules.paths);
  }

  #value(value: unknown, depth: number, paths: SecretPath | undefined): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value === "number" || typeof value === "bigint") return this.#number(value);
    if (typeof value === "boolean") return value;
    return typeof value === "object" && value !== null ? this.#object(value, depth, paths) : null;
  }

  #number(value: number | bigint): unknown {
    if (this.rules.knows(String(value))) return REDACTED;
    return typeof value === "number" && Number.isFinite(value) ? value : String(value);
  }

  #object(value: object, depth: number, paths: SecretPath | undefined): unknown {
    if (depth >= this.#maxDepth) return Array.isArray(value) ? "[array]" : "[object]";
    try {
      if (value instanceof Error) return this.text(value.message);
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
      if (Array.isArray(value)) {
        return value
          .slice(0, this.#maxFields)
          .map((_each, at) => this.#field(value, String(at), depth, paths));
      }
      const keys = Object.keys(value).slice(0, this.#maxFields);
      return Object.fromEntries(
        keys.map((key) => [this.text(key), this.#field(value, key, depth, paths)]),
      );
    } catch {
      return "[unreadable]";
    }
  }

  #field(owner: object, key: string, depth: number, paths: SecretPath | undefined): unknown {
    const below = pathBelow(paths, key);
    if (below?.isEnd === true || this.rules.isSecretName(key)) return REDACTED;
    try {
      return this.#value((owner as Record<string, unknown>)[key], depth + 1, below);
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
