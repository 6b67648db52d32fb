// Takes secrets out of what is logged, by the names of their keys and by paths.
//
//   names   password, authorization, anything that ends like them (dbPassword)      at any depth
//   paths   "user.email", "headers.*", "*.card"                                     exactly there
//
// A line without secrets is passed on as it is: nothing is copied until something is found. Whether a name is a secret's
// is decided once for each name. Depth, number of keys and length of texts are bounded, and so is all of it together (a
// socket leads to half of the process); what is beyond is not looked at and not logged. A property that throws when it
// is read says so on the line, and no more: logging never throws.
//
//   Error            its type, message, stack, causes (error-fields.ts), wherever it stands
//   toJSON()         what it gives, secrets taken out of that too: a record of a database turns itself into an object
//   bytes            how many; nobody reads megabytes of numbers

import { errorFields } from "./error-fields.ts";

/** What stands where a secret was. */
export const REDACTED = "[redacted]";

const SECRET_NAME =
  /^(?:authorization|cookie|set-cookie|proxy-authorization|x-api-key)$|(?:^|[a-z0-9_.-])?(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key|credentials?|session[_-]?id|connection[_-]?string)s?$/i;

/** Names that end like a secret's and are none. */
const HARMLESS =
  /^(?:next|page|csrf)?[_-]?tokens?[_-]?(?:count|type|limit)$|^(?:max|min|input|output|total|prompt|completion)[_-]?tokens$/i;

const MAX_DEPTH = 8;
const MAX_KEYS = 1_000;
const MAX_KNOWN_NAMES = 10_000;
const MAX_TEXT = 32_768;
/** Of one line: values that are looked at, and characters of all its texts. */
const MAX_VALUES = 10_000;
const MAX_CHARACTERS = 131_072;

const UNREADABLE = "[unreadable]";

/** What is redacted beside the usual. */
export interface KeyRedactionSettings {
  /** Further names, in any case. */
  readonly keys?: readonly string[] | undefined;
  /** Dotted paths; `*` stands for one name. */
  readonly paths?: readonly string[] | undefined;
}

interface PathNode {
  readonly children: Map<string, PathNode>;
  isEnd: boolean;
}

/** Redacts objects. */
export class KeyRedaction {
  readonly #known = new Map<string, boolean>();
  readonly #keys: ReadonlySet<string>;
  readonly #paths: PathNode | undefined;
  #values = 0;
  #characters = 0;

  constructor({ keys = [], paths = [] }: KeyRedactionSettings = {}) {
    this.#keys = new Set(keys.map((key) => key.toLowerCase()));
    this.#paths = paths.length === 0 ? undefined : pathTree(paths);
  }

  /** The object, or a copy without its secrets. Never throws. */
  apply<Value extends object>(object: Value): Value {
    this.#values = 0;
    this.#characters = 0;
    try {
      return this.#object(object, 0, this.#paths) as Value;
    } catch {
      // A proxy that does not tell its keys, for example.
      return { fields: UNREADABLE } as unknown as Value;
    }
  }

  /** Whether the value of a key is a secret. */
  isSecret(key: string): boolean {
    let secret = this.#known.get(key);
    if (secret === undefined) {
      secret = this.#keys.has(key.toLowerCase()) || (SECRET_NAME.test(key) && !HARMLESS.test(key));
      if (this.#known.size < MAX_KNOWN_NAMES) this.#known.set(key, secret);
    }
    return secret;
  }

  #object(object: object, depth: number, paths: PathNode | undefined): object {
    let copy: Record<string, unknown> | unknown[] | undefined;
    let count = 0;
    for (const key in object) {
      if (++count > MAX_KEYS || ++this.#values > MAX_VALUES) {
        return cut(copy ?? readableCopy(object, count - 1), count - 1);
      }
      const value = readProperty(object, key);
      const next = paths?.children.get(key) ?? paths?.children.get("*");
      const clean = this.#value(key, value, depth, next);
      if (clean === value && value !== UNREADABLE) continue;
      copy ??= readableCopy(object, MAX_KEYS);
      (copy as Record<string, unknown>)[key] = clean;
    }
    return copy ?? object;
  }

  #value(key: string, value: unknown, depth: number, paths: PathNode | undefined): unknown {
    if (value === undefined || value === null) return value;
    if (paths?.isEnd === true || this.isSecret(key)) return REDACTED;
    if (typeof value === "string") return this.#text(value);
    if (typeof value !== "object") return value;
    if (value instanceof Date) return value;
    if (value instanceof Error) return errorFields(value);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    const toJson = readProperty(value, "toJSON");
    if (typeof toJson === "function") return this.#turned(key, value, toJson, depth, paths);
    return depth >= MAX_DEPTH ? "[too deep]" : this.#object(value, depth + 1, paths);
  }

  #text(text: string): string {
    this.#characters += Math.min(text.length, MAX_TEXT);
    if (this.#characters > MAX_CHARACTERS) return `[${text.length} characters]`;
    return text.length <= MAX_TEXT ? text : cutText(text);
  }

  /** What an object turns itself into. */
  #turned(
    key: string,
    value: object,
    toJson: object,
    depth: number,
    paths: PathNode | undefined,
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

function pathTree(paths: readonly string[]): PathNode {
  const root: PathNode = { children: new Map(), isEnd: false };
  for (const path of paths) {
    let node = root;
    for (const name of path.split(".")) {
      let next = node.children.get(name);
      if (next === undefined) {
        next = { children: new Map(), isEnd: false };
        node.children.set(name, next);
      }
      node = next;
    }
    node.isEnd = true;
  }
  return root;
}
