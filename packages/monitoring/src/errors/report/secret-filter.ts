// What may be shown of an error's texts: no secrets by shape, by name, by what we are told, and by what was learned.
//
// Learned: what stands under a secret's name in one place (`config.password`) is taken out of every other text of the same
// report, too: "login of app with hunter2 failed" has no shape that anybody could know.
//
//   SecretRules   one for a handler, compiled once
//   SecretFilter  one for a report: the rules, and what was learned while the error was looked through

import { Redactor } from "../../redaction/redact.ts";
import { REDACTED, SECRET_NAME } from "../../redaction/secret-shapes.ts";
import { redactCards } from "./card-numbers.ts";

/** What is redacted beside the usual. */
export interface ErrorRedaction {
  /** Secrets as they are, at least 4 characters each. */
  readonly secrets?: readonly string[] | undefined;
  /** Further names whose value is a secret, in any case. */
  readonly names?: readonly string[] | undefined;
  /** Further patterns; all that match is taken away. */
  readonly patterns?: readonly RegExp[] | undefined;
}

/** Texts are cut here: a message of megabytes is not read by anybody. */
const MAX_TEXT = 8_192;
const MIN_LEARNED = 5;
const MAX_LEARNED = 64;

/** Words that stand under secrets' names and are none. */
const HARMLESS =
  /^(?:true|false|null|undefined|none|required|missing|invalid|unknown|string|number)$/i;

/** Names whose value is shown although it reads like a secret's. */
const HARMLESS_NAME = /^(?:is|has|needs)[A-Z_-]|tokens?[_-]?(?:count|type|limit)$/;

/** The rules of a handler. */
export class SecretRules {
  readonly redactor: Redactor;
  readonly secrets: readonly string[];
  readonly names: ReadonlySet<string>;
  readonly patterns: readonly RegExp[];

  /** @throws {FlxError} `FLX_REDACTION_SECRET` when a secret is shorter than 4 characters */
  constructor({ secrets = [], names = [], patterns = [] }: ErrorRedaction = {}) {
    this.redactor = new Redactor({ secrets, names, maxLength: MAX_TEXT });
    this.secrets = secrets;
    this.names = new Set(names.map((name) => name.toLowerCase()));
    this.patterns = patterns.map((pattern) =>
      pattern.global ? pattern : new RegExp(pattern.source, `${pattern.flags}g`),
    );
  }

  /** Whether the value of this name is a secret. */
  isSecretName(name: string): boolean {
    const end = name.slice(-128);
    if (this.names.has(end.toLowerCase())) return true;
    return SECRET_NAME.test(end) && !HARMLESS_NAME.test(end);
  }
}

/** Takes secrets out of the texts of one report. */
export class SecretFilter {
  readonly rules: SecretRules;
  readonly #learned = new Set<string>();

  constructor(rules: SecretRules) {
    this.rules = rules;
  }

  /** Remembers the value of a secret's name. */
  learn(value: unknown): void {
    if (typeof value !== "string" || value.length < MIN_LEARNED || value.length > 1_024) return;
    if (HARMLESS.test(value) || this.#learned.size >= MAX_LEARNED) return;
    this.#learned.add(value);
  }

  /** Whether there is anything that code must be searched for. */
  get knowsAny(): boolean {
    const { secrets, patterns } = this.rules;
    return this.#learned.size + secrets.length + patterns.length > 0;
  }

  /** Whether a text of code has a secret that was learned, or that we were told of. */
  readonly knows = (text: string): boolean => {
    for (const secret of this.#learned) if (text.includes(secret)) return true;
    if (this.rules.secrets.some((secret) => text.includes(secret))) return true;
    return this.rules.patterns.some((pattern) => text.search(pattern) >= 0);
  };

  /** The text without secrets, cut to 8,192 characters. Never throws. */
  text(text: string): string {
    let rest = text.length > 2 * MAX_TEXT ? text.slice(0, 2 * MAX_TEXT) : text;
    for (const secret of this.#learned) {
      if (rest.includes(secret)) rest = rest.replaceAll(secret, REDACTED);
    }
    for (const pattern of this.rules.patterns) rest = rest.replace(pattern, REDACTED);
    // Short words of one kind of letter have no secret's shape; most texts are such.
    if (/^[\w ]{0,15}$/.test(rest)) return redactCards(rest);
    return redactCards(this.rules.redactor.text(rest));
  }
}
