// What the worker tells the service's thread when a receiver does not take a request, or renewed certificates cannot be used:
// for people, by the check of health.

import type { Signal } from "../signal.ts";

/** Why a request was not taken, in part in the receiver's own words; or certificates were not, undefined when they are again. */
export interface DeliveryFault {
  readonly signal: Signal;
  readonly about: "request" | "certificates";
  readonly reason: string | undefined;
}
