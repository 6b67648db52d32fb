// How a check is registered.

/** What a check speaks for: restart me, send me traffic, not yet. */
export type CheckKind = "liveness" | "readiness" | "startup";

/** The kinds, in the order they are told. */
export const CHECK_KINDS: readonly CheckKind[] = ["liveness", "readiness", "startup"];

/** What every component has, however its state becomes known. */
export interface ComponentOptions {
  /**
   * Whether the service cannot do its work without it: then its failure is the service's, else the service is degraded.
   * Default: true for liveness and startup checks, which say nothing otherwise; false for readiness checks.
   */
  readonly critical?: boolean;
  /** What it speaks for, one or several; default "readiness". */
  readonly kind?: CheckKind | readonly CheckKind[];
  /** Names of components that it needs: when one of them fails, this one is marked as caused by it. */
  readonly dependsOn?: readonly string[];
  /** Further groups that it belongs to; each can be asked for like a kind. */
  readonly tags?: readonly string[];
}

/** How a check is registered. */
export interface CheckOptions extends ComponentOptions {
  /** Milliseconds between two starts (default 10,000), give or take `jitter`. */
  readonly intervalMs?: number;
  /** Milliseconds it may take (default 5,000, at most the interval unless said otherwise). */
  readonly timeoutMs?: number;
  /** Better results in a row before the state is better (default 1). */
  readonly rise?: number;
  /** Worse results in a row before the state is worse (default 1). */
  readonly fall?: number;
  /** Milliseconds after which a result is too old to be believed (default: three intervals and the timeout). */
  readonly staleAfterMs?: number;
}

/** How a component is registered that tells its state itself. */
export interface HeartbeatOptions extends ComponentOptions {
  /** Milliseconds within which the next beat is due; without it the component is unhealthy. */
  readonly ttlMs: number;
}
