// W3C Baggage: what a request carries along for everybody, by name.
//
//   baggage: tenant=acme;internal, user%20id=..., cart=3
//
//   at most 64 entries and 8,192 bytes in all, as the standard has it; what is over is left out, oldest kept
//   values are percent-encoded; names are tokens; properties after ";" are kept as they are
//
// Source: https://www.w3.org/TR/baggage/

import type {
  Baggage,
  BaggageEntry,
  BaggageEntryMetadata,
  Context,
  TextMapGetter,
  TextMapPropagator,
  TextMapSetter,
} from "@opentelemetry/api";
import { isSuppressed } from "../context.ts";
import { listHeader } from "./carrier.ts";

const BAGGAGE = "baggage";
/** The key under which OpenTelemetry's API keeps baggage in a context. */
export const BAGGAGE_KEY: symbol = Symbol.for("OpenTelemetry Baggage Key");
/** How the API knows that an entry's metadata is what it made itself. */
const METADATA_TYPE = Symbol.for("BaggageEntryMetadata");

const MAX_ENTRIES = 64;
const MAX_BYTES = 8192;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Baggage that does not change. */
export class BaggageMap implements Baggage {
  readonly #entries: ReadonlyMap<string, BaggageEntry>;

  constructor(entries: ReadonlyMap<string, BaggageEntry>) {
    this.#entries = entries;
  }

  getEntry(key: string): BaggageEntry | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : { ...entry };
  }

  getAllEntries(): [string, BaggageEntry][] {
    return [...this.#entries];
  }

  setEntry(key: string, entry: BaggageEntry): BaggageMap {
    return new BaggageMap(new Map(this.#entries).set(key, entry));
  }

  removeEntry(key: string): BaggageMap {
    return this.removeEntries(key);
  }

  removeEntries(...keys: string[]): BaggageMap {
    const left = new Map(this.#entries);
    for (const key of keys) left.delete(key);
    return new BaggageMap(left);
  }

  clear(): BaggageMap {
    return new BaggageMap(new Map());
  }
}

/** The baggage of a context. */
export function baggageOf(context: Context): Baggage | undefined {
  return context.getValue(BAGGAGE_KEY) as Baggage | undefined;
}

/** Carries baggage in the header of the standard. */
export class W3CBaggagePropagator implements TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const baggage = baggageOf(context);
    if (baggage === undefined || isSuppressed(context)) return;
    const text = formatBaggage(baggage);
    if (text !== "") setter.set(carrier, BAGGAGE, text);
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const header = listHeader(carrier, getter, BAGGAGE);
    const entries = header === undefined ? undefined : parseBaggage(header);
    if (entries === undefined || entries.size === 0) return context;
    return context.setValue(BAGGAGE_KEY, new BaggageMap(entries));
  }

  fields(): string[] {
    return [BAGGAGE];
  }
}

/** Reads a header; members that break the rules are left out. */
export function parseBaggage(header: string): Map<string, BaggageEntry> {
  const entries = new Map<string, BaggageEntry>();
  for (const member of header.split(",")) {
    if (entries.size >= MAX_ENTRIES) break;
    const [pair = "", ...properties] = member.split(";");
    const equals = pair.indexOf("=");
    if (equals < 0) continue;
    const key = pair.slice(0, equals).trim();
    const value = decoded(pair.slice(equals + 1).trim());
    if (!TOKEN.test(key) || value === undefined) continue;
    const text = properties.map((property) => property.trim()).join(";");
    entries.set(key, text === "" ? { value } : { value, metadata: metadata(text) });
  }
  return entries;
}

/** Writes a header, as many entries as fit. */
export function formatBaggage(baggage: Baggage): string {
  const members: string[] = [];
  let length = 0;
  for (const [key, { value, metadata: properties }] of baggage.getAllEntries()) {
    if (members.length >= MAX_ENTRIES) break;
    if (!TOKEN.test(key) || typeof value !== "string") continue;
    const suffix = properties === undefined ? "" : `;${properties.toString()}`;
    const member = `${key}=${encodeURIComponent(value.toWellFormed())}${suffix}`;
    if (!/^[\x21-\x7e\t ]*$/.test(member)) continue;
    if (length + member.length + 1 > MAX_BYTES) continue;
    members.push(member);
    length += member.length + 1;
  }
  return members.join(",");
}

function metadata(text: string): BaggageEntryMetadata {
  return { __TYPE__: METADATA_TYPE, toString: () => text } as unknown as BaggageEntryMetadata;
}

/** The text of a percent-encoded value; sequences that are no UTF-8 become U+FFFD, as the standard wants. */
function decoded(value: string): string | undefined {
  if (!/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/.test(value)) return undefined;
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    const bytes = value.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCodePoint(Number.parseInt(hex, 16)),
    );
    return new TextDecoder().decode(Buffer.from(bytes, "latin1"));
  }
}
