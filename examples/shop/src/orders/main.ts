// The orders service: owns orders.db, calls payments over gRPC.

import { leakPrices } from "../faults/memory-leak.ts";
import { loadService } from "../grpc/definition.ts";
import { startGrpcServer } from "../grpc/server.ts";
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

await runProcess("orders", async ({ service, settings, log, faults, metrics }) => {
  const database = openOrdersDatabase(settings.dataFolder);
  const store = new OrdersStore(database);
  const payments = connectPayments(settings, paymentsDeadlineMs);
  const price = service.version.startsWith("1.4.") ? priceOrder : priceWithReducedTax;
  leakPrices(faults, store);

  const server = await startGrpcServer<OrdersApi>({
    definition: loadService("orders.proto", "shop.orders.v1.Orders"),
    handlers: ordersHandlers({ store, payments, price, log, metrics }),
    host,
    port: settings.ordersPort,
    tlsFolder: settings.tlsFolder,
    log,
    metrics,
  });
  return {
    async stop() {
      await server.stop();
      payments.close();
      database.close();
    },
  };
});
