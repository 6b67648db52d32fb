// What a probe found.

/** The state of what was asked, or that it could not be asked. */
export type OutcomeStatus = "healthy" | "degraded" | "unhealthy" | "unknown" | "unreachable";

/** What a probe found. */
export interface Outcome {
  readonly status: OutcomeStatus;
  /** For people: what was answered, or why there is no answer. */
  readonly message: string;
  /** The HTTP status, when there was one. */
  readonly httpStatus?: number;
  /** What the service told of its parts. */
  readonly components?: Readonly<Record<string, unknown>>;
}

/** The exit code of an outcome. */
export function exitCodeOf({ status }: Outcome): 0 | 1 | 2 {
  if (status === "unreachable") return 2;
  return status === "healthy" || status === "degraded" ? 0 : 1;
}

/** Why there was no answer. Where a host has several addresses, Node's error holds one for each. */
export function unreachable(error: unknown): Outcome {
  const { errors } = error as { readonly errors?: readonly unknown[] };
  const { code, message } = (errors?.[0] ?? error) as Partial<NodeJS.ErrnoException>;
  const text = message === undefined || message === "" ? (code ?? "no answer") : message;
  return { status: "unreachable", message: text };
}
