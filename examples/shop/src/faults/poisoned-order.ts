// The fault `poisoned-order`: a file whose second row has a day that does not exist. The check only looks at the
// shape of the date, the transform believes it and throws.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FaultSwitches } from "./switches.ts";

const file = "0000-poisoned.ndjson"; // sorts before every other file, which then waits behind it

/** While the fault is on the file is in the inbox; `changed` is called when it came or went. */
export function poisonInbox(faults: FaultSwitches, inbox: string, changed: () => void): void {
  const path = join(inbox, file);
  rmSync(path, { force: true });
  faults.onChange("poisoned-order", (on) => {
    if (on) writeFileSync(path, rows());
    else rmSync(path, { force: true });
    changed();
  });
}

function rows(): string {
  const order = (ref: string, placedAt: string): string =>
    JSON.stringify({
      ref,
      placedAt,
      customer: { name: "Noor Bakker", email: "noor.bakker@example.net" },
      country: "NL",
      currency: "EUR",
      items: [{ sku: "tea-sencha-100", quantity: 1, price: 11.9 }],
    });
  return [
    order("MKT-POISON-0001", "2026-02-27T09:00:00Z"),
    order("MKT-POISON-0002", "2026-02-29T25:00:00Z"),
    order("MKT-POISON-0003", "2026-03-01T09:00:00Z"),
    "",
  ].join("\n");
}
