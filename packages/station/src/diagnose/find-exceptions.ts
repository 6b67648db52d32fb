// The exceptions in a request of traces or logs, as occurrences of error groups, and how many more our SDK only counted.
//
//   log record   exception.type, .message, .stacktrace          as OpenTelemetry has it since 2026
//   span event   named "exception", with the same attributes    as it had it before
//   log record   flx.error.repeated, .fingerprint               so many more of a group were not sent
//
// A service may send both for one exception, and our SDK also a line that was logged: the occurrence is told by the id our SDK
// gives it, else by trace, span and fingerprint, so it counts once. One outside of any trace is told by service and time.
//
// The fingerprint is the SDK's: the attribute our SDK sends, or the same function over what another one sent.
//
// Most requests have none: they are looked over for the bytes "exception." and "flx.error.repeated" and no further.
//
// Source: https://opentelemetry.io/docs/specs/semconv/exceptions/

import { createHash } from "node:crypto";
import { type OtlpValue, valueText, WireReader } from "@flx/model";
import { fingerprint, isOwnFrame, parseStack } from "@flx/monitoring/errors/fingerprint";
import type {
  ErrorField,
  ErrorFrame,
  ErrorOccurrence,
  ErrorRepeats,
  ErrorSighting,
} from "../store/errors/error-store.ts";
import { attributesOf } from "../store/records/walk-request.ts";

const MAX_OCCURRENCES = 10_000;
const MAX_FRAMES = 50;
const MAX_STACK = 64 * 1024;
const MAX_FIELDS = 50;
const MAX_LOCALS = 16;
const ATTRIBUTE_TEXT = 1_024;
/** More of one error in one window of one process cannot be. */
const MAX_REPEATS = 1e9;
const FINGERPRINT = /^[0-9a-f]{16}$/;

type Attributes = ReadonlyMap<string, OtlpValue>;

/** What an exception stands in. */
interface Place {
  readonly resource: Attributes;
  readonly timeMs: number;
  readonly traceId: string;
  readonly spanId: string;
}

/**
 * What a checked request tells of exceptions, at most 10,000 times.
 *
 * @param nowMs when it came, Unix milliseconds: for records without a time
 */
export function findExceptions(
  signal: "traces" | "logs",
  request: Uint8Array,
  nowMs: number,
): ErrorSighting[] {
  const bytes = Buffer.from(request.buffer, request.byteOffset, request.byteLength);
  if (!bytes.includes("exception.") && !bytes.includes("flx.error.repeated")) return [];
  const found: ErrorSighting[] = [];
  eachRecord(request, (reader, end, resource) => {
    if (found.length >= MAX_OCCURRENCES) return;
    const record = signal === "logs" ? logException : spanExceptions;
    found.push(...record(reader, end, resource, nowMs));
  });
  return found;
}

/** Calls back for each record, with the attributes of its resource. */
function eachRecord(
  request: Uint8Array,
  onRecord: (reader: WireReader, end: number, resource: Attributes) => void,
): void {
  const reader = new WireReader(request);
  reader.blocks(request.length, (groupTag, groupEnd) => {
    if (groupTag !== 0x0a) return;
    const start = reader.at;
    const resource = new Map<string, OtlpValue>();
    reader.blocks(groupEnd, (tag, end) => {
      if (tag !== 0x0a) return;
      const part = { start: reader.at, end };
      for (const [key, value] of attributesOf(request, part, 0x0a)) resource.set(key, value);
    });
    reader.at = start;
    reader.blocks(groupEnd, (scopeTag, scopeEnd) => {
      if (scopeTag !== 0x12) return;
      reader.blocks(scopeEnd, (tag, end) => {
        if (tag === 0x12) onRecord(reader, end, resource);
      });
    });
  });
}

function logException(
  reader: WireReader,
  end: number,
  resource: Attributes,
  nowMs: number,
): ErrorSighting[] {
  const start = reader.at;
  let [timeMs, seenMs] = [0, 0];
  let [traceId, spanId] = ["", ""];
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag === 0x09) timeMs = milliseconds(reader, end);
    else if (tag === 0x59) seenMs = milliseconds(reader, end);
    else if (tag === 0x4a) traceId = hex(reader, end, 16);
    else if (tag === 0x52) spanId = hex(reader, end, 8);
    else reader.skip(tag, end, 0);
  }
  const attributes = new Map(attributesOf(reader.bytes, { start, end }, 0x32));
  const place = { resource, timeMs: timeMs || seenMs || nowMs, traceId, spanId };
  return attributes.has("flx.error.repeated")
    ? repeatsOf(attributes, place)
    : occurrences(attributes, place);
}

/** What our SDK did not send, since it repeats: none when it does not say of which group, or not how many. */
function repeatsOf(attributes: Attributes, { resource, timeMs }: Place): ErrorRepeats[] {
  const of = (key: string): string => valueText(attributes.get(key)).toWellFormed();
  const ofResource = (key: string): string => valueText(resource.get(key)).toWellFormed();
  const repeats = Number(attributes.get("flx.error.repeated"));
  const group = of("flx.error.fingerprint");
  const isCount = Number.isInteger(repeats) && repeats >= 1 && repeats <= MAX_REPEATS;
  if (!isCount || !FINGERPRINT.test(group)) return [];
  const service = ofResource("service.name");
  const id = idOf(service, of("flx.error.id") || `${timeMs} ${group} ${repeats}`);
  const release = ofResource("service.version");
  const type = of("flx.error.type");
  return [{ fingerprint: group, id, timeMs, service, release, type, repeats }];
}

/** What tells an occurrence from others. */
function idOf(...told: readonly string[]): string {
  return createHash("sha256").update(told.join("\u0000")).digest("hex").slice(0, 32);
}

function spanExceptions(
  reader: WireReader,
  end: number,
  resource: Attributes,
  nowMs: number,
): ErrorOccurrence[] {
  const events: { readonly timeMs: number; readonly attributes: Attributes }[] = [];
  let [traceId, spanId] = ["", ""];
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) traceId = hex(reader, end, 16);
    else if (tag === 0x12) spanId = hex(reader, end, 8);
    else if (tag === 0x5a) {
      const stop = reader.length(end);
      const event = exceptionEvent(reader, stop);
      if (event !== undefined) events.push(event);
      reader.at = stop;
    } else reader.skip(tag, end, 0);
  }
  return events.flatMap(({ timeMs, attributes }) =>
    occurrences(attributes, { resource, timeMs: timeMs || nowMs, traceId, spanId }),
  );
}

function exceptionEvent(reader: WireReader, end: number) {
  const start = reader.at;
  let [timeMs, name] = [0, ""];
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag === 0x09) timeMs = milliseconds(reader, end);
    else if (tag === 0x12) {
      const stop = reader.length(end);
      name = Buffer.from(reader.bytes.subarray(reader.at, stop)).toString();
      reader.at = stop;
    } else reader.skip(tag, end, 0);
  }
  if (name !== "exception") return undefined;
  return { timeMs, attributes: new Map(attributesOf(reader.bytes, { start, end }, 0x1a)) };
}

function milliseconds(reader: WireReader, end: number): number {
  reader.fixed(end);
  return Math.floor((reader.high * 4_294_967_296 + reader.low) / 1e6);
}

/** An id in hex; "" when it is none. */
function hex(reader: WireReader, outer: number, length: number): string {
  const end = reader.length(outer);
  const id = reader.bytes.subarray(reader.at, end);
  reader.at = end;
  return id.length === length && id.some((byte) => byte !== 0)
    ? Buffer.from(id).toString("hex")
    : "";
}

/** The occurrence that attributes tell of; none when they tell of no exception. */
function occurrences(attributes: Attributes, place: Place): ErrorOccurrence[] {
  const { resource, timeMs, traceId, spanId } = place;
  const of = (key: string): string => valueText(attributes.get(key)).toWellFormed();
  const ofResource = (key: string): string => valueText(resource.get(key)).toWellFormed();
  const [type, message] = [of("exception.type"), of("exception.message")];
  if (type === "" && message === "") return [];
  const stack = of("exception.stacktrace").slice(0, MAX_STACK);
  const frames = sentFrames(attributes.get("flx.error.frames")) ?? framesOf(stack);
  const sent = of("flx.error.fingerprint");
  const known = FINGERPRINT.test(sent)
    ? sent
    : fingerprint({ type, message, frames: frames.map(asFingerprinted) });
  const service = ofResource("service.name");
  // Our SDK gives an error an id, in its report and in the line that was logged about it.
  const ownId = of("flx.error.id") || of("error_id");
  const told =
    ownId !== ""
      ? [service, ownId]
      : traceId === ""
        ? [service, String(timeMs), known]
        : [traceId, spanId, known];
  return [
    {
      fingerprint: known,
      id: idOf(...told),
      timeMs,
      service,
      release: ofResource("service.version"),
      environment:
        ofResource("deployment.environment.name") || ofResource("deployment.environment"),
      type,
      message,
      stack,
      frames,
      traceId,
      spanId,
      isFatal:
        attributes.get("flx.error.fatal") === true || attributes.get("exception.escaped") === true,
      fields: fieldsOf(attributes),
    },
  ];
}

function framesOf(stack: string): ErrorFrame[] {
  return parseStack(stack)
    .slice(0, MAX_FRAMES)
    .map(({ functionName, file, line, column }) => ({
      function: functionName,
      file,
      line,
      column,
      isOwn: isOwnFrame({ file, functionName }),
      locals: [],
    }));
}

/** The frames as our SDK sends them, with values of variables where it was armed; undefined when there are none. */
function sentFrames(value: OtlpValue): ErrorFrame[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const frames: ErrorFrame[] = [];
  for (const each of value.slice(0, MAX_FRAMES) as readonly OtlpValue[]) {
    if (!(each instanceof Map)) return undefined;
    const sent = each as Attributes;
    const text = (key: string): string | undefined =>
      valueText(sent.get(key)).toWellFormed() || undefined;
    const number = (key: string): number | undefined => {
      const found = Number(sent.get(key));
      return Number.isInteger(found) && found > 0 ? found : undefined;
    };
    frames.push({
      function: text("function"),
      file: text("file"),
      line: number("line"),
      column: number("column"),
      isOwn: sent.get("own") === true,
      locals: localsOf(sent.get("locals")),
    });
  }
  return frames;
}

function localsOf(value: OtlpValue): ErrorField[] {
  if (!(value instanceof Map)) return [];
  return [...(value as Attributes)].slice(0, MAX_LOCALS).map(([name, each]) => ({
    name: name.toWellFormed().slice(0, ATTRIBUTE_TEXT),
    value: valueText(each).toWellFormed().slice(0, ATTRIBUTE_TEXT),
  }));
}

function asFingerprinted({ function: functionName, file, isOwn }: ErrorFrame) {
  return { functionName, file, isOwn };
}

/** What else was said, apart from what is told already. */
function fieldsOf(attributes: Attributes): ErrorField[] {
  const fields: ErrorField[] = [];
  for (const [name, value] of attributes) {
    if (name.startsWith("exception.") || name === "flx.error.frames") continue;
    if (fields.length >= MAX_FIELDS) break;
    fields.push({ name, value: valueText(value).toWellFormed().slice(0, ATTRIBUTE_TEXT) });
  }
  return fields;
}
