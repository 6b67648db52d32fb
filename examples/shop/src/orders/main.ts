// The orders service: owns orders.db, calls payments over gRPC.

import { join } from "node:path";
import { leakPrices } from "../faults/memory-leak.ts";
import { loadService } from "../grpc/definition.ts";
import { startGrpcServer } from "../grpc/server.ts";
import { databaseCheck, databaseOptions } from "../health/database-check.ts";
import { peerCheck, peerOptions } from "../health/peer-check.ts";
import { nearby } from "../health/process-health.ts";
import { RecentOutcomes } from "../health/recent-outcomes.ts";
import { connectPayments } from "../payments/client.ts";
import { runProcess } from "../process/run.ts";
import { host } from "../settings.ts";
import { openOrdersDatabase } from "./database.ts";
import { ordersHandlers } from "./handlers.ts";
import type { OrdersApi } from "./messages.ts";
import { priceOrder } from "./pricing.ts";
import { priceWithReducedTax } from "./reduced-tax.ts";
import { OrdersStore } from "./store.ts";

const paymentsDeadlineMs = 1500;

await runProcess("orders", async ({ service, settings, log, faults, metrics, health }) => {
  const database = openOrdersDatabase(settings.dataFolder);
  const store = new OrdersStore(database);
  const payments = connectPayments(settings, paymentsDeadlineMs, metrics);
  const price = service.version.startsWith("1.4.") ? priceOrder : priceWithReducedTax;
  leakPrices(faults, store);

  const paying = new RecentOutcomes("payments");
  const { paymentsAddress, tlsFolder } = settings;
  health.register(
    "orders_db",
    databaseCheck(join(settings.dataFolder, "orders.db")),
    databaseOptions,
  );
  health.register("payments", peerCheck(paymentsAddress, tlsFolder), peerOptions);
  health.register("paying", paying.check, { ...nearby, dependsOn: ["payments"] });

  const server = await startGrpcServer<OrdersApi>({
    definition: loadService("orders.proto", "shop.orders.v1.Orders"),
    handlers: ordersHandlers({ store, payments, paying, price, log, metrics }),
    host,
    port: settings.ordersPort,
    tlsFolder: settings.tlsFolder,
    log,
    metrics,
    health,
  });
  return {
    servers: [server],
    stop() {
      payments.close();
      database.close();
    },
  };
});
