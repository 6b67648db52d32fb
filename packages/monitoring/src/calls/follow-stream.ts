// Follows a Node stream to its end by listening; nothing of it is read.
//
//   error, whoever handles it      failed; heard through errorMonitor, so that an error nobody handles still crashes
//   end, finish                    finished, once every side that was open is over
//   close before that              stopped (reading) or cancelled (writing: what was not written is lost)
//   premature close (pipeline)     cancelled: the other end left, a client that hung up
//   cancelled (grpc-js)            cancelled

import { errorMonitor, type EventEmitter } from "node:events";
import type { ObservedCall } from "./observed-call.ts";

/** What streams of Node have, so far as they have it. */
interface StreamLike extends EventEmitter {
  readonly readable?: boolean;
  readonly writable?: boolean;
  readonly readableEnded?: boolean;
  readonly writableFinished?: boolean;
  readonly errored?: unknown;
}

/** Whether a value is a stream of Node. */
export function isNodeStream(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const like = value as Record<string, unknown>;
  return typeof like["pipe"] === "function" && typeof like["on"] === "function";
}

/**
 * Ends the run when the stream is over.
 *
 * @param sides "write": what is read from the stream is somebody else's, as in a gRPC handler
 */
export function followStream(
  run: ObservedCall,
  value: object,
  sides: "all" | "write" = "all",
): void {
  const stream = value as StreamLike;
  const isReading = sides === "all" && stream.readable === true;
  const isWriting = stream.writable === true;
  if (!isReading && !isWriting) {
    endWith(run, stream.errored, "finished");
    return;
  }
  let [hasEnded, hasFinished] = [!isReading, !isWriting];
  const stop = () => {
    for (const [event, listener] of listeners) stream.removeListener(event, listener);
  };
  const overAt = (): void => {
    if (!hasEnded || !hasFinished) return;
    stop();
    run.end("finished");
  };
  const listeners: readonly (readonly [string | symbol, (error?: unknown) => void])[] = [
    [
      errorMonitor,
      (error) => {
        stop();
        endWith(run, error, "finished");
      },
    ],
    [
      "end",
      () => {
        hasEnded = true;
        overAt();
      },
    ],
    [
      "finish",
      () => {
        hasFinished = true;
        overAt();
      },
    ],
    [
      "cancelled",
      () => {
        stop();
        run.end("cancelled");
      },
    ],
    [
      "close",
      () => {
        stop();
        endWith(run, stream.errored, hasFinished ? "stopped" : "cancelled");
      },
    ],
  ];
  for (const [event, listener] of listeners) stream.on(event, listener);
}

/** A stream is destroyed with that code when the other end of its pipeline left: nothing failed here. */
function endWith(
  run: ObservedCall,
  error: unknown,
  otherwise: "finished" | "stopped" | "cancelled",
): void {
  if (error === undefined || error === null) run.end(otherwise);
  else if ((error as { code?: unknown }).code === "ERR_STREAM_PREMATURE_CLOSE")
    run.end("cancelled");
  else run.fail(error);
}
