// The two messages of remote write, in Prometheus' words: which one is sent is said by `protobuf_message`.

import { choice } from "../../config/scalars.ts";
import { type Shape, withDefault } from "../../config/shape.ts";

/** The message of remote write 1.0. */
export const WRITE_V1 = "prometheus.WriteRequest";
/** The message of remote write 2.0. */
export const WRITE_V2 = "io.prometheus.write.v2.Request";

/** What is sent. */
export type WriteMessage = typeof WRITE_V1 | typeof WRITE_V2;

/** `protobuf_message`. */
export const writeMessage: Shape<WriteMessage> = withDefault(
  choice([WRITE_V1, WRITE_V2]),
  WRITE_V1,
);

/** The headers that say which message a body is. */
export function messageHeaders(message: WriteMessage): Readonly<Record<string, string>> {
  return {
    "Content-Encoding": "snappy",
    "Content-Type":
      message === WRITE_V1 ? "application/x-protobuf" : `application/x-protobuf;proto=${WRITE_V2}`,
    "X-Prometheus-Remote-Write-Version": message === WRITE_V1 ? "0.1.0" : "2.0.0",
  };
}
