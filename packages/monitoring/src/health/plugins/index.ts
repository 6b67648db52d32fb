// @flx/monitoring/health/plugins: checks for what a service depends on. See docs/reference/health-plugins.md.

export type { HealthCheck } from "../health-check.ts";
export { CheckError, type CheckErrorCode } from "./check-error.ts";
export type { EndpointOptions, LoginOptions, Secret, TlsOption } from "./endpoint.ts";
export { redis, type RedisClient, type RedisOptions } from "./redis.ts";
