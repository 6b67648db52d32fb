// The rpcs of the payments service.

import { randomUUID } from "node:crypto";
import type { FaultSwitches } from "../faults/switches.ts";
import type { RecentOutcomes } from "../health/recent-outcomes.ts";
import type { Handlers } from "../grpc/server.ts";
import type { Log } from "../log.ts";
import type { ShopMetrics } from "../metrics.ts";
import type { Random } from "../random.ts";
import { ShopError } from "../shop-error.ts";
import { askBank } from "./bank.ts";
import type { AuthoriseRequest, Payment, PaymentsApi, PaymentStatus } from "./messages.ts";
import type { PaymentsStore } from "./store.ts";

export type Till = {
  readonly store: PaymentsStore;
  readonly faults: FaultSwitches;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: ShopMetrics;
  /** How the bank answered; a card that is declined is an answer. */
  readonly bank: RecentOutcomes;
};

/** Answers each rpc from the till's store; the bank decides authorisations. */
export function paymentsHandlers(till: Till): Handlers<PaymentsApi> {
  return {
    authorise: (request) => authorise(till, request),
    capture: ({ paymentId }) => move(till, paymentId, "authorised", "captured", ""),
    refund: ({ paymentId, reason }) => move(till, paymentId, "captured", "refunded", reason),
    streamPayments: ({ sinceMs }) => till.store.since(sinceMs),
  };
}

async function authorise(
  { store, faults, random, log, metrics, bank }: Till,
  request: AuthoriseRequest,
): Promise<Payment> {
  const asked = askBank(request, faults, random);
  asked.then(
    () => bank.note(true),
    () => bank.note(false),
  );
  const declined = await asked;
  const payment: Payment = {
    id: `pay_${randomUUID().slice(0, 13)}`,
    orderId: request.orderId,
    status: declined === undefined ? "authorised" : "declined",
    currency: request.currency,
    amountMinor: request.amountMinor,
    cardLast4: request.cardNumber.slice(-4),
    declineReason: declined ?? "",
    createdAtMs: Date.now(),
  };
  store.insert(payment);
  if (declined !== undefined) metrics.business.payments_declined_total.inc({ reason: declined });
  log.info(payment.status, { payment: payment.id, order: payment.orderId, reason: declined });
  return payment;
}

/** Moves a payment from one status to the next; doing it twice is harmless. */
function move(
  { store, log }: Till,
  id: string,
  from: PaymentStatus,
  to: PaymentStatus,
  reason: string,
): Payment {
  const payment = store.find(id);
  if (payment === undefined) throw new ShopError("unknown_payment", `there is no payment "${id}"`);
  if (payment.status === to) return payment;
  if (payment.status !== from) {
    throw new ShopError("not_refundable", `payment ${id} is ${payment.status}, not ${from}`);
  }
  store.setStatus(id, to, reason);
  log.info(to, { payment: id, order: payment.orderId });
  return { ...payment, status: to };
}
