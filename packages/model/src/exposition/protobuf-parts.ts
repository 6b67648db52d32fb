// The small messages that stand inside several others: a label pair, a google.protobuf.Timestamp.

import type { UnixMs } from "../units.ts";
import { LABEL, TIMESTAMP } from "./protobuf-fields.ts";
import type { ProtobufWriter } from "./protobuf-wire.ts";

/** Writes a label pair. */
export function writeLabel(out: ProtobufWriter, field: number, name: string, value: string): void {
  const start = out.begin(field);
  out.text(LABEL.name, name);
  out.text(LABEL.value, value);
  out.end(start);
}

/**
 * Writes a time as whole seconds, and nanoseconds that only go forward.
 *
 * @param timeMs whose seconds are a safe integer
 */
export function writeTimestamp(out: ProtobufWriter, field: number, timeMs: UnixMs): void {
  let seconds = Math.floor(timeMs / 1000);
  let nanos = Math.round((timeMs - seconds * 1000) * 1e6);
  if (nanos >= 1e9) {
    seconds++;
    nanos = 0;
  }
  const start = out.begin(field);
  out.int(TIMESTAMP.seconds, seconds);
  if (nanos !== 0) out.int(TIMESTAMP.nanos, nanos);
  out.end(start);
}
