// Which service answers at which address, learned from calls that had both sides.
//
//   orders calls 10.0.0.7:8443, and a span of payments answers     ─► (orders, 10.0.0.7:8443) is payments
//   orders calls 10.0.0.7:8443, and nobody answers                 ─► payments again, which is away
//
// Without it a service that is down would leave the graph just when somebody looks for it, and an address would come instead.
// An address behind which several services answer is none of them: it stays an address.

const MAX_KNOWN = 10_000;
const SEVERAL = "";

/** What was learned; bounded, those that were learned first go first. */
export class KnownPeers {
  readonly #services = new Map<string, string>();

  /** A service answered to a caller at an address. */
  learn(caller: string, address: string, service: string): void {
    if (address === "" || address === service) return;
    const key = `${caller}\u0000${address}`;
    const known = this.#services.get(key);
    if (known === service || known === SEVERAL) return;
    if (known === undefined && this.#services.size >= MAX_KNOWN) {
      for (const oldest of this.#services.keys()) {
        this.#services.delete(oldest);
        break;
      }
    }
    this.#services.set(key, known === undefined ? service : SEVERAL);
  }

  /** The service at an address; undefined when it is not known. */
  at(caller: string, address: string): string | undefined {
    const known = this.#services.get(`${caller}\u0000${address}`);
    return known === SEVERAL ? undefined : known;
  }
}
