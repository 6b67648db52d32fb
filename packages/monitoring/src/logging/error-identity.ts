// What tells the error of a line from others, for the record that is exported of it. The error handler of the process knows it
// (errors/handler/current-handler.ts keeps it under a registered symbol); what makes reports is not loaded for logging.

const KEY = Symbol.for("flx.errors.handler");
const holder = globalThis as unknown as Readonly<Record<symbol, ErrorTeller | undefined>>;

/** The part of the error handler that is used here. */
interface ErrorTeller {
  /** Not there in one of another version. */
  loggedFields?(error: object): string | undefined;
}

/** Fingerprint, id and frames of an error, as members of an object of JSON; undefined when there is no handler. Never throws. */
export function identityOf(error: Error): string | undefined {
  return holder[KEY]?.loggedFields?.(error);
}

/** The error that a line is about: what is logged itself, or its `err` or `error`; undefined when there is none. Never throws. */
export function errorOfLine(logged: unknown): Error | undefined {
  if (typeof logged !== "object" || logged === null) return undefined;
  try {
    if (logged instanceof Error) return logged;
    const { err, error } = logged as { readonly err?: unknown; readonly error?: unknown };
    const found = err ?? error;
    return found instanceof Error ? found : undefined;
  } catch {
    // A getter, or a proxy.
    return undefined;
  }
}
