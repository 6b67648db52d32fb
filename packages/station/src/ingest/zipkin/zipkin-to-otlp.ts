// Zipkin's spans as an OTLP request, so that what follows is the same for both.
//
//   localEndpoint.serviceName            service.name of the resource; ip, port: net.host.ip, net.host.port
//   remoteEndpoint                       peer.service, net.peer.ip, net.peer.port
//   kind; without one tag span.kind      kind; "internal" or unspecified
//   shared                               zipkin.shared: both sides of a call keep their one id
//   annotations                          events
//   tag error                            status error; its text is the message
//   tags otel.status_code, _description  status, as OpenTelemetry's exporters to Zipkin write it
//   tags otel.scope.*, otel.library.*    scope
//   tags of resources, telemetry.sdk.*   resource, where those exporters took them from
//   other tags                           attributes, texts as they are
//   no timestamp                         that of the first annotation, else when it came; otel.zipkin.absentField.startTime
//
// Done as the OpenTelemetry Collector's receiver does it, but for two: `shared` is kept, because the service graph needs it, and
// a span without a time does not begin in 1970.
//
// Source: https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/

import {
  type AttributeColumns,
  encodeResource,
  encodeScope,
  MessageWriter,
  type OtlpEvent,
  type OtlpSpan,
  writeSpan,
} from "@flx/model";
import type { ZipkinEndpoint, ZipkinSpan } from "./zipkin-json.ts";

const KINDS: Readonly<Record<string, number>> = { SERVER: 2, CLIENT: 3, PRODUCER: 4, CONSUMER: 5 };
const INTERNAL = 1;
const STATUS_CODES: Readonly<Record<string, number>> = {
  OK: 1,
  ERROR: 2,
  STATUS_CODE_OK: 1,
  STATUS_CODE_ERROR: 2,
};
const ERROR = 2;
/** Keys of resources by how they begin. */
const RESOURCE =
  /^(?:service|telemetry\.(?:sdk|distro)|host|os|process|container|k8s|cloud|deployment|device|webengine|aws\.(?:ecs|eks|log))\./;
const SCOPES: Readonly<Record<string, "name" | "version">> = {
  "otel.scope.name": "name",
  "otel.scope.version": "version",
  "otel.library.name": "name",
  "otel.library.version": "version",
};
const LIMITS = { valueLength: Number.MAX_SAFE_INTEGER, depth: 1, items: 1 };

/** Spans of one resource and scope. */
interface Group {
  readonly resource: ReadonlyMap<string, string>;
  readonly scope: { readonly name: string; readonly version: string };
  readonly spans: OtlpSpan[];
}

/**
 * The request in protobuf.
 *
 * @param nowMs when the spans came, Unix milliseconds
 */
export function zipkinToOtlp(spans: readonly ZipkinSpan[], nowMs: number): Uint8Array {
  const groups = new Map<string, Group>();
  for (const span of spans) {
    const sorted = sortTags(span);
    groupOf(groups, sorted).spans.push(otlpSpan(span, sorted, nowMs));
  }
  const out = new MessageWriter(4_096);
  for (const group of groups.values()) {
    const resourceSpans = out.begin(0x0a);
    out.field(0x0a, encodeResource(Object.fromEntries(group.resource), LIMITS));
    const scopeSpans = out.begin(0x12);
    out.field(0x0a, encodeScope(group.scope));
    for (const span of group.spans) writeSpan(out, span, LIMITS);
    out.end(scopeSpans);
    out.end(resourceSpans);
  }
  return out.take();
}

/** The tags of a span by what they are about. */
interface SortedTags {
  readonly resource: Map<string, string>;
  readonly scope: { name: string; version: string };
  readonly attributes: Map<string, string | number | boolean>;
  isInternal: boolean;
  statusCode: number;
  statusMessage: string;
}

function sortTags({ tags, localEndpoint, kind }: ZipkinSpan): SortedTags {
  const sorted: SortedTags = {
    resource: new Map(),
    scope: { name: "", version: "" },
    attributes: new Map(),
    isInternal: false,
    statusCode: 0,
    statusMessage: "",
  };
  let error: string | undefined;
  for (const [key, value] of tags) {
    if (Object.hasOwn(SCOPES, key)) sorted.scope[SCOPES[key]!] ||= value;
    else if (RESOURCE.test(key)) sorted.resource.set(key, value);
    else if (key === "error") error = value;
    else if (key === "otel.status_code") sorted.statusCode = statusOf(value);
    else if (key === "otel.status_description") sorted.statusMessage = value;
    else if (key === "span.kind" && kind === "") sorted.isInternal = value === "internal";
    else sorted.attributes.set(key, value);
  }
  if (localEndpoint.serviceName !== "") {
    sorted.resource.set("service.name", localEndpoint.serviceName);
  }
  if (error !== undefined) takeError(sorted, error);
  return sorted;
}

function statusOf(word: string): number {
  return Object.hasOwn(STATUS_CODES, word) ? STATUS_CODES[word]! : 0;
}

/** To Zipkin a span with this tag failed, whatever its value; only some clients write "false". */
function takeError(sorted: SortedTags, value: string): void {
  if (value === "false") {
    sorted.attributes.set("error", value);
    return;
  }
  if (sorted.statusCode === 0) sorted.statusCode = ERROR;
  if (value === "" || value === "true") return;
  sorted.statusMessage ||= value;
  sorted.attributes.set("error", value);
}

function groupOf(groups: Map<string, Group>, { resource, scope }: SortedTags): Group {
  const key = JSON.stringify([[...resource], scope.name, scope.version]);
  let group = groups.get(key);
  if (group === undefined) {
    group = { resource, scope, spans: [] };
    groups.set(key, group);
  }
  return group;
}

function otlpSpan(span: ZipkinSpan, sorted: SortedTags, nowMs: number): OtlpSpan {
  const { attributes } = sorted;
  addEndpoint(attributes, span.localEndpoint, "net.host");
  addEndpoint(attributes, span.remoteEndpoint, "net.peer");
  if (span.remoteEndpoint.serviceName !== "") {
    attributes.set("peer.service", span.remoteEndpoint.serviceName);
  }
  if (span.isShared) attributes.set("zipkin.shared", true);
  if (span.timestamp === undefined) attributes.set("otel.zipkin.absentField.startTime", true);
  const start = startOf(span, nowMs);
  const [startSeconds, startNanos] = secondsOf(start);
  const [endSeconds, endNanos] = secondsOf(start + span.duration);
  const [word0, word1, word2, word3] = words(span.traceId);
  const [span0, span1] = words(span.id);
  const [parent0, parent1] = span.parentId === span.id ? [0, 0] : words(span.parentId);
  return {
    trace: { word0: word0!, word1: word1!, word2: word2!, word3: word3! },
    span0: span0!,
    span1: span1!,
    parent0: parent0 ?? 0,
    parent1: parent1 ?? 0,
    traceState: "",
    flags: 0,
    name: span.name,
    kind: span.kind === "" ? (sorted.isInternal ? INTERNAL : 0) : KINDS[span.kind]!,
    startSeconds,
    startNanos,
    endSeconds,
    endNanos,
    attributes: columns(attributes),
    events: span.annotations.map(eventOf),
    droppedEvents: 0,
    links: undefined,
    droppedLinks: 0,
    statusCode: sorted.statusCode,
    statusMessage: sorted.statusMessage,
  };
}

function addEndpoint(
  attributes: SortedTags["attributes"],
  { ipv4, ipv6, port }: ZipkinEndpoint,
  prefix: string,
): void {
  const ip = ipv4 || ipv6;
  if (ip !== "") attributes.set(`${prefix}.ip`, ip);
  if (port > 0) attributes.set(`${prefix}.port`, port);
}

/** Unix microseconds. */
function startOf({ timestamp, annotations }: ZipkinSpan, nowMs: number): number {
  if (timestamp !== undefined) return timestamp;
  let first = Infinity;
  for (const { timestamp: at } of annotations) if (at > 0 && at < first) first = at;
  return first === Infinity ? Math.round(nowMs * 1_000) : first;
}

function eventOf({
  timestamp,
  value,
}: {
  readonly timestamp: number;
  readonly value: string;
}): OtlpEvent {
  const [seconds, nanos] = secondsOf(timestamp);
  return { name: value, seconds, nanos, attributes: undefined };
}

function secondsOf(microseconds: number): [seconds: number, nanos: number] {
  return [Math.floor(microseconds / 1e6), (microseconds % 1e6) * 1_000];
}

/** Hex digits, eight at a time. */
function words(hex: string): number[] {
  const found: number[] = [];
  for (let i = 0; i < hex.length; i += 8) found.push(Number.parseInt(hex.slice(i, i + 8), 16));
  return found;
}

function columns(attributes: SortedTags["attributes"]): AttributeColumns {
  return { keys: [...attributes.keys()], values: [...attributes.values()], dropped: 0 };
}
