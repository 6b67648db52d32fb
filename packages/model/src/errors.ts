// The one error type of FLX: a code that never changes meaning, the values a reader needs, the cause.

/**
 * The stable name of what went wrong: `FLX_` and capitals. Codes are part of the public API: they are
 * listed in docs/reference/error-codes.md and never reused for another meaning.
 */
export type FlxErrorCode = `FLX_${Uppercase<string>}`;

/** An error of FLX. Match on `code`, show `message` to people, look for the origin in `cause`. */
export class FlxError extends Error {
  override readonly name: string = "FlxError";
  readonly code: FlxErrorCode;

  /**
   * @param code    stable, for programs
   * @param message for people: what happened, with the values, and what to do
   * @param options `cause`: the error underneath, when there is one
   */
  constructor(code: FlxErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
