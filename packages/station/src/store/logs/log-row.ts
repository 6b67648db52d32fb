// A row of the store as a log record.

import { readAttributeText, readTypedValue, unescaped } from "../records/attribute-text.ts";
import { readOriginText } from "../records/origin-text.ts";
import type { Row } from "../records/row.ts";
import { idText, traceIdText } from "../records/ids.ts";
import type { StoredLog } from "./log-store.ts";

/** Reads rows; resources and scopes that stand in many are read once. */
export class LogRows {
  readonly #origins = new Map<string, ReturnType<typeof readOriginText>>();

  read(row: Row): StoredLog {
    const timeNs = row["time"] as bigint;
    const [high, low, span] = [row["trace_hi"], row["trace_lo"], row["span"]] as bigint[];
    return {
      position: Number(row["position"]),
      timeNs,
      // Both are 64 bits, and so is their difference.
      observedNs: BigInt.asUintN(64, timeNs + (row["observed"] as bigint)),
      service: unescaped(row["service"] as string),
      severity: row["severity"] as number,
      severityText: unescaped(row["severity_text"] as string),
      body: readTypedValue(row["body"] as string, row["body_type"] as number),
      eventName: unescaped(row["event"] as string),
      traceId: (high! | low!) === 0n ? "" : traceIdText(high!, low!),
      spanId: span === 0n ? "" : idText(span!),
      flags: row["flags"] as number,
      attributes: readAttributeText(row["attributes"] as string),
      droppedAttributes: row["dropped"] as number,
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
