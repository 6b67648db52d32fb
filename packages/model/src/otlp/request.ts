// Requests of OTLP, put together from records that are bytes already.
//
//   ExportTraceServiceRequest    resource_spans = 1  { resource = 1, scope_spans = 2, schema_url = 3 }
//   ExportLogsServiceRequest     resource_logs = 1   { resource = 1, scope_logs = 2, schema_url = 3 }
//   ExportMetricsServiceRequest  resource_metrics = 1 { resource = 1, scope_metrics = 2, schema_url = 3 }
//   ScopeSpans, ScopeLogs, ScopeMetrics  { scope = 1, records = 2, schema_url = 3 }
//
// The three have the same shape and the same numbers, so one function writes them all.
//
// Source: opentelemetry/proto/collector/*/v1/*_service.proto

import { type ValueLimits, DEFAULT_VALUE_LIMITS, writeAttribute } from "./any-value.ts";
import { MessageWriter } from "./message-writer.ts";

/** What made records: a library, by name and version. */
export interface OtlpScope {
  readonly name: string;
  readonly version?: string | undefined;
  readonly schemaUrl?: string | undefined;
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
}

/** Records of one scope. */
export interface ScopeRecords {
  /** The scope as `encodeScope` gives it. */
  readonly scope: Uint8Array;
  readonly schemaUrl: string;
  /** Records with their tags (`RECORDS`) and lengths, any number in each piece. */
  readonly pieces: readonly Uint8Array[];
}

/** A scope's message, without tag and length. */
export function encodeScope(scope: OtlpScope): Uint8Array<ArrayBuffer> {
  const out = new MessageWriter(128);
  out.text(0x0a, scope.name);
  if (scope.version !== undefined && scope.version !== "") out.text(0x12, scope.version);
  for (const [key, value] of Object.entries(scope.attributes ?? {})) {
    writeAttribute(out, 0x1a, key, value);
  }
  return out.take();
}

/** A resource's message, without tag and length. */
export function encodeResource(
  attributes: Readonly<Record<string, unknown>>,
  limits: ValueLimits = DEFAULT_VALUE_LIMITS,
): Uint8Array<ArrayBuffer> {
  const out = new MessageWriter(512);
  for (const [key, value] of Object.entries(attributes)) {
    writeAttribute(out, 0x0a, key, value, limits);
  }
  return out.take();
}

/** A whole request: one resource, its scopes, their records. */
export function encodeRequest(
  resource: Uint8Array,
  schemaUrl: string,
  scopes: readonly ScopeRecords[],
): Uint8Array<ArrayBuffer> {
  const out = new MessageWriter(0);
  writeRequest(out, resource, schemaUrl, scopes);
  return out.bytes.subarray(0, out.at);
}

/** Writes a whole request into an array that may have been used before. */
export function writeRequest(
  out: MessageWriter,
  resource: Uint8Array,
  schemaUrl: string,
  scopes: readonly ScopeRecords[],
): void {
  // An array that grows while it is written leaves twice its size behind.
  out.reserve(sizeOf(resource, schemaUrl, scopes));
  const start = out.begin(0x0a);
  out.field(0x0a, resource);
  for (const { scope, schemaUrl: scopeSchemaUrl, pieces } of scopes) {
    const records = out.begin(0x12);
    out.field(0x0a, scope);
    for (const piece of pieces) out.raw(piece);
    if (scopeSchemaUrl !== "") out.text(0x1a, scopeSchemaUrl);
    out.end(records);
  }
  if (schemaUrl !== "") out.text(0x1a, schemaUrl);
  out.end(start);
}

/** Room for the tags and lengths of a message, and of a message and a text in it. */
const FRAME_BYTES = 48;

/** At least what a request takes, and not much more. */
function sizeOf(resource: Uint8Array, schemaUrl: string, scopes: readonly ScopeRecords[]): number {
  let size = FRAME_BYTES + resource.length + schemaUrl.length * 3;
  for (const { scope, schemaUrl: scopeSchemaUrl, pieces } of scopes) {
    size += FRAME_BYTES + scope.length + scopeSchemaUrl.length * 3;
    for (const piece of pieces) size += piece.length;
  }
  return size;
}
