// What watches calls of functions: metrics count them, tracing makes spans of them.
//
//   CallObserver ── begin(args) ──► ObservedCall ── end(how) or fail(error), once, by whatever ends it first

/** Watches the calls of one function. */
export interface CallObserver {
  /** Whether the function may be told by a callback, or by a stream among its arguments, as gRPC handlers are. */
  readonly isCallbackStyle: boolean;
  /** Whether nothing is watched just now: the function is called as if nobody was there. */
  readonly isIdle?: () => boolean;
  begin(args: readonly unknown[], self: unknown): ObservedCall;
}

/** One call that is watched. */
export interface ObservedCall {
  readonly hasEnded: boolean;
  /** Runs a piece of the function's work; without it the work is simply run. */
  readonly enter?: (<Result>(work: () => Result) => Result) | undefined;
  end(kind: "finished" | "stopped" | "cancelled"): void;
  fail(error: unknown): void;
  /** The call was none: what it gave is a generator, whose run begins with its first step. */
  readonly discard?: (() => void) | undefined;
}
