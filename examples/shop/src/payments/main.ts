// The payments service: owns payments.db, speaks to the bank.

import { join } from "node:path";
import { crashAfterStart } from "../faults/crash-loop.ts";
import { loadService } from "../grpc/definition.ts";
import { startGrpcServer } from "../grpc/server.ts";
import { databaseCheck, databaseOptions } from "../health/database-check.ts";
import { nearby } from "../health/process-health.ts";
import { RecentOutcomes } from "../health/recent-outcomes.ts";
import { runProcess } from "../process/run.ts";
import { host } from "../settings.ts";
import { paymentsHandlers } from "./handlers.ts";
import type { PaymentsApi } from "./messages.ts";
import { openPaymentsDatabase, PaymentsStore } from "./store.ts";

await runProcess("payments", async ({ settings, log, faults, metrics, health }) => {
  const database = openPaymentsDatabase(settings.dataFolder);
  const store = new PaymentsStore(database);
  crashAfterStart(faults);

  const bank = new RecentOutcomes("authorisations");
  const file = join(settings.dataFolder, "payments.db");
  health.register("payments_db", databaseCheck(file), databaseOptions);
  health.register("bank", bank.check, nearby);

  const server = await startGrpcServer<PaymentsApi>({
    definition: loadService("payments.proto", "shop.payments.v1.Payments"),
    handlers: paymentsHandlers({ store, faults, random: Math.random, log, metrics, bank }),
    host,
    port: settings.paymentsPort,
    tlsFolder: settings.tlsFolder,
    log,
    metrics,
    health,
  });
  return { servers: [server], stop: () => database.close() };
});
