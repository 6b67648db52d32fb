// When the bank says no.

/** A card ending in this has no money on it, as in the test cards of most payment providers. */
const emptyCard = "0002";

/** The most one payment may be, in the smallest unit of each currency. */
const limits: Readonly<Record<string, number>> = {
  EUR: 200_000,
  GBP: 170_000,
  USD: 220_000,
  CHF: 190_000,
  DKK: 1_500_000,
};

export type DeclineReason =
  | "invalid_card"
  | "insufficient_funds"
  | "over_limit"
  | "unknown_currency";

/** Why the bank declines, or undefined when it does not. */
export function declineReason(
  cardNumber: string,
  currency: string,
  amountMinor: number,
): DeclineReason | undefined {
  const limit = limits[currency];
  if (limit === undefined) return "unknown_currency";
  if (!hasValidChecksum(cardNumber)) return "invalid_card";
  if (cardNumber.endsWith(emptyCard)) return "insufficient_funds";
  return amountMinor > limit ? "over_limit" : undefined;
}

/** The checksum of card numbers (ISO/IEC 7812, Luhn): doubled every second digit from the right, sum divisible by ten. */
export function hasValidChecksum(cardNumber: string): boolean {
  if (!/^\d{12,19}$/.test(cardNumber)) return false;
  const sum = Array.from(cardNumber, Number)
    .toReversed()
    .reduce((total, value, index) => {
      const digit = value * (index % 2 === 0 ? 1 : 2);
      return total + (digit > 9 ? digit - 9 : digit);
    }, 0);
  return sum % 10 === 0;
}
