// Which format, escaping and compression a scraper gets, from what its headers say.
//
//   Accept            application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5, text/plain;q=0.3, */*;q=0.1
//                     └ range                    └ parameters                         └ weight
//   offers            text 0.0.4, OpenMetrics 1.0.0, text 1.0.0, OpenMetrics 0.0.1, protobuf
//
// Each offer has the weight of the most specific range that it fits; the heaviest offer wins, and of equals the first
// in the list above. So `*/*`, no header, or one that fits nothing is text 0.0.4, which everybody reads.
// Protobuf is only given to who names the message and the framing: nobody wants bytes by accident.
//
// What a browser or a broken client sends must not fail a scrape: a range that makes no sense is as if it were not
// there, and a header longer than 4,096 characters counts as missing.
//
// Source: RFC 9110 section 12.5; https://prometheus.io/docs/instrumenting/content_negotiation/

import {
  ESCAPING_SCHEMES,
  type EscapingScheme,
  type ExpositionFormat,
  OPENMETRICS_CONTENT_TYPE,
  PROTOBUF_CONTENT_TYPE,
  TEXT_CONTENT_TYPE,
} from "@flx/model/write";

/** The formats that a registry can be exposed in. */
export type ExposedFormat = ExpositionFormat | "protobuf";

/** What a scraper gets. */
export interface NegotiatedFormat {
  readonly format: ExposedFormat;
  readonly contentType: string;
  readonly escaping: EscapingScheme;
}

/** How a body is compressed; `identity` is not at all. */
export type ContentCoding = "zstd" | "gzip" | "identity";

/** A header that is longer counts as missing. */
const MAX_HEADER_LENGTH = 4096;

interface Offer {
  readonly type: string;
  /** Parameters that a range must have equal when it has them. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Parameters that a range must have. */
  readonly required: readonly string[];
  readonly format: ExposedFormat;
  readonly contentType: string;
}

const offers: readonly Offer[] = [
  {
    type: "text/plain",
    parameters: { version: "0.0.4", charset: "utf-8" },
    required: [],
    format: "text",
    contentType: TEXT_CONTENT_TYPE,
  },
  {
    type: "application/openmetrics-text",
    parameters: { version: "1.0.0", charset: "utf-8" },
    required: [],
    format: "openmetrics",
    contentType: OPENMETRICS_CONTENT_TYPE,
  },
  {
    type: "text/plain",
    parameters: { version: "1.0.0", charset: "utf-8" },
    required: ["version"],
    format: "text",
    contentType: TEXT_CONTENT_TYPE.replace("0.0.4", "1.0.0"),
  },
  {
    type: "application/openmetrics-text",
    parameters: { version: "0.0.1", charset: "utf-8" },
    required: ["version"],
    format: "openmetrics",
    contentType: OPENMETRICS_CONTENT_TYPE.replace("1.0.0", "0.0.1"),
  },
  {
    type: "application/vnd.google.protobuf",
    parameters: { proto: "io.prometheus.client.metricfamily", encoding: "delimited" },
    required: ["proto", "encoding"],
    format: "protobuf",
    contentType: PROTOBUF_CONTENT_TYPE,
  },
];

/** One element of a header: a name, its parameters, its weight. */
interface Range {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly weight: number;
}

/**
 * The format for an Accept header. Never throws.
 *
 * @example negotiateFormat("application/openmetrics-text; version=1.0.0").format // "openmetrics"
 */
export function negotiateFormat(accept: string | undefined): NegotiatedFormat {
  const ranges = headerRanges(accept);
  let best: { offer: Offer; range: Range } | undefined;
  for (const offer of offers) {
    const range = mostSpecific(offer, ranges);
    if (range === undefined || range.weight === 0) continue;
    if (best === undefined || range.weight > best.range.weight) best = { offer, range };
  }
  if (best === undefined) {
    return { format: "text", contentType: TEXT_CONTENT_TYPE, escaping: "underscores" };
  }
  const { format, contentType } = best.offer;
  const asked = ESCAPING_SCHEMES.find((scheme) => scheme === best.range.parameters.get("escaping"));
  // Who has not asked may not know the parameter.
  return asked === undefined
    ? { format, contentType, escaping: "underscores" }
    : { format, contentType: `${contentType}; escaping=${asked}`, escaping: asked };
}

/**
 * The compression for an Accept-Encoding header, of those that can be made. Never throws; `identity` when nothing
 * fits or nothing is said.
 *
 * @param available in order of preference among equally welcome ones
 */
export function negotiateCoding(
  acceptEncoding: string | undefined,
  available: readonly ContentCoding[],
): ContentCoding {
  const weights = new Map<string, number>();
  for (const { name, weight } of headerRanges(acceptEncoding)) {
    weights.set(name === "x-gzip" ? "gzip" : name, weight);
  }
  let best: ContentCoding = "identity";
  let most = weights.get("identity") ?? 0;
  for (const coding of available) {
    const weight = weights.get(coding) ?? weights.get("*") ?? 0;
    if (weight === 0 || weight < most || (weight === most && best !== "identity")) continue;
    best = coding;
    most = weight;
  }
  return best;
}

/** The range that says most about an offer; of equals the heaviest. */
function mostSpecific(offer: Offer, ranges: readonly Range[]): Range | undefined {
  let best: Range | undefined;
  let most = -1;
  for (const range of ranges) {
    const specificity = fit(offer, range);
    if (specificity < 0 || specificity < most) continue;
    if (specificity === most && best !== undefined && range.weight <= best.weight) continue;
    best = range;
    most = specificity;
  }
  return best;
}

/** How specific a range is for an offer; -1 when it does not fit. */
function fit({ type, parameters, required }: Offer, range: Range): number {
  const [group = ""] = type.split("/");
  if (range.name === "*/*") return required.length === 0 ? 0 : -1;
  if (range.name === `${group}/*`) return required.length === 0 ? 1 : -1;
  if (range.name !== type) return -1;
  let same = 0;
  for (const [name, want] of Object.entries(parameters)) {
    const has = range.parameters.get(name);
    if (has === undefined && !required.includes(name)) continue;
    if (has !== want) return -1;
    same++;
  }
  return 2 + same;
}

/** The elements of a header, without those that make no sense. */
function headerRanges(header: string | undefined): Range[] {
  if (header === undefined || header.length > MAX_HEADER_LENGTH) return [];
  const ranges: Range[] = [];
  for (const element of splitOutsideQuotes(header, ",")) {
    const [name = "", ...rest] = splitOutsideQuotes(element, ";");
    const parameters = new Map<string, string>();
    for (const parameter of rest) {
      const [key = "", ...value] = parameter.split("=");
      parameters.set(key.trim().toLowerCase(), unquoted(value.join("=").trim()).toLowerCase());
    }
    const weight = weightOf(parameters.get("q"));
    const trimmed = name.trim().toLowerCase();
    if (trimmed !== "" && weight !== undefined) ranges.push({ name: trimmed, parameters, weight });
  }
  return ranges;
}

/** RFC 9110: 0 to 1 with at most three digits; more digits harm nobody. */
function weightOf(text: string | undefined): number | undefined {
  if (text === undefined) return 1;
  if (!/^(?:0(?:\.\d*)?|1(?:\.0*)?|\.\d+)$/.test(text)) return undefined;
  return Number(text);
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator);
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') quoted = !quoted;
    else if (quoted && character === "\\") i++;
    else if (!quoted && character === separator) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function unquoted(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  return value.slice(1, -1).replaceAll(/\\(.)/g, "$1");
}
