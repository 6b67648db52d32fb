// The customers a fresh database starts with: invented people, the same ones every time.

import { pick, pickWeighted, seededRandom } from "../random.ts";

export type Customer = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly country: string;
};

export const customerCount = 200;

const firstNames = [
  "Ada",
  "Ben",
  "Chloe",
  "David",
  "Elif",
  "Finn",
  "Grace",
  "Hugo",
  "Ines",
  "Jonas",
];
const lastNames = [
  "Berg",
  "Costa",
  "Dubois",
  "Evans",
  "Fischer",
  "Jensen",
  "Keller",
  "Novak",
  "Smit",
];
const countries = [
  ["DE", 30],
  ["FR", 18],
  ["GB", 16],
  ["US", 12],
  ["NL", 10],
  ["DK", 8],
  ["CH", 6],
] as const;

/** The id of the n-th customer, 1 <= n <= customerCount. */
export function customerId(n: number): string {
  return `cus_${String(n).padStart(4, "0")}`;
}

/** All customers of a fresh database. */
export function seedCustomers(): Customer[] {
  const random = seededRandom(2026);
  return Array.from({ length: customerCount }, (_, index) => {
    const id = customerId(index + 1);
    const [first, last] = [pick(random, firstNames), pick(random, lastNames)];
    const email = `${first}.${last}.${index + 1}@example.com`.toLowerCase();
    return { id, name: `${first} ${last}`, email, country: pickWeighted(random, countries) };
  });
}
