// What is a secret: one set of rules for log lines, errors, exceptions on spans, health and what is said about the SDK itself.
//
//   startMonitoring({ redaction: { keys, paths, patterns, secrets } })
//        │
//        └─► rules of the process ─┬─► lines      keys, paths, and in texts what we are told of (KeyRedaction)
//                                  ├─► errors     the same, usual shapes, and what is learned   (SecretFilter)
//                                  └─► health, exceptions, problems: the same, usual shapes      (Redactor)
//
// A part that is made with rules of its own has those of the process beside them; all others follow the process, also when its
// rules change. Usual names, shapes, addresses and card numbers are always taken out; nothing switches that off.

import { FlxError } from "@flx/model/errors";
import { isUsualSecretName } from "./secret-names.ts";
import { type SecretPath, secretPaths } from "./secret-paths.ts";
import { REDACTED } from "./secret-shapes.ts";

/** What is taken out beside the usual. */
export interface RedactionSettings {
  /** Further names whose value is a secret, in any case, at any depth. */
  readonly keys?: readonly string[] | undefined;
  /** Dotted paths in fields of a line, properties and context of an error, details of a check; `*` stands for one name. */
  readonly paths?: readonly string[] | undefined;
  /** In texts: all that matches. Regular expressions, or their source. */
  readonly patterns?: readonly (RegExp | string)[] | undefined;
  /** In texts: secrets as they are, at least 4 characters each. */
  readonly secrets?: readonly string[] | undefined;
}

/** A secret that is shorter would take half of the words away. */
const MIN_SECRET = 4;

/** Names come from data; so many are remembered. */
const MAX_KNOWN_NAMES = 10_000;

/** Rules, compiled once. */
export class RedactionRules {
  readonly settings: RedactionSettings;
  /** The beginning of the paths; undefined when there are none. */
  readonly paths: SecretPath | undefined;
  /** Whether there are secrets or patterns to be looked for in texts. */
  readonly isTold: boolean;
  readonly #keys: ReadonlySet<string>;
  readonly #patterns: readonly RegExp[];
  readonly #secrets: readonly string[];
  readonly #known = new Map<string, boolean>();

  /**
   * @throws {FlxError} `FLX_REDACTION_SECRET` when a secret is shorter than 4 characters, `FLX_REDACTION_PATTERN` for a pattern
   *   that is no regular expression, or that matches nothing at all
   */
  constructor(settings: RedactionSettings = {}) {
    const { keys = [], paths = [], patterns = [], secrets = [] } = settings;
    this.settings = settings;
    this.#keys = new Set(keys.map((key) => key.toLowerCase()));
    this.paths = secretPaths(paths);
    this.#patterns = patterns.map(patternOf);
    if (secrets.some((secret) => secret.length < MIN_SECRET)) {
      throw new FlxError(
        "FLX_REDACTION_SECRET",
        `a secret to be redacted needs at least ${MIN_SECRET} characters: a shorter one is part of too many words`,
      );
    }
    // The longest first: one secret may begin with another.
    this.#secrets = secrets.toSorted((a, b) => b.length - a.length);
    this.isTold = patterns.length + secrets.length > 0;
  }

  /** Whether the value of a name is a secret. */
  isSecretName(name: string): boolean {
    let isSecret = this.#known.get(name);
    if (isSecret === undefined) {
      isSecret = this.#keys.has(name.toLowerCase()) || isUsualSecretName(name);
      if (this.#known.size < MAX_KNOWN_NAMES) this.#known.set(name, isSecret);
    }
    return isSecret;
  }

  /** The text without what we are told of: secrets and patterns. */
  withoutTold(text: string): string {
    if (!this.isTold) return text;
    let rest = text;
    for (const secret of this.#secrets) rest = rest.replaceAll(secret, REDACTED);
    for (const pattern of this.#patterns) rest = rest.replace(pattern, REDACTED);
    return rest;
  }

  /** Whether a text has something that we are told of. */
  knows(text: string): boolean {
    return (
      this.#secrets.some((secret) => text.includes(secret)) ||
      this.#patterns.some((pattern) => text.search(pattern) >= 0)
    );
  }
}

let current = new RedactionRules();

/** The rules of the process. */
export function processRedaction(): RedactionRules {
  return current;
}

/**
 * Makes rules those of the process; what is given puts the ones before back.
 *
 * @throws {FlxError} as `RedactionRules`
 */
export function useRedaction(settings: RedactionSettings): () => void {
  const before = current;
  const rules = new RedactionRules(settings);
  current = rules;
  return () => {
    if (current === rules) current = before;
  };
}

/**
 * Rules for one part: what it is told and what the process is told; undefined when it is told nothing, so that it follows the
 * process.
 *
 * @throws {FlxError} as `RedactionRules`
 */
export function ownRedaction(settings: RedactionSettings | undefined): RedactionRules | undefined {
  if (settings === undefined) return undefined;
  const { keys, paths, patterns, secrets } = current.settings;
  return new RedactionRules({
    keys: [...(keys ?? []), ...(settings.keys ?? [])],
    paths: [...(paths ?? []), ...(settings.paths ?? [])],
    patterns: [...(patterns ?? []), ...(settings.patterns ?? [])],
    secrets: [...(secrets ?? []), ...(settings.secrets ?? [])],
  });
}

/** The pattern as one that is replaced everywhere. */
function patternOf(pattern: RegExp | string): RegExp {
  const source = typeof pattern === "string" ? pattern : pattern.source;
  const flags = typeof pattern === "string" ? "" : pattern.flags.replaceAll(/[gy]/g, "");
  let made: RegExp;
  try {
    made = new RegExp(source, `${flags}g`);
  } catch (cause) {
    throw new FlxError("FLX_REDACTION_PATTERN", (cause as Error).message, { cause });
  }
  if (made.test("")) {
    throw new FlxError(
      "FLX_REDACTION_PATTERN",
      `the pattern ${source.slice(0, 100)} matches a text of no characters, and with it every place of every text`,
    );
  }
  return made;
}
