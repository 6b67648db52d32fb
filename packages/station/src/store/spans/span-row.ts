// A row of the store as a span.

import { readAttributeText, unescaped } from "../records/attribute-text.ts";
import { idText, traceIdText } from "../records/ids.ts";
import { readOriginText } from "../records/origin-text.ts";
import type { Row } from "../records/row.ts";
import { readSpanMore } from "./span-more.ts";
import { SPAN_KINDS, SPAN_STATUSES, type StoredSpan } from "./span-store.ts";

/** Reads rows; resources and scopes that stand in many are read once. */
export class SpanRows {
  readonly #origins = new Map<string, ReturnType<typeof readOriginText>>();

  read(row: Row): StoredSpan {
    const startNs = row["start"] as bigint;
    return {
      traceId: traceIdText(row["trace_hi"] as bigint, row["trace_lo"] as bigint),
      spanId: idText(row["span"] as bigint),
      parentSpanId: row["parent"] === 0n ? "" : idText(row["parent"] as bigint),
      flags: row["flags"] as number,
      service: unescaped(row["service"] as string),
      name: unescaped(row["name"] as string),
      kind: SPAN_KINDS[row["kind"] as number] ?? "unspecified",
      startNs,
      durationNs: Number(row["duration"]),
      status: SPAN_STATUSES[row["status"] as number] ?? "unset",
      attributes: readAttributeText(row["attributes"] as string),
      ...readSpanMore(row["more"] as string, startNs),
      ...this.#origin(row["origin"] as string),
    };
  }

  #origin(text: string): ReturnType<typeof readOriginText> {
    let origin = this.#origins.get(text);
    if (origin === undefined) {
      origin = readOriginText(text);
      this.#origins.set(text, origin);
    }
    return origin;
  }
}
