// Takes secrets out of what is logged, by the names of their keys and by paths.
//
//   names   password, authorization, anything that ends like them (dbPassword)      at any depth
//   paths   "user.email", "headers.*", "*.card"                                     exactly there
//
// A line without secrets is passed on as it is: nothing is copied until something is found. Whether a name is a secret's
// is decided once for each name. Depth, number of keys and length of texts are bounded; what lies deeper is not looked at
// and not logged. A property that throws when it is read says so on the line, and no more: logging never throws.

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

  constructor({ keys = [], paths = [] }: KeyRedactionSettings = {}) {
    this.#keys = new Set(keys.map((key) => key.toLowerCase()));
    this.#paths = paths.length === 0 ? undefined : pathTree(paths);
  }

  /** The object, or a copy without its secrets. Never throws. */
  apply<Value extends object>(object: Value): Value {
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
      if (++count > MAX_KEYS) return cut(copy ?? readableCopy(object));
      const value = readProperty(object, key);
      const next = paths?.children.get(key) ?? paths?.children.get("*");
      const clean = this.#value(key, value, depth, next);
      if (clean === value && value !== UNREADABLE) continue;
      copy ??= readableCopy(object);
      (copy as Record<string, unknown>)[key] = clean;
    }
    return copy ?? object;
  }

  #value(key: string, value: unknown, depth: number, paths: PathNode | undefined): unknown {
    if (value === undefined || value === null) return value;
    if (paths?.isEnd === true || this.isSecret(key)) return REDACTED;
    if (typeof value === "string") return value.length <= MAX_TEXT ? value : cutText(value);
    if (typeof value !== "object") return value;
    // What turns itself into JSON (dates, URLs, decimals) is a value, and errors have a serializer of their own.
    if (value instanceof Error || typeof readProperty(value, "toJSON") === "function") return value;
    return depth >= MAX_DEPTH ? "[too deep]" : this.#object(value, depth + 1, paths);
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
function readableCopy(object: object): Record<string, unknown> | unknown[] {
  const copy: Record<string, unknown> | unknown[] = Array.isArray(object) ? [] : {};
  let count = 0;
  for (const key in object) {
    if (++count > MAX_KEYS) break;
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

function cut(copy: Record<string, unknown> | unknown[]): object {
  if (Array.isArray(copy)) return [...copy.slice(0, MAX_KEYS), "[more left out]"];
  return { ...Object.fromEntries(Object.entries(copy).slice(0, MAX_KEYS)), more: "[left out]" };
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
