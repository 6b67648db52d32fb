// The fault `memory-leak`: a cache of prices that is refreshed twice a second and never drops an old version.

import type { OrdersStore } from "../orders/store.ts";
import { localPriceMinor, markets } from "../orders/markets.ts";
import type { FaultSwitches } from "./switches.ts";

const refreshMs = 500;
const quantities = 45; // a price for each quantity, for a discount that was never built

type CachedPrice = { readonly key: string; readonly quantity: number; readonly totalMinor: number };

/** Leaks about 3 MB of objects a second while the fault is on; switching it off drops them all. */
export function leakPrices(faults: FaultSwitches, store: OrdersStore): void {
  const versions: CachedPrice[][] = [];
  let refresh: NodeJS.Timeout | undefined;
  faults.onChange("memory-leak", (on) => {
    clearInterval(refresh);
    versions.length = 0;
    if (on) refresh = setInterval(() => versions.push(loadPrices(store)), refreshMs).unref();
  });
}

function loadPrices(store: OrdersStore): CachedPrice[] {
  return store.products().flatMap(({ sku, euroMinor }) =>
    markets.flatMap((market) =>
      Array.from({ length: quantities }, (_, index) => {
        const quantity = index + 1;
        const totalMinor = localPriceMinor(euroMinor, market) * quantity;
        return { key: `${sku}/${market.country}/${quantity}`, quantity, totalMinor };
      }),
    ),
  );
}
