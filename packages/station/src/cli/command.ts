// What a command of flx is, and the exit codes that all of them share.

/** Where a command writes. */
export interface Terminal {
  out(this: void, text: string): void;
  error(this: void, text: string): void;
}

/** A command of flx. */
export interface Command {
  /** What `flx NAME --help` prints. */
  readonly help: string;
  /**
   * Runs it.
   *
   * @param args what stands after its name
   * @returns the exit code
   * @throws {UsageError} when the arguments are wrong
   */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** The exit code for a command line that is wrong, as sysexits(3) has it. */
export const EXIT_USAGE = 64;

/** The command line is wrong; the message says how it would be right. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
