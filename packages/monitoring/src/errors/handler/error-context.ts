// What a context around work is given.

/** Options of a context; whatever else is given are its fields. */
export interface ErrorContextOptions {
  /** Default true. False: the error is told, and the work gives undefined. */
  readonly reRaise?: boolean | undefined;
  /** Default: by the kind of the error. */
  readonly logLevel?: "info" | "warn" | "error" | undefined;
  readonly [field: string]: unknown;
}

/** A context that lasts until it is disposed of; for `using`. */
export type ErrorScope = Disposable;

/** The options and the fields. */
export function splitOptions({ reRaise, logLevel, ...fields }: ErrorContextOptions): {
  readonly reRaise: boolean;
  readonly logLevel: ErrorContextOptions["logLevel"];
  readonly fields: Readonly<Record<string, unknown>>;
} {
  return { reRaise: reRaise !== false, logLevel, fields };
}
