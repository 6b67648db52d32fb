// Zipkin's spans as they stand in JSON, version 2, checked: what is not as it must be is refused with its place and the reason.
//
//   [ { traceId id parentId name kind timestamp duration shared localEndpoint remoteEndpoint annotations tags }, ... ]
//     └ [3].localEndpoint.port must be a whole number from 0 to 65535
//
// Read leniently where Zipkin's own server is: ids may be short or in capitals, tags may be numbers or true and false, kinds may
// be in small letters, an empty text is as if it were absent, and what is not known is passed over.
//
// Source: https://zipkin.io/zipkin-api/ (zipkin2-api.yaml)

import { FlxError, isJsonDeeper } from "@flx/model";

/** Where a span was recorded, or what it talked to. "" and 0 where it is not said. */
export interface ZipkinEndpoint {
  readonly serviceName: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly port: number;
}

/** Something that happened. */
export interface ZipkinAnnotation {
  /** Unix microseconds. */
  readonly timestamp: number;
  readonly value: string;
}

/** The kinds; "" for a local span. */
export type ZipkinKind = "" | "CLIENT" | "SERVER" | "PRODUCER" | "CONSUMER";

/** A span. */
export interface ZipkinSpan {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly id: string;
  /** 16 hex digits; "" for none. */
  readonly parentId: string;
  readonly name: string;
  readonly kind: ZipkinKind;
  /** Unix microseconds; undefined when it is not known. */
  readonly timestamp: number | undefined;
  /** Microseconds; 0 when it is not known. */
  readonly duration: number;
  readonly isShared: boolean;
  readonly localEndpoint: ZipkinEndpoint;
  readonly remoteEndpoint: ZipkinEndpoint;
  readonly annotations: readonly ZipkinAnnotation[];
  readonly tags: readonly (readonly [key: string, value: string])[];
}

const KINDS: readonly ZipkinKind[] = ["CLIENT", "SERVER", "PRODUCER", "CONSUMER"];
/** Nanoseconds of it fit into 63 bits. */
const MAX_MICROSECONDS = 9_007_199_254_740_991;
/** Spans need four levels; what is unknown in them may have more. */
const MAX_DEPTH = 250;
const NO_ENDPOINT: ZipkinEndpoint = { serviceName: "", ipv4: "", ipv6: "", port: 0 };
const decoder = new TextDecoder("utf-8", { fatal: true });

type Json = Readonly<Record<string, unknown>>;

/**
 * The spans of a body.
 *
 * @throws {FlxError} `FLX_ZIPKIN_JSON` when it is no JSON, or something in it is not as it must be; with its place
 */
export function readZipkinJson(body: Uint8Array): readonly ZipkinSpan[] {
  if (isJsonDeeper(body, MAX_DEPTH)) refuse("the body", `nests more than ${MAX_DEPTH} deep`);
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(body));
  } catch (cause) {
    throw new FlxError("FLX_ZIPKIN_JSON", "the body is not JSON", { cause });
  }
  if (!Array.isArray(value)) refuse("the body", "must be a list of spans");
  return value.map((span, i) => readSpan(span, `[${i}]`));
}

function refuse(path: string, reason: string): never {
  throw new FlxError("FLX_ZIPKIN_JSON", `${path} ${reason}`);
}

function readSpan(value: unknown, path: string): ZipkinSpan {
  const span = object(value, path);
  return {
    traceId: id(span["traceId"], `${path}.traceId`, 32),
    id: id(span["id"], `${path}.id`, 16),
    parentId: isAbsent(span["parentId"]) ? "" : id(span["parentId"], `${path}.parentId`, 16),
    name: text(span["name"], `${path}.name`),
    kind: kind(span["kind"], `${path}.kind`),
    timestamp: time(span["timestamp"], `${path}.timestamp`),
    duration: time(span["duration"], `${path}.duration`) ?? 0,
    isShared: flag(span["shared"], `${path}.shared`),
    localEndpoint: endpoint(span["localEndpoint"], `${path}.localEndpoint`),
    remoteEndpoint: endpoint(span["remoteEndpoint"], `${path}.remoteEndpoint`),
    annotations: annotations(span["annotations"], `${path}.annotations`),
    tags: tags(span["tags"], `${path}.tags`),
  };
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function object(value: unknown, path: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  return refuse(path, "must be an object");
}

function id(value: unknown, path: string, digits: 16 | 32): string {
  if (typeof value !== "string" || !/^[0-9a-fA-F]+$/.test(value) || value.length > digits) {
    refuse(path, `must be up to ${digits} hex digits`);
  }
  if (/^0+$/.test(value)) refuse(path, "must not be all zero");
  return value.toLowerCase().padStart(digits, "0");
}

function text(value: unknown, path: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value.toWellFormed();
  return refuse(path, "must be a text");
}

function kind(value: unknown, path: string): ZipkinKind {
  if (isAbsent(value)) return "";
  const found = KINDS.find((each) => each === text(value, path).toUpperCase());
  return found ?? refuse(path, `must be one of ${KINDS.join(", ")}`);
}

/** Microseconds; 0 is as if absent, as it is to Zipkin. */
function time(value: unknown, path: string): number | undefined {
  if (isAbsent(value)) return undefined;
  const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !(number >= 0 && number <= MAX_MICROSECONDS)) {
    refuse(path, `must be microseconds, from 0 to ${MAX_MICROSECONDS}`);
  }
  const whole = Math.round(number);
  return whole === 0 ? undefined : whole;
}

function flag(value: unknown, path: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === "boolean") return value;
  return refuse(path, "must be true or false");
}

function endpoint(value: unknown, path: string): ZipkinEndpoint {
  if (value === undefined || value === null) return NO_ENDPOINT;
  const given = object(value, path);
  const port = isAbsent(given["port"]) ? 0 : given["port"];
  if (typeof port !== "number" || !Number.isInteger(port) || port < 0 || port > 65_535) {
    refuse(`${path}.port`, "must be a whole number from 0 to 65535");
  }
  return {
    serviceName: text(given["serviceName"], `${path}.serviceName`),
    ipv4: text(given["ipv4"], `${path}.ipv4`),
    ipv6: text(given["ipv6"], `${path}.ipv6`),
    port,
  };
}

function annotations(value: unknown, path: string): readonly ZipkinAnnotation[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) refuse(path, "must be a list");
  return value.map((item: unknown, i) => {
    const at = `${path}[${i}]`;
    const given = object(item, at);
    return {
      timestamp: time(given["timestamp"], `${at}.timestamp`) ?? 0,
      value: text(given["value"], `${at}.value`),
    };
  });
}

function tags(value: unknown, path: string): ZipkinSpan["tags"] {
  if (value === undefined || value === null) return [];
  return Object.entries(object(value, path)).map(([key, item]) => {
    const name = key.toWellFormed();
    if (typeof item === "string") return [name, item.toWellFormed()] as const;
    if (typeof item === "number" || typeof item === "boolean") return [name, String(item)] as const;
    return refuse(`${path}.${name.slice(0, 100)}`, "must be a text");
  });
}
