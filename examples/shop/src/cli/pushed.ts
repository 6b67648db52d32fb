// A command whose metrics outlive it: counted, timed, and pushed to a Pushgateway before the process ends.

import { MetricsCollector, Pushgateway } from "@flx/monitoring/metrics";
import { createLog } from "../log.ts";

/** Runs a command and pushes how it went; a push that fails is a warning, the command's outcome stays. */
export async function trackedAndPushed(
  url: string,
  name: string,
  run: () => Promise<number> | number,
): Promise<number> {
  try {
    return await new MetricsCollector().trackCommand(name, run);
  } finally {
    await new Pushgateway(url)
      .pushAdd({ jobName: "shop", groupings: { command: name } })
      .catch((error: unknown) => {
        createLog("supervisor").warn("the metrics were not pushed", {
          reason: (error as Error).message,
        });
      });
  }
}
