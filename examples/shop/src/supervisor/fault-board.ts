// The faults that are on, in the process that decides it; some switch themselves off.

import { faults, findFault, type Fault, type FaultName } from "../faults/catalogue.ts";

/** A fault as GET /faults tells it. */
export type FaultStatus = Fault & { readonly on: boolean };

/** Switches faults and tells one listener. */
export class FaultBoard {
  readonly #timers = new Map<FaultName, NodeJS.Timeout | undefined>();
  readonly #changed: (fault: Fault, on: boolean) => void;

  constructor(changed: (fault: Fault, on: boolean) => void) {
    this.#changed = changed;
  }

  /** The faults that are on. */
  on(): FaultName[] {
    return [...this.#timers.keys()];
  }

  isOn(name: FaultName): boolean {
    return this.#timers.has(name);
  }

  /** Switches a fault; on for `forMs`, or as long as it usually lasts, or until it is switched off. */
  set(name: FaultName, on: boolean, forMs?: number): void {
    const fault = findFault(name)!;
    const was = this.isOn(name);
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    if (on) this.#timers.set(name, this.#endLater(name, forMs ?? fault.lastsMs));
    if (was !== on) this.#changed(fault, on);
  }

  list(): FaultStatus[] {
    return faults.map((fault) => Object.assign({ on: this.isOn(fault.name) }, fault));
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #endLater(name: FaultName, afterMs: number | undefined): NodeJS.Timeout | undefined {
    return afterMs === undefined ? undefined : setTimeout(() => this.set(name, false), afterMs);
  }
}
