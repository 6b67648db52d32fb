// Loads a service from the .proto files of the shop.

import { loadSync } from "@grpc/proto-loader";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../../proto");

/** The definition of one service, for example `loadService("orders.proto", "shop.orders.v1.Orders")`. */
export function loadService(file: string, name: string): ServiceDefinition {
  const loaded = loadSync(join(folder, file), { longs: Number, defaults: true });
  return loaded[name] as ServiceDefinition;
}
