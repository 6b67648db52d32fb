// A store without room for new series takes those it knows. What becomes of the others, by what it throws for them:
//
//   FLX_STORE_SERIES_LIMIT   there is no room now            the sender may try them again: 429, RESOURCE_EXHAUSTED
//   FLX_STORE_FULL           there has been none for long    refused for good: 400, partial success
//   FLX_STORE_SOURCE_LIMIT   their sender has too many       refused for good
//
// Why not "again" for as long as it is full: senders that send in order (a Prometheus, vmagent, a station) hold back all
// they have until a request is taken. One new series would keep the samples of all the others away, until a window is closed
// or for ever; so they are told to come again for two minutes, in which a limit can be raised or a window be closed, and
// nobody who looks back five minutes sees a gap.

import type { FlxError } from "@flx/model";
import { SinkRefusal } from "../store/metric-sink.ts";

/** Whether a series was refused because the store has no room for any now; not for long, nor for its sender's fault. */
export function isWithoutRoom({ code }: FlxError): boolean {
  return code === "FLX_STORE_SERIES_LIMIT";
}

/** Whether a series was refused because there are too many, whoever brought them. */
export function isOverLimit({ code }: FlxError): boolean {
  return (
    code === "FLX_STORE_SERIES_LIMIT" ||
    code === "FLX_STORE_FULL" ||
    code === "FLX_STORE_SOURCE_LIMIT"
  );
}

/** What the sender is told: to come again, a few times within the two minutes. */
export function comeAgain({ code, message }: FlxError): SinkRefusal {
  return new SinkRefusal(code, message, "overloaded", 30_000);
}
