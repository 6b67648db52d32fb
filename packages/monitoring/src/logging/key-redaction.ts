// Takes secrets out of what is logged, by the rules of the process (redaction/redaction-rules.ts).
//
//   names               password, authorization, anything that ends like them (dbPassword)      at any depth
//   paths               "user.email", "headers.*", "*.card"                                     exactly there
//   secrets, patterns   in texts and numbers, where the rules tell of some
//
// Texts are not searched for the usual shapes of secrets, as those of errors and health are: that takes 3 µs a text, more than
// a line altogether.
//
// A line without secrets is passed on as it is: nothing is copied until something is found. Whether a name is a secret's
// is decided once for each name. Depth, number of keys and length of texts are bounded, and so is all of it together (a
// socket leads to half of the process); what is beyond is not looked at and not logged. A property that throws when it
// is read says so on the line, and no more: logging never throws.
//
//   Error            its type, message, stack, causes (error-fields.ts), wherever it stands
//   toJSON()         what it gives, secrets taken out of that too: a record of a database turns itself into an object
//   bytes            how many; nobody reads megabytes of numbers

import {
  ownRedaction,
  processRedaction,
  type RedactionRules,
  type RedactionSettings,
} from "../redaction/redaction-rules.ts";
import { pathBelow, type SecretPath } from "../redaction/secret-paths.ts";
import { REDACTED } from "../redaction/secret-shapes.ts";
import { errorFields } from "./error-fields.ts";

const MAX_DEPTH = 8;
const MAX_KEYS = 1_000;
const MAX_TEXT = 32_768;
/** Of one line: values that are looked at, and characters of all its texts. */
const MAX_VALUES = 10_000;
const MAX_CHARACTERS = 131_072;

const UNREADABLE = "[unreadable]";

/** Redacts objects. */
export class KeyRedaction {
  readonly #own: RedactionRules | undefined;
  #rules: RedactionRules;
  #values = 0;
  #characters = 0;

  /**
   * @param settings rules beside those of the process; without them it follows the process
   * @throws {FlxError} as `RedactionRules`
   */
  constructor(settings?: RedactionSettings) {
    this.#own = ownRedaction(settings);
    this.#rules = this.rules;
  }

  /** What is a secret now. */
  get rules(): RedactionRules {
    return this.#own ?? processRedaction();
  }

  /** The object, or a copy without its secrets. Never throws. */
  apply<Value extends object>(object: Value): Value {
    this.#values = 0;
    this.#characters = 0;
    this.#rules = this.rules;
    try {
      return this.#object(object, 0, this.#rules.paths) as Value;
    } catch {
      // A proxy that does not tell its keys, for example.
      return { fields: UNREADABLE } as unknown as Value;
    }
  }

  #object(object: object, depth: number, paths: SecretPath | undefined): object {
    let copy: Record<string, unknown> | unknown[] | undefined;
    let count = 0;
    for (const key in object) {
      if (++count > MAX_KEYS || ++this.#values > MAX_VALUES) {
        return cut(copy ?? readableCopy(object, count - 1), count - 1);
      }
      const value = readProperty(object, key);
      const clean = this.#value(key, value, depth, pathBelow(paths, key));
      if (clean === value && value !== UNREADABLE) continue;
      copy ??= readableCopy(object, MAX_KEYS);
      (copy as Record<string, unknown>)[key] = clean;
    }
    return copy ?? object;
  }

  #value(key: string, value: unknown, depth: number, paths: SecretPath | undefined): unknown {
    if (value === undefined || value === null) return value;
    if (paths?.isEnd === true || this.#rules.isSecretName(key)) return REDACTED;
    if (typeof value === "string") return this.#text(value);
    if (typeof value !== "object") return this.#rules.isTold ? this.#plain(value) : value;
    if (value instanceof Date) return value;
    if (value instanceof Error) return errorFields(value, this.#rules);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    const toJson = readProperty(value, "toJSON");
    if (typeof toJson === "function") return this.#turned(key, value, toJson, depth, paths);
    return depth >= MAX_DEPTH ? "[too deep]" : this.#object(value, depth + 1, paths);
  }

  #text(text: string): string {
    this.#characters += Math.min(text.length, MAX_TEXT);
    if (this.#characters > MAX_CHARACTERS) return `[${text.length} characters]`;
    return this.#rules.withoutTold(text.length <= MAX_TEXT ? text : cutText(text));
  }

  /** Numbers may be what a pattern looks for. */
  #plain(value: unknown): unknown {
    const isNumber = typeof value === "number" || typeof value === "bigint";
    return isNumber && this.#rules.knows(String(value)) ? REDACTED : value;
  }

  /** What an object turns itself into. */
  #turned(
    key: string,
    value: object,
    toJson: object,
    depth: number,
    paths: SecretPath | undefined,
  ): unknown {
    let turned: unknown;
    try {
      turned = Reflect.apply(toJson as (key: string) => unknown, value, [key]);
    } catch {
      return UNREADABLE;
    }
    if (typeof turned === "string") return this.#text(turned);
    if (typeof turned !== "object" || turned === null) return turned;
    return depth >= MAX_DEPTH ? "[too deep]" : this.#object(turned, depth + 1, paths);
  }
}

function readProperty(object: object, key: string): unknown {
  try {
    return (object as Record<string, unknown>)[key];
  } catch {
    return UNREADABLE;
  }
}

/** A copy of what can be read, up to a number of keys. */
function readableCopy(object: object, keys: number): Record<string, unknown> | unknown[] {
  const copy: Record<string, unknown> | unknown[] = Array.isArray(object) ? [] : {};
  let count = 0;
  for (const key in object) {
    if (++count > keys) break;
    // It would be asked again, and give what was taken out.
    if (key === "toJSON") continue;
    // As an own property, whatever its name: "__proto__" would set the prototype.
    Object.defineProperty(copy, key, {
      value: readProperty(object, key),
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  return copy;
}

function cut(copy: Record<string, unknown> | unknown[], keys: number): object {
  if (Array.isArray(copy)) return [...copy.slice(0, keys), "[more left out]"];
  return { ...Object.fromEntries(Object.entries(copy).slice(0, keys)), more: "[left out]" };
}

/** The beginning of a text, and how much is missing. */
export function cutText(text: string): string {
  const kept = text.slice(0, MAX_TEXT).toWellFormed();
  return `${kept}[${text.length - MAX_TEXT} more characters]`;
}

/** The longest text that is logged whole. */
export const LONGEST_TEXT: number = MAX_TEXT;
