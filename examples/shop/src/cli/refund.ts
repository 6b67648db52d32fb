// `shop refund ORDER_ID`: staff gives the money back, straight at the orders service.

import { join } from "node:path";
import { connectOrders } from "../orders/client.ts";
import { readSettings } from "../settings.ts";
import { ShopError } from "../shop-error.ts";
import type { Given } from "./arguments.ts";
import { CommandError, dataFolderOf } from "./command.ts";
import { runningShop } from "./control-client.ts";

const deadlineMs = 5000;

/** Refunds one order of the running shop. */
export async function refund(given: Given): Promise<number> {
  const dataFolder = dataFolderOf(given);
  const { ports, tls } = runningShop(dataFolder);
  const settings = {
    ...readSettings(),
    ordersAddress: `127.0.0.1:${ports.orders}`,
    tlsFolder: tls ? join(dataFolder, "tls") : undefined,
  };
  const orders = connectOrders(settings, deadlineMs);
  try {
    const reason = given.options["reason"] ?? "refunded by staff";
    const order = await orders.refundOrder({ id: given.words[0] ?? "", reason });
    const amount = `${(order.totalMinor / 100).toFixed(2)} ${order.currency}`;
    if (given.options["json"]) console.log(JSON.stringify(order, undefined, 2));
    else console.log(`order ${order.id} is ${order.status}: ${amount} go back to the customer`);
    return 0;
  } catch (error) {
    if (error instanceof ShopError) throw new CommandError(error.message, { cause: error });
    const { details } = error as { details?: string };
    throw new CommandError(`orders cannot do it now: ${details ?? String(error)}`, {
      cause: error,
    });
  } finally {
    orders.close();
  }
}
