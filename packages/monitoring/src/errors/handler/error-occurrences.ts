// Which throw of an error this is. Most errors are made for one throw, and pass through several handlers on their way out: that is
// one occurrence. But a service may keep an error and throw it again and again (`const NOT_FOUND = new Error("not found")`): then
// each throw is one. Throwing says nothing to anybody, so it is told by where the error is seen.
//
//   another request or trace                            again
//   the same turn of the event loop                     not again: it is on its way out
//   after that
//     its way was over: answered, swallowed, survived   again, unless the trace is the same
//     a span fails, beside or below the one it was in   again: an error goes outwards
//     an error context fails that it was not in         again
//     a call of handle() that it came through before    again: a throw passes each place once
//     a line of a log, outside of traces                again when it was logged before
//     otherwise                                         not again
//
// Two throws of one object outside of traces and requests within one turn count as one.

import type { Span } from "@opentelemetry/api";
import { getCurrentSpan } from "../../tracing/active-span.ts";
import { RecordedSpan } from "../../tracing/span.ts";
import { hexOfWord, isTraceId, randomWord } from "../../tracing/trace-id.ts";
import { isObject } from "../report/hostile.ts";
import { activeCrumbs, cameFrom, type Crumb } from "./breadcrumbs.ts";
import type { HandledError } from "./handled-error.ts";

/** How an error is seen. */
export interface Sighting {
  readonly by: "handler" | "context" | "span" | "log";
  /** What failed by it, and is over with it. */
  readonly request?: object | undefined;
  /** Nobody further out gets it. */
  readonly isLast?: boolean | undefined;
  /** Whose call it is, if each throw passes there once. */
  readonly site?: string | undefined;
  /** Where it is recorded; default: the active one. */
  readonly span?: Span | undefined;
}

/** One throw of an error, and what became of it. */
export interface Occurrence {
  /** 16 hex digits; a report, a record, lines and events of spans have it. */
  readonly id: string;
  handled: HandledError | undefined;
  /** There is a log record of it. */
  isRecorded: boolean;
  /** What lines say of it, once one did. */
  logged: string | undefined;
}

interface Place {
  readonly turn: number;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly parentId: string | undefined;
  readonly crumbs: readonly Crumb[];
}

interface KnownOccurrence extends Occurrence {
  place: Place;
  request: object | undefined;
  isOver: boolean;
  loggedIn: number | undefined;
  readonly sites: Set<string>;
}

const MAX_SITES = 32;

/** Tells occurrences of errors apart. */
export class ErrorOccurrences {
  readonly #known = new WeakMap<object, KnownOccurrence>();

  /** The occurrence that an error is seen of; what is no object is another one each time. */
  of(error: unknown, sighting: Sighting): Occurrence {
    const place = placeOf(sighting.span ?? getCurrentSpan());
    const known = isObject(error) ? this.#known.get(error) : undefined;
    const isAgain = known !== undefined && isThrownAgain(known, place, sighting);
    const occurrence = known === undefined || isAgain ? newOccurrence(place) : known;
    seen(occurrence, place, sighting);
    if (isObject(error) && occurrence !== known) this.#known.set(error, occurrence);
    if (isAgain) cameFrom(error, place.crumbs);
    return occurrence;
  }

  /** The occurrence that was seen last; undefined for what was not seen yet. */
  last(error: unknown): Occurrence | undefined {
    return isObject(error) ? this.#known.get(error) : undefined;
  }
}

function newOccurrence(place: Place): KnownOccurrence {
  return {
    id: newId(),
    handled: undefined,
    isRecorded: false,
    logged: undefined,
    place,
    request: undefined,
    isOver: false,
    loggedIn: undefined,
    sites: new Set(),
  };
}

/** 16 hex digits. */
export function newId(): string {
  return hexOfWord(randomWord()) + hexOfWord(randomWord());
}

function isThrownAgain(known: KnownOccurrence, place: Place, sighting: Sighting): boolean {
  const { by, request, site } = sighting;
  if (request !== undefined && known.request !== undefined && request !== known.request)
    return true;
  const { traceId } = known.place;
  const isTraced = traceId !== undefined && place.traceId !== undefined;
  if (isTraced && place.traceId !== traceId) return true;
  if (known.place.turn === place.turn) return false;
  if (by === "log")
    return !isTraced && known.loggedIn !== undefined && known.loggedIn !== place.turn;
  if (known.isOver && !isTraced) return true;
  if (by === "span") return isInward(known.place, place);
  if (by === "context") return isElsewhere(known.place, place);
  return site !== undefined && known.sites.has(site);
}

/** Whether a span is a sibling or a child of the one before. */
function isInward(from: Place, { spanId, parentId }: Place): boolean {
  if (parentId === undefined || spanId === from.spanId) return false;
  return parentId === from.parentId || parentId === from.spanId;
}

/** Whether an error that was seen within some contexts cannot have come to this one. */
function isElsewhere(from: Place, { crumbs }: Place): boolean {
  return from.crumbs.length > 0 && crumbs.some((crumb, i) => crumb !== from.crumbs[i]);
}

/** It has come to a place. Lines of logs are written anywhere, and say nothing of its way. */
function seen(occurrence: KnownOccurrence, place: Place, sighting: Sighting): void {
  if (sighting.by === "log") {
    occurrence.loggedIn = place.turn;
    return;
  }
  const { traceId = occurrence.place.traceId } = place;
  occurrence.place = { ...place, traceId };
  occurrence.request ??= sighting.request;
  occurrence.isOver ||= sighting.isLast === true || sighting.request !== undefined;
  if (sighting.site === undefined) return;
  if (occurrence.sites.size < MAX_SITES) occurrence.sites.add(sighting.site);
}

function placeOf(span: Span | undefined): Place {
  const context = span?.spanContext();
  const hasParent = span instanceof RecordedSpan && (span.parent0 !== 0 || span.parent1 !== 0);
  return {
    turn: currentTurn(),
    traceId: isTraceId(context?.traceId) ? context.traceId : undefined,
    spanId: context?.spanId,
    parentId: hasParent ? hexOfWord(span.parent0) + hexOfWord(span.parent1) : undefined,
    crumbs: activeCrumbs(),
  };
}

let turn = 0;
let isCounting = false;

/** A number for the running turn of the event loop. */
function currentTurn(): number {
  if (!isCounting) {
    isCounting = true;
    setImmediate(() => {
      isCounting = false;
      turn++;
    });
  }
  return turn;
}

/**
 * Where a function was called: three calls around it; undefined when nobody can say. Mapped and written as a text by nobody: it is
 * only compared.
 */
export function callSite(called: (...args: never[]) => unknown): string | undefined {
  const { stackTraceLimit } = Error;
  const prepare = Reflect.get(Error, "prepareStackTrace");
  try {
    Error.stackTraceLimit = 3;
    Error.prepareStackTrace = (_, sites) =>
      sites.map((each) => `${each.getFileName() ?? ""}:${each.getPosition()}`).join("\n");
    const holder: { stack?: string } = {};
    Error.captureStackTrace(holder, called);
    return holder.stack === "" ? undefined : holder.stack;
  } catch {
    // Errors are frozen.
    return undefined;
  } finally {
    restore(stackTraceLimit, prepare);
  }
}

function restore(limit: number, prepare: typeof Error.prepareStackTrace): void {
  try {
    Error.stackTraceLimit = limit;
    Error.prepareStackTrace = prepare;
  } catch {
    // They were not changed either.
  }
}
