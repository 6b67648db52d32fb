// Numbers that know their unit. The brand exists for the compiler only; at run time these are numbers.
//
//   const timeout = 5_000 as DurationMs;     // said once, where the number enters
//   wait(timeout);                           // wait(5_000) does not compile

declare const unit: unique symbol;

/** A point in time: milliseconds since 1970-01-01T00:00:00Z, as `Date.now()` gives it. May be fractional. */
export type UnixMs = number & { readonly [unit]: "UnixMs" };

/** A length of time in milliseconds. */
export type DurationMs = number & { readonly [unit]: "DurationMs" };

/** A size in bytes. */
export type Bytes = number & { readonly [unit]: "Bytes" };

export const MILLISECOND: DurationMs = 1 as DurationMs;
export const SECOND: DurationMs = 1_000 as DurationMs;
export const MINUTE: DurationMs = 60_000 as DurationMs;
export const HOUR: DurationMs = 3_600_000 as DurationMs;
export const DAY: DurationMs = 86_400_000 as DurationMs;
/** Seven days. */
export const WEEK: DurationMs = 604_800_000 as DurationMs;
/** 365 days, as Prometheus counts a year. */
export const YEAR: DurationMs = 31_536_000_000 as DurationMs;

export const KIB: Bytes = 1_024 as Bytes;
export const MIB: Bytes = 1_048_576 as Bytes;
export const GIB: Bytes = 1_073_741_824 as Bytes;
