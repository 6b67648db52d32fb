// The types of PromQL values: what an expression gives, and what a function takes.

/** What an expression gives; `none` is what nothing gives (an empty argument list). */
export type ValueType = "scalar" | "vector" | "matrix" | "string" | "none";

/**
 * The name of a type as Prometheus' messages and documentation write it.
 *
 * @example documentedType("matrix") // "range vector"
 */
export function documentedType(type: ValueType): string {
  if (type === "vector") return "instant vector";
  if (type === "matrix") return "range vector";
  return type;
}
