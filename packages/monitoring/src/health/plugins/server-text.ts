// Text that a server sent, made fit to be shown: one line, short, printable, and without our own secrets.
//
// A server that was given a password may send it back ("unknown command `AUTH hunter2`"). What is shown may reach
// logs and people who have no business with it, so each form in which we sent a secret is taken out first.

const MAX_SHOWN = 200;

/** The secrets of one conversation, in every form they may come back in. */
export class Secrets {
  readonly #forms = new Set<string>();

  constructor(...secrets: readonly (string | undefined)[]) {
    for (const secret of secrets) this.add(secret);
  }

  /** Adds a secret and its usual encodings. */
  add(secret: string | undefined): void {
    if (secret === undefined || secret === "") return;
    const bytes = Buffer.from(secret);
    const forms = [
      secret,
      encodeURIComponent(secret.toWellFormed()),
      JSON.stringify(secret).slice(1, -1),
      bytes.toString("base64"),
      bytes.toString("base64url"),
      bytes.toString("hex"),
    ];
    for (const form of forms) this.#forms.add(form);
  }

  /** The text without any of them. */
  redact(text: string): string {
    // The longest first: one may be a part of another.
    const forms = [...this.#forms].toSorted((a, b) => b.length - a.length);
    return forms.reduce((rest, form) => rest.replaceAll(form, "***"), text);
  }
}

/** What a server said, as it may be shown. */
export function shown(text: string | Uint8Array, secrets: Secrets): string {
  const whole = typeof text === "string" ? text : Buffer.from(text).toString("utf8");
  const clean = secrets
    .redact(whole)
    .replaceAll("\ufffd", "?")
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]+/gu, " ")
    .trim();
  return clean.length > MAX_SHOWN ? `${clean.slice(0, MAX_SHOWN)}...`.toWellFormed() : clean;
}
