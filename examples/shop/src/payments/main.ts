// The payments service: owns payments.db, speaks to the bank.

import { crashAfterStart } from "../faults/crash-loop.ts";
import { loadService } from "../grpc/definition.ts";
import { startGrpcServer } from "../grpc/server.ts";
import { runProcess } from "../process/run.ts";
import { host } from "../settings.ts";
import { paymentsHandlers } from "./handlers.ts";
import type { PaymentsApi } from "./messages.ts";
import { openPaymentsDatabase, PaymentsStore } from "./store.ts";

await runProcess("payments", async ({ settings, log, faults, metrics }) => {
  const database = openPaymentsDatabase(settings.dataFolder);
  const store = new PaymentsStore(database);
  crashAfterStart(faults);

  const server = await startGrpcServer<PaymentsApi>({
    definition: loadService("payments.proto", "shop.payments.v1.Payments"),
    handlers: paymentsHandlers({ store, faults, random: Math.random, log, metrics }),
    host,
    port: settings.paymentsPort,
    tlsFolder: settings.tlsFolder,
    log,
    metrics,
  });
  return {
    async stop() {
      await server.stop();
      database.close();
    },
  };
});
