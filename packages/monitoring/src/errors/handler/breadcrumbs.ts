// What work is going on: the messages of the error contexts around it, outermost first. They travel with OpenTelemetry's
// context, and an error that passes through contexts keeps those it came from.

import type { Context } from "@opentelemetry/api";
import { activeContext } from "../../tracing/context-manager.ts";

/** One context around the work. */
export interface Crumb {
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const KEY = Symbol.for("flx.errors.breadcrumbs");
const origins = new WeakMap<object, readonly Crumb[]>();

/** The contexts around the running work. */
export function activeCrumbs(context: Context = activeContext()): readonly Crumb[] {
  return (context.getValue(KEY) as readonly Crumb[] | undefined) ?? [];
}

/** The active context with one more. */
export function contextWithCrumb(crumb: Crumb): Context {
  const context = activeContext();
  return context.setValue(KEY, [...activeCrumbs(context), crumb]);
}

/** Remembers where an error came from; the innermost context that sees it decides. */
export function rememberCrumbs(error: unknown, crumbs: readonly Crumb[]): void {
  if (typeof error === "object" && error !== null && !origins.has(error))
    origins.set(error, crumbs);
}

/** It comes from elsewhere this time. */
export function cameFrom(error: unknown, crumbs: readonly Crumb[]): void {
  if (typeof error === "object" && error !== null) origins.set(error, crumbs);
}

/** The contexts an error came from, or those around the running work. */
export function crumbsOf(error: unknown): readonly Crumb[] {
  const known = typeof error === "object" && error !== null ? origins.get(error) : undefined;
  return known ?? activeCrumbs();
}
