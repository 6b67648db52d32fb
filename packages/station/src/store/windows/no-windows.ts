// Until closed windows are on disk: nothing is closed, and everything stays in the head and its log.

import { FlxError } from "@flx/model";
import type { WindowStatistics, WindowStore } from "./window-store.ts";

/** Windows that are never closed. */
export class NoWindows implements WindowStore, AsyncDisposable {
  readonly closedUntilMs: number = -Infinity;

  close(): Promise<void> {
    const message = "closed windows are not there yet: samples stay in the head";
    return Promise.reject(new FlxError("FLX_STORE_WINDOWS", message));
  }

  select: WindowStore["select"] = () => [];
  labelNames: WindowStore["labelNames"] = () => Promise.resolve({ items: [], isCut: false });
  labelValues: WindowStore["labelValues"] = () => Promise.resolve({ items: [], isCut: false });
  series: WindowStore["series"] = () => Promise.resolve({ items: [], isCut: false });
  exemplars: WindowStore["exemplars"] = () => Promise.resolve([]);

  statistics(): WindowStatistics {
    const times = { minTimeMs: Number.NaN, maxTimeMs: Number.NaN };
    return { windows: 0, bytes: 0, samples: 0, ...times, quarantined: [] };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
