// What goes wrong in a test's surroundings, as opposed to what a test asserts.

/** The stable codes of {@link TestkitError}. */
export type TestkitErrorCode =
  /** The command could not be started at all. */
  | "TESTKIT_SPAWN"
  /** The process ended before it was ready, or while something was expected of it. */
  | "TESTKIT_EXITED"
  /** The process runs but did not become ready in time. */
  | "TESTKIT_NOT_READY"
  /** Something waited for did not happen in time. */
  | "TESTKIT_TIMEOUT"
  /** A process group is still there after SIGKILL. */
  | "TESTKIT_STILL_RUNNING"
  /** No free loopback port was found. */
  | "TESTKIT_NO_PORT"
  /** A real server the test needs is not installed. */
  | "TESTKIT_PEER_MISSING"
  /** A server did not take what was written to it. */
  | "TESTKIT_REMOTE_WRITE"
  /** A Markdown file is malformed: an open fence, an unreadable attribute. */
  | "TESTKIT_DOC_SYNTAX"
  /** A code block of a Markdown file does not do what the document says. */
  | "TESTKIT_DOC_FAILED";

/** An error of the surroundings of a test. `code` never changes its meaning. */
export class TestkitError extends Error {
  override readonly name = "TestkitError";
  readonly code: TestkitErrorCode;

  constructor(code: TestkitErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
