// A store without room for new series takes those it knows, and the sender may try the others again.

import type { FlxError } from "@flx/model";
import { SinkRefusal } from "../store/metric-sink.ts";

/** Whether a series was refused because the store has no room for any; not because its sender has brought too many. */
export function isWithoutRoom({ code }: FlxError): boolean {
  return code === "FLX_STORE_SERIES_LIMIT";
}

/** What the sender is told. New series are taken again when others have ended: that is a matter of minutes. */
export function comeAgain({ code, message }: FlxError): SinkRefusal {
  return new SinkRefusal(code, message, "overloaded", 30_000);
}
