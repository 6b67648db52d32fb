// What the worker tells the service's thread when a receiver does not take a request: for people, by the check of health.

import type { Signal } from "../signal.ts";

/** Why a request was not taken; in part the receiver's own words. */
export interface DeliveryFault {
  readonly signal: Signal;
  readonly reason: string;
}
