// The bank, played by this process: an answer takes a few milliseconds, and some cards are declined.

import { setTimeout as sleep } from "node:timers/promises";
import type { FaultSwitches } from "../faults/switches.ts";
import { between, type Random } from "../random.ts";
import { ShopError } from "../shop-error.ts";
import { declineReason, type DeclineReason } from "./decline.ts";
import type { AuthoriseRequest } from "./messages.ts";

/** The part of authorisations that fails while `payment-errors` is on. */
const brokenPart = 0.4;

/** Asks the bank to hold an amount; gives the reason when it declines. */
export async function askBank(
  { cardNumber, currency, amountMinor }: AuthoriseRequest,
  faults: FaultSwitches,
  random: Random,
): Promise<DeclineReason | undefined> {
  await sleep(between(random, 4, 18));
  if (faults.isOn("payment-errors") && random() < brokenPart) {
    throw new ShopError("payment_unavailable", "the bank closed the connection");
  }
  return declineReason(cardNumber, currency, amountMinor);
}
