// How other processes call payments.

import { connect } from "../grpc/client.ts";
import { loadService } from "../grpc/definition.ts";
import type { ShopMetrics } from "../metrics.ts";
import type { Settings } from "../settings.ts";
import type { PaymentsApi, PaymentsClient } from "./messages.ts";

/** A client of the payments service; every call may take up to `deadlineMs`. */
export function connectPayments(
  settings: Settings,
  deadlineMs: number,
  metrics?: ShopMetrics,
): PaymentsClient {
  return connect<PaymentsApi>({
    definition: loadService("payments.proto", "shop.payments.v1.Payments"),
    address: settings.paymentsAddress,
    tlsFolder: settings.tlsFolder,
    deadlineMs,
    metrics,
  });
}
