// What may be shown of an error's texts: no secrets by shape, by name, by what we are told, and by what was learned.
//
// Learned: what stands under a secret's name in one place (`config.password`) is taken out of every other text of the same
// report, too: "login of app with hunter2 failed" has no shape that anybody could know.
//
// One filter for a report: the rules (redaction/redaction-rules.ts), and what was learned while the error was looked through.

import { redactCards } from "../../redaction/card-numbers.ts";
import { Redactor } from "../../redaction/redact.ts";
import {
  ownRedaction,
  type RedactionRules,
  type RedactionSettings,
} from "../../redaction/redaction-rules.ts";
import { REDACTED } from "../../redaction/secret-shapes.ts";

/** Texts are cut here: a message of megabytes is not read by anybody. */
const MAX_TEXT = 8_192;
const MIN_LEARNED = 5;
const MAX_LEARNED = 64;

/** Words that stand under secrets' names and are none. */
const HARMLESS =
  /^(?:true|false|null|undefined|none|required|missing|invalid|unknown|string|number)$/i;

/**
 * What takes secrets out of a handler's texts.
 *
 * @param settings the handler's own rules; without them it follows those of the process
 * @throws {FlxError} as `RedactionRules`
 */
export function errorRedactor(settings?: RedactionSettings): Redactor {
  return new Redactor({ rules: ownRedaction(settings), maxLength: MAX_TEXT });
}

/** Takes secrets out of the texts of one report. */
export class SecretFilter {
  readonly rules: RedactionRules;
  readonly #redactor: Redactor;
  readonly #learned = new Set<string>();

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
    this.rules = redactor.rules;
  }

  /** Remembers the value of a secret's name. */
  learn(value: unknown): void {
    if (typeof value !== "string" || value.length < MIN_LEARNED || value.length > 1_024) return;
    if (HARMLESS.test(value) || this.#learned.size >= MAX_LEARNED) return;
    this.#learned.add(value);
  }

  /** What was learned so far. */
  get learned(): readonly string[] {
    return [...this.#learned];
  }

  /** Whether there is anything that code must be searched for. */
  get knowsAny(): boolean {
    return this.#learned.size > 0 || this.rules.isTold;
  }

  /** Whether a text of code has a secret that was learned, or that we were told of. */
  readonly knows = (text: string): boolean => {
    for (const secret of this.#learned) if (text.includes(secret)) return true;
    return this.rules.knows(text);
  };

  /** The text without secrets, cut to 8,192 characters. Never throws. */
  text(text: string): string {
    const rest = this.withoutLearned(
      text.length > 2 * MAX_TEXT ? text.slice(0, 2 * MAX_TEXT) : text,
    );
    // Short words of one kind of letter have no secret's shape; most texts are such.
    if (/^[\w ]{0,15}$/.test(rest)) return redactCards(this.rules.withoutTold(rest));
    return this.#redactor.text(rest);
  }

  /** A text that went through another filter before, without what this one has learned. */
  withoutLearned(text: string): string {
    let rest = text;
    for (const secret of this.#learned) {
      if (rest.includes(secret)) rest = rest.replaceAll(secret, REDACTED);
    }
    return rest;
  }
}
