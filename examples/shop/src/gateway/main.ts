// The gateway: the shop's door to the world, HTTP in front, gRPC to orders behind.

import { connectOrders } from "../orders/client.ts";
import { runProcess } from "../process/run.ts";
import { host } from "../settings.ts";
import { buildApp } from "./app.ts";

const ordersDeadlineMs = 4000;

await runProcess("gateway", async ({ service, settings, log }) => {
  const orders = connectOrders(settings, ordersDeadlineMs);
  const app = buildApp(service, orders, log);
  await app.listen({ host, port: settings.gatewayPort });
  return {
    async stop() {
      await app.close();
      orders.close();
    },
  };
});
