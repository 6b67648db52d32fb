// The states of a component, and the worse of two.
//
//   unhealthy   it does not work                      HTTP 503 when it is critical
//   degraded    it works, worse than it should        HTTP 200
//   unknown     nobody has looked yet, or the last look is too old
//   healthy     it works
//
// `pass`, `warn` and `fail` exist only inside application/health+json.

/** The states of a component. */
export type HealthStatus = "healthy" | "degraded" | "unhealthy" | "unknown";

/** The states by name, for those who like `HealthStatus.degraded` better than a string. */
export const HealthStatus: { readonly [Status in HealthStatus]: Status } = {
  healthy: "healthy",
  degraded: "degraded",
  unhealthy: "unhealthy",
  unknown: "unknown",
};
