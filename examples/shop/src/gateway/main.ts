// The gateway: the shop's door to the world, HTTP in front, gRPC to orders behind.

import { peerCheck, peerOptions } from "../health/peer-check.ts";
import { nearby } from "../health/process-health.ts";
import { RecentOutcomes } from "../health/recent-outcomes.ts";
import { connectOrders } from "../orders/client.ts";
import { runProcess } from "../process/run.ts";
import { host } from "../settings.ts";
import { buildApp } from "./app.ts";

const ordersDeadlineMs = 4000;

await runProcess("gateway", async ({ service, settings, log, metrics, health }) => {
  const orders = connectOrders(settings, ordersDeadlineMs, metrics);
  const app = buildApp(service, orders, log);

  const answers = new RecentOutcomes("requests");
  app.addHook("onResponse", async (_request, reply) => answers.note(reply.statusCode < 500));
  health.register("orders", peerCheck(settings.ordersAddress, settings.tlsFolder), peerOptions);
  health.register("answers", answers.check, { ...nearby, dependsOn: ["orders"] });

  await app.listen({ host, port: settings.gatewayPort });
  return {
    servers: [app.server],
    async stop() {
      await app.close();
      orders.close();
    },
  };
});
