// Doing something when a function is done, whichever way: it returned, threw, or its promise settled.

/**
 * Runs a function and calls `done` when its result is there; gives what it gives, throws what it throws.
 *
 * @param work may give a promise
 * @param done called once, also after a failure
 */
export function whenDone<Result>(work: () => Result, done: () => void): Result {
  let result: Result;
  try {
    result = work();
  } catch (error) {
    done();
    throw error;
  }
  if (result instanceof Promise) return result.finally(done) as Result;
  done();
  return result;
}
