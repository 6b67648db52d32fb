// Work that ends in time. AbortSignal.timeout and AbortSignal.any would do as well, but leave a timer and two signals behind for as
// long as the work might have taken: for each request, when it is answered in a millisecond.

/**
 * Gives work a signal that is aborted after so long, or when all is stopped.
 *
 * @throws what the work throws; a `TimeoutError` is the reason of the signal when it was too long
 */
export async function boundedWork<Result>(
  timeoutMs: number,
  stop: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const onStop = (): void => controller.abort(stop.reason);
  const timer = setTimeout(() => {
    const said = `no answer within ${timeoutMs} ms`;
    controller.abort(new DOMException(said, "TimeoutError"));
  }, timeoutMs);
  stop.addEventListener("abort", onStop);
  if (stop.aborted) onStop();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", onStop);
  }
}
